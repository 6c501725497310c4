"""Audits: what they keep, what they notice of rows that were written past Munshi, and that they join up."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from payments.ledger.audit import Check, Discrepancy
from payments.ledger.audited import FIRST
from storage import Store
from storage.database.records import Records, reading
from storage.reports import full_audit
from storage.reports.full_audit import read_again
from storage.reports.ledger import Books, books
from tests.storage.handwritten_rows import insert, run_sql
from tests.storage.purchases import Shop
from tests.storage.test_ledger_report import paid

NOW = 1_790_000_000_000


async def report(url: str) -> Books:
    async with reading(url) as records:
        return await books(records, 2)


async def audited(store: Store, batch: int = 2) -> list[Discrepancy]:
    """Audit everything, a few orders at a time; return what is wrong."""
    after, wrong = "", list[Discrepancy]()
    while (done := await store.audits.audit(after, NOW, batch)) is not None:
        after = done.last
        wrong += done.discrepancies
    return wrong


@pytest.fixture
async def shop(store: Store) -> Store:
    """Five orders, one of them with two refunds, audited in three batches."""
    for n in (1, 2, 3):
        await paid(store, n)
    await insert(store, "orders", key="k-1-4", number="4", terms={"coupon": "X"})
    surplus = await paid(store, 5, 60_000)
    for n in (1, 2):
        await insert(
            store, "refund", key=f"pay_5-{n}", order_key=surplus, payment_id="pay_5", amount=5_000,
            status="asked",
        )  # fmt: skip
    await insert(store, "stock", sku="masala", reserved=2)
    await run_sql(store, "INSERT INTO quota (name, taken, ends_at) VALUES ('coupon:X', 1, NULL)")
    assert await audited(store) == []
    return store


async def test_what_was_audited_is_not_read_again(shop: Store, database_url: str) -> None:
    found = await report(database_url)
    assert (found.changed, found.discrepancies) == (0, [])
    assert found.audit.number == 3
    assert found.figures.orders == 5
    await run_sql(shop, "UPDATE orders SET audited = NULL")
    read_now = await report(database_url)
    assert (read_now.changed, read_now.figures) == (5, found.figures)
    assert await audited(shop) == []
    assert (await report(database_url)).audit == found.audit, "nothing was new, so no audit was made"
    again = await read_again(database_url)
    assert (again.orders, again.audits, again.discrepancies) == (5, 3, [])


async def test_an_order_that_changes_is_audited_anew_and_replaces_its_figures(
    shop: Store, database_url: str
) -> None:
    await insert(shop, "fact", order_key="k-1-4", entity_id="pay_4")
    paid_now = "lifecycle = 'fulfilled', stage = 'placed', payment = 'paid', fulfilled = 50000, paid_at = 6"
    await run_sql(shop, f"UPDATE orders SET audited = NULL, {paid_now} WHERE key = 'k-1-4'")
    await run_sql(shop, "UPDATE stock SET reserved = 0")
    between = await report(database_url)
    assert (between.changed, between.discrepancies) == (1, [])
    assert await audited(shop) == []
    found = await report(database_url)
    assert (found.audit.number, found.changed, found.discrepancies) == (4, 0, [])
    assert found.figures == between.figures
    assert found.figures.sums["INR"].captured == 260_000
    assert (await read_again(database_url)).discrepancies == []


async def test_ranges_of_orders_are_read_by_several_processes(shop: Store, database_url: str) -> None:
    await run_sql(shop, "UPDATE orders SET total = 7 WHERE key IN ('k-1-1', 'k-1-5')")
    again = await read_again(database_url, part=1)
    assert (again.orders, again.audits) == (5, 3)
    assert {one.subject for one in again.discrepancies} == {"k-1-1", "k-1-5"}


Spoil = Callable[[Store], Coroutine[Any, Any, None]]


def statement(sql: str) -> Spoil:
    async def run(store: Store) -> None:
        await run_sql(store, sql)

    return run


async def forged(store: Store) -> None:
    """Another fact, made to look as if an audit had seen it."""
    await run_sql(store, "UPDATE fact SET learned_at = learned_at - 1 WHERE order_key = 'k-1-2'")
    await run_sql(store, "UPDATE orders SET audited = NULL WHERE key = 'k-1-2'")
    await run_sql(store, "DELETE FROM audited_order WHERE order_key = 'k-1-2'")
    await audited(store)


COPY = """
INSERT INTO orders (key, conversation_id, number, lines, total, currency, terms, destination, payment,
    lifecycle, fulfilled, held, placed_at, placed_by, audited)
SELECT 'k-1-9', conversation_id, '9', lines, total, currency, terms, destination, payment, lifecycle, 0, 0,
    placed_at, placed_by, 1
