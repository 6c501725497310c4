"""Lists of chats: the server and the commands find the same, page by page, each chat once."""

from collections.abc import Callable

import pytest

from bot.whatsapp.channel import WHATSAPP
from payments.processing.step_input import EventKind
from payments.shop.consent import Hears
from payments.shop.fulfilment import Stage
from payments.shop.handover import Handover, to_json
from storage import Store
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.reports import chat_search, chats, open_orders
from storage.reports.chat_search import FoundChats
from storage.reports.chats import ChatFilter, ChatPage, ChatPlace, DeskChat
from tests.builders import change_set
from tests.storage.handwritten_rows import NOW, insert, run_sql

_HELD = {
    3: Handover(NOW - 60_000, NOW, "Meena", 2),
    4: Handover(NOW, NOW, "", 1),
    5: Handover(NOW, NOW, "Ravi"),
    7: Handover(NOW, NOW, "Ravi", 1),
}


async def fill(store: Store) -> None:
    """Eight customers: some wrote in the same millisecond, one never, one is merged, four are in hand."""
    for id in range(1, 9):
        held = _HELD.get(id)
        snapshot = {
            "customer": {"name": f"Asha {id}"},
            "data": {"handover": to_json(held), "hears": "offers"} if held else {},
        }
        heard = None if id == 7 else NOW + id // 3
        in_hand = None if held is None else "waits" if held.unread else "answered"
        await insert(
            store, "conversation", id=id, snapshot=snapshot, last_inbound_at=heard, in_hand=in_hand,
            last_chat=100 + id, merged_into=1 if id == 8 else None,
        )  # fmt: skip
        await insert(store, "alias", conversation_id=id, value=f"91980000000{id}")
    for id, event in enumerate(
        (
            {"kind": "text", "text": "two  lines\nof " + "words " * 30},
            {"kind": "tap", "id": "x", "title": "Pay now"},
            {"kind": "received", "what": "image", "fields": {}},
        ),
        start=1,
    ):
        await insert(store, "inbox", id=100 + id, conversation_id=id, key=f"m{id}", body={"event": event})


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_both_readers_find_the_same(store: Store, database_url: str, limit: int) -> None:
    await fill(store)
    for wanted, ids in (
        (ChatFilter(limit=limit), [6, 5, 4, 3, 2, 1]),
        (ChatFilter(in_hand=True, limit=limit), [5, 4, 3, 7]),
        (ChatFilter(waiting=True, limit=limit), [4, 3, 7]),
    ):
        async with reading(database_url) as records:
            found = await pages(store.chats, wanted)
            assert [int(chat.phone[-1]) for chat in found] == ids, wanted
            assert found == await pages(lambda w: chats.listed(records, w, WHATSAPP.naming), wanted), wanted


async def pages(read: Callable[..., object], wanted: ChatFilter) -> list[DeskChat]:
    found: list[DeskChat] = []
    after: ChatPlace | None = None
    while True:
        page = await read(ChatFilter(wanted.in_hand, wanted.waiting, after, wanted.limit))  # type: ignore[misc]
        assert isinstance(page, ChatPage)
        found += page.chats
        if page.next is None:
            return found
        after = ChatPlace.read(str(page.next))


async def test_what_is_told_of_a_chat(store: Store) -> None:
    await fill(store)
    found = {int(chat.phone[-1]): chat for chat in (await store.chats(ChatFilter())).chats}
    assert [found[id].last for id in (1, 2, 3, 4)] == [
        ("two lines of " + "words " * 30)[:79] + "…", "Pay now", "[image]", "",
    ]  # fmt: skip
    three = found[3]
    assert (three.name, three.hears, three.by, three.unread) == ("Asha 3", Hears.OFFERS, "Meena", 2)
    assert (three.in_hand, three.since, three.heard_at) == ("waits", NOW - 60_000, NOW + 1)
    assert (found[1].in_hand, found[1].since, found[1].by, found[1].unread) == (None, None, "", 0)


