"""Every row about an order names it: inbox events, calls to Razorpay, and their results."""

from typing import Any

import pytest

from payments.ledger import calls
from payments.processing.named_orders import order_keys
from payments.processing.step_input import EventKind, InboxEvent
from storage import Store
from storage.database.encoding import loads
from storage.database.queues import Lane
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.reports.timeline import Subject, story
from tests.storage.purchases import Shop, names

NOW = 1_790_000_000_000


@pytest.fixture
async def shop(store: Store) -> Shop:
    """Two customers ordered, paid twice and were refunded once; one asked after a payment in vain."""
    shop = Shop(store, NOW)
    await shop.order([0, 1])
    await shop.write([1], "paid")
    await shop.step()
    await shop.deliver()
    await shop.pay(times=2)
    await shop.finish()
    await shop.order([0])
    await shop.write([0], "cancel")
    await shop.step()
    await shop.deliver()
    shop.now += 24 * 3_600_000
    await shop.step()
    return shop


async def rows(shop: Shop, table: str) -> list[dict[str, Any]]:
    return await shop.store._units.read(lambda tx: tx.fetch(f"SELECT * FROM {table} ORDER BY id"))


async def test_an_event_names_the_order_that_its_step_loads(shop: Shop) -> None:
    seen = set()
    for row in await rows(shop, "inbox"):
        event = InboxEvent(row["id"], EventKind(row["kind"]), loads(row["body"]), row["received_at"])
        named = {row["order_key"]} - {None}
        assert named == order_keys(event), row
        seen.add((event.kind, bool(named)))
    about = {(EventKind.FACTS, True), (EventKind.RESULT, True), (EventKind.POLL, True)}
    assert seen == {*about, (EventKind.CHAT, False), (EventKind.TIMER, False)}


async def test_a_call_names_its_order_and_a_message_none(shop: Shop) -> None:
    made = set()
    for row in await rows(shop, "outbox"):
        if row["lane"] == Lane.CHAT:
            assert row["order_key"] is None
        else:
            call = calls.from_json(loads(row["payload"]))
            assert row["order_key"] == call.order_key
            made.add(type(call))
    assert made == {calls.CreateLink, calls.CancelLink, calls.FetchPayments, calls.RefundPayment}


async def test_of_two_customers_who_turn_out_to_be_one_the_order_that_the_other_brings_is_named(
    shop: Shop,
) -> None:
    await shop.order([1])
    placed = await shop.store._units.read(lambda tx: tx.fetch(_PLACED))
    moved = Arrival("one", EventKind.CHAT, {}, aliases=names(1), formerly=names(0), told_at=shop.now)
    await shop.store.arrive([moved], shop.now)
    [joined] = [row for row in await rows(shop, "inbox") if row["kind"] == EventKind.JOINED]
    [other] = await shop.store._units.read(
        lambda tx: tx.fetch("SELECT id FROM conversation WHERE merged_into IS NOT NULL")
    )
    brought = [row["key"] for row in placed if row["conversation_id"] == other["id"]]
    assert len(brought) > 1
    assert joined["order_key"] == brought[-1]


_PLACED = "SELECT key, conversation_id FROM orders ORDER BY placed_by"


@pytest.mark.parametrize("key", ["k-1\x00", "k-1\ud83d"])
async def test_what_no_column_holds_is_no_order(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        Arrival("f", EventKind.FACTS, {}, order_key=key)


async def test_the_story_of_an_order_goes_by_the_column_alone(shop: Shop, database_url: str) -> None:
    """A body that only mentions an order, in a customer's words, is not about that order."""
    [first, second] = await shop.store._units.read(
        lambda tx: tx.fetch("SELECT key FROM orders WHERE conversation_id = 1 ORDER BY placed_by")
    )
    mention = f'"{first["key"]}"'
    await shop.write([0], mention)
    late = Arrival("late", EventKind.FACTS, {"facts": []}, order_key=first["key"])
    [stored] = await shop.store.arrive([late], shop.now)
    async with reading(database_url) as records:
        told = await story(records, Subject(1, first["key"]))
        later = await story(records, Subject(1, second["key"]))
    about = {row["id"] for row in await rows(shop, "inbox") if row["order_key"] == first["key"]}
    assert about <= {moment.cause for moment in told.moments}
    assert stored.number in about
    assert mention not in str([moment.about["body"] for moment in told.moments if moment.what == "chat"])
    assert [m.about["body"]["event"]["text"] for m in later.moments if m.what == "chat"][-1] == mention
    called = [moment.about["name"] for moment in told.moments if moment.what == "call"]
    assert {"CreateLink", "RefundPayment"} <= set(called)
