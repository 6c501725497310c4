"""The numbers of orders follow each other without gaps, whoever places orders at the same time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.step_input import StepInput
from payments.shop.orders import FIRST_NUMBER
from payments.shop.quotas import Booking
from payments.shop.stock import StockMove
from storage import Store
from storage.inbox.arrival import Arrival
from tests.builders import change_set, order
from tests.storage.order_placement import place_order

Chat = Callable[..., Arrival]


def buy(given: StepInput) -> ChangeSet:
    """Place an order of a cup with a coupon for each event, while there are cups and places."""
    left, taken = given.left["cup"], given.taken.get("coupon:X", 0)
    count = max(0, min(len(given.events), left, PLACES - taken))
    id, placed = given.conversation.id, given.conversation.data.get("placed", 0)
    orders = [
        order(f"{id}-{placed + n + 1}", number=str(given.next_number + n), placed_by=given.events[n].number)
        for n in range(count)
    ]
    return change_set(
        given,
        conversation=replace(given.conversation, data={"placed": placed + count}),
        placed=orders,
        moves=[StockMove("cup", 1, 0)] * count,
        bookings=[Booking("coupon:X", 1, PLACES)] * count,
    )


CUPS, PLACES, CUSTOMERS = 40, 30, 60


async def numbers(store: Store) -> list[int]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT number FROM orders"))
    return sorted(int(row["number"]) for row in rows)


async def states(store: Store) -> set[str]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT DISTINCT state FROM inbox"))
    return {row["state"] for row in rows}


async def drain(stores: list[Store], advance: Any, limit: int) -> None:
    while sum(await asyncio.gather(*(s.advance_due(advance, now=9, limit=limit) for s in stores))):
        pass


@pytest.mark.parametrize("limit", [1, 7, 256])
async def test_two_processes_place_orders_at_once(store: Store, rival: Store, chat: Chat, limit: int) -> None:
    await store.declare({"cup": CUPS})
    await store.arrive([chat(str(n), phone=f"9198{n:08}") for n in range(CUSTOMERS)], now=1)
    await drain([store, rival] * 3, buy, limit)
    assert await states(store) == {"applied"}, "nobody is parked because another was faster"
    assert await numbers(store) == list(range(FIRST_NUMBER, FIRST_NUMBER + PLACES))
    [cup] = await store._units.read(lambda tx: tx.fetch("SELECT reserved FROM stock"))
    [coupon] = await store._units.read(lambda tx: tx.fetch("SELECT taken FROM quota"))
    assert (cup["reserved"], coupon["taken"]) == (PLACES, PLACES)


async def test_who_takes_pieces_alone_waits_for_who_places_orders(
    store: Store, rival: Store, chat: Chat
) -> None:
    """Half of the customers only take pieces, as late payments do."""

    def some(given: StepInput) -> ChangeSet:
        if given.events[0].number % 2:
            return buy(given)
        count = min(given.left["cup"], len(given.events))
        return change_set(given, moves=[StockMove("cup", 0, 1)] * count)

    await store.declare({"cup": CUPS})
    await store.arrive([chat(str(n), phone=f"9198{n:08}") for n in range(CUSTOMERS)], now=1)
    await drain([store, rival] * 3, some, 5)
    assert await states(store) == {"applied"}
    placed = await numbers(store)
    assert placed == list(range(FIRST_NUMBER, FIRST_NUMBER + len(placed)))
    [cup] = await store._units.read(lambda tx: tx.fetch("SELECT reserved + sold AS taken FROM stock"))
    assert cup["taken"] == CUPS


async def test_an_order_that_is_refused_leaves_no_gap(store: Store, chat: Chat) -> None:
    def odd(given: StepInput) -> ChangeSet:
        if any(event.body["text"] == "odd" for event in given.events):
            raise ValueError("no")
        return place_order(given)

    texts = ["hi", "odd", "hi"]
    await store.arrive([chat(t, phone=f"9198{n:08}", text=t) for n, t in enumerate(texts)][:2], now=1)
    await store.arrive([chat("last", phone="91989", text="hi")], now=2)
    while await store.advance_due(odd, now=9):
        pass
    assert await numbers(store) == [FIRST_NUMBER, FIRST_NUMBER + 1]


async def test_a_batch_numbers_its_orders_in_turn(store: Store, chat: Chat) -> None:
    await store.arrive([chat(str(n), phone=f"9198{n:08}") for n in range(5)], now=1)
    assert await store.advance_due(place_order, now=1) == 5
    assert await numbers(store) == list(range(FIRST_NUMBER, FIRST_NUMBER + 5))


def parked(given: StepInput) -> ChangeSet:
    answers = [EventResult(event.number, Outcome.PARKED, error="no") for event in given.events]
    return ChangeSet(given.conversation, answers)


async def test_a_step_that_places_nothing_takes_no_number(store: Store, chat: Chat) -> None:
    await store.arrive([chat("1")], now=1)
    await store.advance_due(parked, now=1)
    await store.arrive([chat("2")], now=2)
    await store.advance_due(place_order, now=2)
    assert await numbers(store) == [FIRST_NUMBER]
