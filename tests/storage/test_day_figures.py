"""The figures of a day are counted beside the steps: whoever asks waits, and nobody else does."""

import asyncio
import re
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
from storage.inbox.order_rows import Unreadable
from tests.storage.handwritten_rows import NOW, insert, run_sql
from tests.storage.purchases import Shop, flow

_MEENA = "919812345671"
_EVER = Period(0, 9**15)


async def _ask(shop: Shop, key: str = "day", period: Period = _EVER) -> int:
    body = staff_action_to_json(StaffAction("", "Meena", DAY, period_to(period)))
    asked = Arrival(key, EventKind.STAFF, body, aliases=(("phone", _MEENA),))
    await shop.store.declare_staff({_MEENA: Staff("Meena", f"+{_MEENA}")}, shop.now)
    [stored] = await shop.store.arrive([asked], shop.now)
    return stored.number


async def _state(store: Store, number: int) -> str:
    event = await store.event(number)
    assert event is not None
    return event.state


async def _step_until(store: Store, number: int, now: int) -> None:
    async with asyncio.timeout(10):
        while await _state(store, number) == "pending":
            await store.advance_due(partial(advance, flow(), now=now), now)


async def _told(store: Store) -> list[str]:
    """The line of each report that says how many orders there were."""
    said = "SELECT payload FROM outbox WHERE name = 'day' ORDER BY id"
    rows = await store._units.read(lambda tx: tx.fetch(said))
    return [found[0] for row in rows if (found := re.search(r"[0-9]+ orders?, ₹[0-9]+", row["payload"]))]


async def _paid_order(store: Store, number: int) -> None:
    await insert(store, "conversation", id=900 + number)
    await insert(
        store,
        "orders",
        key=f"k-{900 + number}-1",
        number=str(number),
        conversation_id=900 + number,
        lifecycle="fulfilled",
        stage="placed",
        payment="paid",
    )


async def test_figures_that_another_process_answered_with_are_not_told_later(
    store: Store, rival: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_figures, "PATIENCE", 0)
    shop = Shop(store, NOW)
    step = partial(advance, flow(), now=NOW)
    first = await _ask(shop, "first")
    assert not await store.advance_due(step, NOW), "both begin to count"
    await _step_until(rival, first, NOW)
    await asyncio.gather(*(count.task for count in store._figures._counts))
    await _paid_order(store, 1)
    second = await _ask(shop, "second")
    await _step_until(store, second, NOW)
    assert await _told(store) == ["0 orders, ₹0", "1 order, ₹500"]
    await store.advance_due(step, NOW)
    await rival.advance_due(step, NOW)
    assert not store._figures._counts + rival._figures._counts, "nothing is kept"


async def test_who_asks_while_a_day_is_counted_hears_what_came_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_figures, "PATIENCE", 0)
    shop = Shop(store, NOW)
    first = await _ask(shop, "first")
    assert not await store.advance_due(partial(advance, flow(), now=NOW), NOW)
    [count] = store._figures._counts
    await count.task
    await _paid_order(store, 1)
    second = await _ask(shop, "second")
    await _step_until(store, second, NOW)
    assert await _state(store, first) == "applied"
    assert await _told(store) == ["0 orders, ₹0", "1 order, ₹500"]


async def test_a_count_that_the_database_interrupts_is_made_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, tries = day_figures.day, 0

    async def interrupted(*args: object) -> object:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionResetError("the database was restarted")
        return await count(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(day_figures, "day", interrupted)
    asked = await _ask(Shop(store, NOW))
    await _step_until(store, asked, NOW)
    assert (await _state(store, asked), tries) == ("applied", 3)


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


async def test_what_the_staff_wrote_before_such_a_question_is_answered(store: Store) -> None:
    shop = Shop(store, NOW)
    await shop.order([0])
    await run_sql(store, "UPDATE orders SET lines = '7'")
    before = await _ask(shop, "before", Period(0, 1))
    asked = await _ask(shop, "asked")
    await _step_until(store, asked, shop.now)
    assert (await _state(store, before), await _state(store, asked)) == ("applied", "parked")
