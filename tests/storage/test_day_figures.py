"""The figures of a day are counted beside the steps: whoever asks waits, and nobody else does."""

from functools import partial

import pytest

from payments.processing.advance import advance
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.named_orders import DAY, period_to
from payments.processing.step_input import EventKind
from payments.shop.business_day import Period
from payments.shop.staff import Staff
from storage import Store
from storage.inbox import day_figures
from storage.inbox.arrival import Arrival
from storage.inbox.step_inputs import Unreadable
from tests.storage.handwritten_rows import NOW, insert, run_sql
from tests.storage.purchases import Shop, flow

_MEENA = "919812345671"
_EVER = Period(0, 9**15)


async def _ask(shop: Shop) -> int:
    body = staff_action_to_json(StaffAction("", "Meena", DAY, period_to(_EVER)))
    asked = Arrival("day", EventKind.STAFF, body, aliases=(("phone", _MEENA),))
    await shop.store.declare_staff({_MEENA: Staff("Meena", f"+{_MEENA}")}, shop.now)
    [stored] = await shop.store.arrive([asked], shop.now)
    return stored.number


async def _state(store: Store, number: int) -> str:
    event = await store.event(number)
    assert event is not None
    return event.state


async def test_others_are_stepped_while_a_day_is_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_figures, "PATIENCE", 0)
    shop = Shop(store, NOW)
    await shop.order([0])
    asked = await _ask(shop)
    await shop.write([1], "hi")
    assert await store.advance_due(partial(advance, flow(), now=shop.now), shop.now) == 1, "only the customer"
    assert await _state(store, asked) == "pending"
    while await _state(store, asked) == "pending":
        await store.advance_due(partial(advance, flow(), now=shop.now), shop.now)
    assert await _state(store, asked) == "applied"
    assert (await store.day(_EVER)).orders == 0, "nothing is paid"


async def test_a_page_is_a_read_of_its_own(store: Store) -> None:
    for n in range(5):
        await insert(store, "orders", key=f"k-1-{n}", number=str(n), lifecycle="fulfilled", stage="placed")
    reads = 0

    def read(work):  # type: ignore[no-untyped-def]
        nonlocal reads
        reads += 1
        return store._units.read(work)

    found = await day_figures.day(read, _EVER, page=2)
    assert (found.orders, reads) == (5, 2 + 3)


async def test_an_order_that_cannot_be_read_is_named_and_parks_only_the_question(store: Store) -> None:
    shop = Shop(store, NOW)
    await shop.order([0])
    await run_sql(store, "UPDATE orders SET lines = '7'")
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM orders"))
    asked = await _ask(shop)
    await shop.step()
    event = await store.event(asked)
    assert event is not None
    assert event.state == "parked"
    assert f"order {row['key']} cannot be read" in str(event.error)
    with pytest.raises(Unreadable, match=row["key"]):
        await store.day(_EVER)
