"""What the page of one chat shows of the books, without a browser."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.console.bubbles import Tick
from bot.console.chats.chat_list import LONGEST, place, wanted
from bot.console.chats.one_chat import Note, OneChat, Parked, Said, Sent, Steps, Unreadable, read
from bot.console.visit import Visit
from bot.console.words import Words
from flows.engine.events import Received, TextReceived
from flows.messages.kinds import TemplateMessage, Text, to_json
from storage import Store
from storage.accounts.people import Role
from storage.database.records import reading
from storage.reports.timeline import Story
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, open_store

_HOUR = 3_600_000


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await made(database_url)
    async with open_store(database_url) as store:
        snapshot = {"customer": {"name": "Asha"}, "data": {"hears": "orders"}}
        await insert(store, "conversation", id=1, snapshot=snapshot, last_inbound_at=NOW, last_chat=11)
        await insert(store, "alias", conversation_id=1, value="919800000001")
        yield store


async def came(store: Store, id: int, at: int, event: dict[str, Any] | None, **columns: Any) -> None:
    body = {} if event is None else {"event": event}
    row = {"conversation_id": 1, "key": f"m{id}", "body": body, "received_at": at, "due_at": at}
    await insert(store, "inbox", id=id, **{**row, **columns})


async def said(store: Store, caused_by: int, at: int, payload: Any, **columns: Any) -> None:
    row = {"conversation_id": 1, "name": "hello", "payload": payload, "created_at": at, "finished_at": at}
    await insert(store, "outbox", caused_by=caused_by, **{**row, **columns})


def as_it_is(story: Story) -> Story:
    return story


async def seen(
    store: Store, url: str, limit: int = 80, masking: Callable[[Story], Story] = as_it_is
) -> OneChat:
    async with reading(url) as records:
        return await read(records, f"{records.installation}-1", limit, masking)


TEXT = {"kind": "text", "text": "hi"}


async def test_messages_and_between_them_what_happened(store: Store, database_url: str) -> None:
    trace = [{"event": "text", "taken": {"rule": "browsing: menu", "line": 7}, "state": "browsing",
              "entered": ["browsing", "cart"], "said": ["hello"]}]  # fmt: skip
    await came(store, 11, NOW, TEXT, trace=trace)
    await said(store, 11, NOW + 1, to_json(Text("Welcome")), receipt="read", receipt_rank=4)
    await came(store, 12, NOW + 2, {"kind": "received", "what": "image", "fields": {"caption": "this"}})
    timer = {"state": "cart", "timer": "1 h", "visit": 1, "due": NOW + _HOUR}
    await came(
        store, 13, NOW, None, body=timer, kind="timer", state="pending", handled_at=None, due_at=NOW + _HOUR
    )
    staff = {"by": "Ravi", "verb": "reply", "value": "As ice."}
    await came(store, 14, NOW + 3, None, kind="staff", body=staff)
    reply = to_json(Text("As ice."))
    await said(store, 14, NOW + 4, reply, name="reply of the staff", state="failed", error="busy")
    await said(store, 14, NOW + 5, {})
    await insert(store, "orders", key="k-1-1", number="10001", placed_at=NOW + 2, placed_by=12)
    one = await seen(store, database_url)
    hi, why, welcome, picture, placed, wrote, ice, erased = one.items.values()
    assert (hi, picture) == (
        Said(NOW, TextReceived("hi")),
        Said(NOW + 2, Received("image", {"caption": "this"})),
    )
    assert isinstance(why, Steps)
    assert (why.entered, "took" in why.lines[0]) == ("cart", True)
    assert welcome == Sent(NOW + 1, Text("Welcome"), Tick.READ, "", "")
    assert ice == Sent(NOW + 4, Text("As ice."), Tick.FAILED, "Ravi", "busy")
    assert isinstance(placed, Note)
    assert "10001" in placed.said
    assert isinstance(wrote, Steps)
    assert wrote == Steps(NOW + 3, ("Ravi wrote: As ice.  [event 14]", *wrote.lines[1:]), "")
    assert erased == Unreadable(NOW + 5, "hello")
    assert (one.chat.name, one.chat.phone, one.cut, one.is_forgotten) == (
        "Asha",
        "919800000001",
        False,
        False,
    )
    assert one.closes_at() == NOW + 24 * _HOUR


async def test_a_person_who_takes_a_chat_over_is_noted(store: Store, database_url: str) -> None:
    await came(store, 11, NOW, None, kind="staff", body={"by": "Ravi", "verb": "handover", "value": ""})
    [noted] = (await seen(store, database_url)).items.values()
    assert noted == Note(NOW, "Ravi took the chat over  [event 11]")


async def test_what_could_not_be_handled_is_shown_with_its_message(store: Store, database_url: str) -> None:
    await came(store, 11, NOW, TEXT, state="parked", error="Traceback…\nKeyError: 'x'")
    hi, parked = (await seen(store, database_url)).items.values()
    assert hi == Said(NOW, TextReceived("hi"))
    assert isinstance(parked, Parked)
    assert (parked.number, parked.error) == (11, "KeyError: 'x'")


async def test_the_template_is_shown_if_it_went(store: Store, database_url: str) -> None:
    template = TemplateMessage("told", "en", ("Asha",))
    payload = to_json(Text("Hello", fallback=template))
    await came(store, 11, NOW, TEXT)
    for id, after in ((12, 23 * _HOUR), (13, 24 * _HOUR)):
        body = {"state": "paid", "timer": "1 d", "visit": 1, "due": NOW}
        await came(store, id, NOW, None, body=body, kind="timer", due_at=NOW + after)
        await said(store, id, NOW + after, payload)
    shown = [
        item.message for item in (await seen(store, database_url)).items.values() if isinstance(item, Sent)
    ]
    assert shown == [Text("Hello", fallback=template), template]


async def test_orders_of_before_the_first_message_shown_are_left_out(store: Store, database_url: str) -> None:
    await insert(store, "orders", key="k-1-1", number="10001", placed_at=NOW - _HOUR, placed_by=1)
    for id in range(11, 15):
        await came(store, id, NOW + id, TEXT)
    one = await seen(store, database_url, limit=2)
    assert ([type(item) for item in one.items.values()], one.cut) == ([Said, Said], True)
    assert [order["number"] for order in one.orders] == ["10001"], "they stand beside the chat"


@pytest.mark.parametrize("public", ["", "x", "k-1", "1", "'", "a" * 64, "k-" + "9" * 40])
async def test_what_is_no_chat(store: Store, database_url: str, public: str) -> None:
    async with reading(database_url) as records:
        with pytest.raises(LookupError):
            await read(records, public, 80, as_it_is)
        with pytest.raises(LookupError):
            await read(records, f"{records.installation}-99", 80, as_it_is)


def test_what_is_searched_for() -> None:
    assert wanted("  Asha \n Rao ") == "Asha Rao"
    assert wanted("a\0b\ud800") == "ab�"
    assert len(wanted("x" * 1_000_000)) == LONGEST
    assert (place("1.2"), place("x"), place("")) == (place(str(place("1.2"))), None, None)


async def test_who_may_only_look_sees_no_number_anywhere(store: Store, database_url: str) -> None:
    number = "98123 45601"
    await came(store, 11, NOW, {"kind": "text", "text": f"call {number}"})
    await said(store, 11, NOW + 1, to_json(Text(f"New order of Asha, +91 {number}")))
    viewer = Visit("Vik", Role.VIEWER, Words("en"))
    drawn = repr((await seen(store, database_url, masking=viewer.story)).items)
    assert "45601" not in drawn
    assert "Asha" in drawn
    assert "45601" in repr(await seen(store, database_url, masking=Visit("R", Role.STAFF, Words("en")).story))