FROM orders WHERE key = 'k-1-4'"""
WRITTEN: dict[str, tuple[Spoil, str, Check]] = {
    "an order's money": (statement("UPDATE orders SET paid_at = 1 WHERE key = 'k-1-2'"), "k-1-2", Check.ROWS),
    "its lines": (statement("UPDATE orders SET lines = '[]' WHERE key = 'k-1-2'"), "k-1-2", Check.ROWS),
    "a fact": (statement("UPDATE fact SET amount = 1 WHERE order_key = 'k-1-2'"), "k-1-2", Check.FACTS),
    "when it was learned": (
        statement("UPDATE fact SET learned_at = 7 WHERE order_key = 'k-1-2'"), "k-1-2", Check.FACTS
    ),
    "a fact less": (statement("DELETE FROM fact WHERE order_key = 'k-1-2'"), "k-1-2", Check.FACTS),
    "a refund less": (statement("DELETE FROM refund WHERE key = 'pay_5-2'"), "k-1-5", Check.ROWS),
    "an order less": (statement("DELETE FROM orders WHERE key = 'k-1-2'"), "orders", Check.ROWS),
    "an order more": (statement(COPY), "k-1-9", Check.ROWS),
    "what an audit saw": (
        statement("UPDATE audited_order SET facts = 0 WHERE order_key = 'k-1-3'"), "2", Check.CHAIN
    ),
    "an audit's order": (statement("DELETE FROM audited_order WHERE order_key = 'k-1-2'"), "1", Check.CHAIN),
    "an audit's time": (statement("UPDATE audit SET made_at = 1 WHERE number = 2"), "2", Check.CHAIN),
    "an audit's figures": (
        statement("UPDATE audit SET figures = replace(figures, '\"orders\":5', '\"orders\":4')"),
        "3", Check.CHAIN,
    ),
    "an audit less": (statement("DELETE FROM audit WHERE number = 2"), "3", Check.CHAIN),
    "the last audit less": (
        statement("DELETE FROM audited_order WHERE audit = 3"), "k-1-5", Check.ROWS
    ),
    "a fact and its audit": (forged, "1", Check.CHAIN),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
async def test_what_somebody_wrote_past_munshi_is_found(shop: Store, database_url: str, name: str) -> None:
    spoil, subject, check = WRITTEN[name]
    await spoil(shop)
    wrong = [*(await read_again(database_url)).discrepancies, *(await report(database_url)).discrepancies]
    assert (subject, check) in {(one.subject, one.check) for one in wrong}


async def test_facts_that_were_changed_show_when_their_order_changes(shop: Store, database_url: str) -> None:
    await run_sql(shop, "UPDATE fact SET at = 77 WHERE order_key = 'k-1-2'")
    await insert(shop, "fact", order_key="k-1-2", entity="order", entity_id="order_2", state="paid")
    await run_sql(shop, "UPDATE orders SET audited = NULL WHERE key = 'k-1-2'")
    for wrong in (await audited(shop), (await report(database_url)).discrepancies):
        assert [(one.subject, one.check) for one in wrong] == [("k-1-2", Check.FACTS)]


async def test_an_order_whose_books_are_wrong_is_looked_at_until_they_are_right(
    store: Store, database_url: str
) -> None:
    await paid(store, 1)
    await paid(store, 2, fulfilled=1)
    for _ in range(2):
        assert {one.subject for one in await audited(store)} == {"k-1-2"}
    assert (await report(database_url)).changed == 1
    await run_sql(store, "UPDATE orders SET fulfilled = 50000 WHERE key = 'k-1-2'")
    assert await audited(store) == []
    assert (await report(database_url)).changed == 0


async def test_an_order_that_cannot_be_read_keeps_no_other_from_its_audit(
    store: Store, database_url: str
) -> None:
    await paid(store, 1, lines="[[1]]")
    await paid(store, 2)
    [wrong] = await audited(store)
    assert (wrong.subject, wrong.check) == ("k-1-1", Check.UNREADABLE)
    found = await report(database_url)
    assert (found.audit.figures.orders, found.changed) == (1, 1)


async def test_a_payment_of_two_orders_keeps_both_out(store: Store) -> None:
    await paid(store, 1)
    assert await audited(store) == []
    await paid(store, 2)
    await insert(store, "fact", order_key="k-1-2", entity_id="pay_1")
    assert {(one.subject, one.check) for one in await audited(store)} >= {("pay_1", Check.PAID_TWICE)}


async def test_several_processes_make_one_chain(store: Store, rival: Store, database_url: str) -> None:
    for n in range(30):
        await paid(store, n)
    await asyncio.gather(audited(store), audited(rival), audited(store))
    await audited(store)
    found = await report(database_url)
    assert (found.changed, found.figures.orders) == (0, 30)
    again = await read_again(database_url)
    assert (again.audits, again.discrepancies) == (found.audit.number, [])


async def test_all_readers_rest_at_the_same_times(
    shop: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While anybody reads, SQLite's log only grows: so nobody reads at the beginning of each turn."""
    rests, reading_now = list[float](), 0
    times = (turn + part for turn in itertools.count() for part in (0.3, 0.5, 1.0, 1.0))
    sleep = asyncio.sleep

    async def rested(time: float) -> None:
        if time == full_audit._REST:
            assert reading_now == 0
            rests.append(time)
        await sleep(0)

    @asynccontextmanager
    async def counted(url: str) -> AsyncIterator[Records]:
        nonlocal reading_now
        async with reading(url) as records:
            reading_now += 1
            yield records
            reading_now -= 1

    monkeypatch.setattr(full_audit, "_ORDERS", 1)
    monkeypatch.setattr(full_audit, "monotonic", lambda: next(times) * full_audit._TURN)
    monkeypatch.setattr(full_audit, "reading", counted)
    monkeypatch.setattr(asyncio, "sleep", rested)
    again = await read_again(database_url)
    assert (again.orders, again.audits, again.discrepancies) == (5, 3, [])
    assert len(rests) >= 2


async def test_whatever_a_step_stores_of_an_order_is_audited_anew(store: Store, database_url: str) -> None:
    """Through a whole purchase, with an audit after each round of steps."""
    shop = Shop(store, NOW, account="acc_1")
    audits = [FIRST.number]

    async def again() -> None:
        assert await audited(store) == []
        audits.append((await report(database_url)).audit.number)
        assert (await read_again(database_url)).discrepancies == []

    await shop.order([0, 1])
    await again()
    await shop.pay(times=2)
    await again()
    shop.now += 60 * 24 * 3_600_000
    await shop.finish()
    await again()
    assert audits == sorted(audits)
    assert len({*audits}) >= 3
    assert (await report(database_url)).figures.sums["INR"].captured > 0
