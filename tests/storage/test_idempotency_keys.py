"""An idempotency key is one request's for good: after pruning, after forgetting, in two processes at once."""

import asyncio
from typing import Final

from bot.ingest import from_desk, from_request
from payments.processing.bodies import OrderRequested, StaffAction
from payments.shop.cart import Item
from storage import Store
from storage.inbox.arrivals import Stored
from tests.storage.conftest import Chat
from tests.storage.handwritten_rows import run_sql
from tests.storage.test_conversation_merge import BSUID, PHONE, merge

_ASHA: Final = PHONE[1]
_TEA: Final = OrderRequested((Item("tea", 1),))
_CAKE: Final = OrderRequested((Item("cake", 1),))


async def _ask(store: Store, wanted: OrderRequested, phone: str = _ASHA, key: str = "monday") -> Stored:
    [stored] = await store.arrive([from_request(phone, wanted, key)], now=1)
    return stored


async def _count(store: Store, table: str) -> int:
    [row] = await store._units.read(lambda tx: tx.fetch(f"SELECT COUNT(*) AS n FROM {table}"))
    return int(row["n"])


async def test_a_request_is_known_again_after_its_event_and_its_customer_are_gone(store: Store) -> None:
    first = await _ask(store, _TEA)
    for table in ("inbox", "alias"):
        await run_sql(store, f"DELETE FROM {table}")
    people = await _count(store, "conversation")
    again, other = await _ask(store, _TEA), await _ask(store, _CAKE)
    assert (again.number, again.new, again.same) == (first.number, False, True)
    assert (other.number, other.new, other.same) == (first.number, False, False)
    assert await _count(store, "inbox") == 0
    assert await _count(store, "conversation") == people, "nobody is made for it"
    assert (await _ask(store, _TEA, "919800000009")).new, "a key counts for one customer"
    assert (await _ask(store, _TEA, key="tuesday")).new


async def test_in_one_batch_the_first_of_a_key_counts(store: Store) -> None:
    asked = [from_request(_ASHA, wanted, "k") for wanted in (_TEA, _TEA, _CAKE)]
    stored = await store.arrive(asked, now=1)
    assert [(one.new, one.same) for one in stored] == [(True, True), (False, True), (False, False)]
    assert len({one.number for one in stored}) == 1


async def test_a_change_of_the_staff_is_known_again(store: Store) -> None:
    change = StaffAction("k-1-1", "Meena", "allowance", "30")
    [first] = await store.arrive([from_desk(change, "1")], now=1)
    await run_sql(store, "DELETE FROM inbox")
    [again] = await store.arrive([from_desk(change, "1")], now=2)
    assert (again.number, again.new, again.same) == (first.number, False, True)
    [other] = await store.arrive([from_desk(StaffAction("k-1-2", "Meena", "allowance", "30"), "1")], now=2)
    assert other.new, "a key counts for one order"


async def test_two_processes_take_a_request_once(store: Store, rival: Store) -> None:
    for round in range(10):
        tasks = [_ask(one, _TEA, key=str(round)) for one in (store, rival, store, rival)]
        stored = await asyncio.gather(*tasks)
        assert sum(one.new for one in stored) == 1
        assert len({one.number for one in stored}) == 1


async def test_one_key_of_two_customers_who_become_one_stays_two_orders(store: Store, chat: Chat) -> None:
    await store.arrive([chat("who", aliases=(BSUID,))], now=1)
    first, second = await _ask(store, _TEA), await _ask(store, _TEA, "919800000009")
    await merge(store, chat)
    rows = await store._units.read(lambda tx: tx.fetch("SELECT id, state FROM inbox WHERE kind = 'request'"))
    assert {row["id"]: row["state"] for row in rows} == {first.number: "pending", second.number: "pending"}


def test_the_digests_name_nobody_and_nothing() -> None:
    arrival = from_request("5511987654321", OrderRequested(None, {"address": "Lake Road"}), "monday")
    spelt = from_request("551187654321", OrderRequested(None, {"address": "Lake Road"}), "monday")
    assert arrival.once is not None
    assert arrival.once == spelt.once, "one subscriber, by whichever spelling"
    for text in (arrival.once.key, arrival.once.request):
        assert len(text) == 64
        assert set(text) <= set("0123456789abcdef")