async def test_forgotten_people_are_not_listed(store: Store) -> None:
    await fill(store)
    await run_sql(store, "UPDATE conversation SET last_inbound_at = NULL, in_hand = NULL WHERE id > 1")
    assert [chat.phone[-1] for chat in (await store.chats(ChatFilter())).chats] == ["1"]


async def test_the_newest_message_of_two_conversations_that_become_one(store: Store) -> None:
    for n in (1, 2):
        body = {"event": {"kind": "text", "text": f"text {n}"}, "sent_at": NOW + n}
        names = (("phone", f"91980000000{n}"),)
        await store.arrive([Arrival(f"m{n}", EventKind.CHAT, body, aliases=names)], NOW + n)
    await store.advance_due(change_set, NOW + 2)
    # Who has an open order survives, though the other one wrote last.
    await insert(store, "orders", key="k-1-1", number="10001", conversation_id=1)
    both = (("phone", "919800000001"), ("phone", "919800000002"))
    await store.arrive([Arrival("one", EventKind.OTHER, {}, aliases=both, pending=False)], NOW + 3)
    assert [chat.last for chat in (await store.chats(ChatFilter())).chats] == ["text 2"]
    await store.advance_due(change_set, NOW + 3)
    assert [chat.last for chat in (await store.chats(ChatFilter())).chats] == ["text 2"]


@pytest.mark.parametrize("text", ["", "x", "1", "1.x", "1.2.3", "9" * 16 + ".1"])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="not the `next` of an answer"):
        ChatPlace.read(text)


async def test_chats_are_found_by_number_order_conversation_and_name(store: Store, database_url: str) -> None:
    await fill(store)
    await insert(
        store, "orders", key="k-1-1", number="10001", conversation_id=1, todo="goods", stage="placed"
    )
    async with reading(database_url) as records:
        for words, phones, ids in (
            ("+919800000003", ["919800000003"], (3,)),
            ("#10001", [], (1,)),
            ("10001", [], (1,)),
            (f"{records.installation}-8", [], (1,)),  # merged
            ("ASHA 5", [], (5,)),
            ("asha", [], (6, 5, 4, 3, 2, 1)),
            ("a" * 5000, [], ()),
            ("'; DROP TABLE orders; --", [], ()),
            ("9" * 40, ["9" * 40], ()),
        ):
            found = await chat_search.find(records, words, phones)
            assert (found.conversations, found.cut) == (ids, False), words
        assert await chat_search.find(records, "asha 1", [], looked_at=5) == FoundChats((), True)
        [three, one] = await chats.of(records, [3, 1, 3, 8, 99], WHATSAPP.naming)
        assert (three.name, three.last, one.name) == ("Asha 3", "[image]", "Asha 1")


async def test_the_newest_open_order_of_each_customer(store: Store, database_url: str) -> None:
    await fill(store)
    for key, number, id, row in (
        ("k-1-1", "10001", 1, {"lifecycle": "open"}),
        ("k-1-2", "10002", 1, {"todo": "goods", "stage": "placed", "lifecycle": "fulfilled"}),
        ("k-1-3", "10003", 1, {"lifecycle": "lapsed"}),
        ("k-2-1", "10004", 2, {"lifecycle": "fulfilled", "stage": "delivered"}),
        ("k-3-1", "10005", 3, {"lifecycle": "open"}),
    ):
        await insert(
            store, "orders", key=key, number=number, conversation_id=id, placed_by=int(number), **row
        )
    async with reading(database_url) as records:
        found = await open_orders.newest(records, [1, 2, 3, 4])
        assert await open_orders.newest(records, []) == {}
    assert {id: (one.number, one.stage) for id, one in found.items()} == {
        1: ("10002", Stage.PLACED), 3: ("10005", None),
    }  # fmt: skip
