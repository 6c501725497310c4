"""The shop's numbers are what the rows of orders, customers, steps and answers add up to, however often,
late or interrupted they are counted.
"""

import asyncio
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.channel import WHATSAPP
from payments.ledger.day import Day
from payments.ledger.numbers import Kind, Place, Sum, number_of, time_bound, total
from payments.shop.business_day import period_of
from payments.shop.catalogue import Shop as ShopFile
from storage import Store
from storage.database.transaction import Row
from storage.inbox.merge import join
from storage.operations import numbers
from storage.operations.numbers import of_customers, of_orders
from storage.reports.numbers import (
    ALWAYS,
    Days,
    best_sellers,
    drop_offs,
    failures,
    money,
    paid,
    replies,
    states,
    waiting,
)
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, run_sql
from tests.storage.purchases import Shop, flow
from tests.storage.test_retention_properties import DEEDS, Deed, _do

SHOP: Final[ShopFile] = flow().sections["shop"]
TODAY: Final = date(2026, 9, 21)


async def rows(store: Store, sql: str) -> list[Row]:
    return await store._units.read(lambda tx: tx.fetch(sql))


async def count_all(store: Store, limit: int = 3) -> int:
    """Count until nothing is left; return how often something was."""
    rounds = 0
    while await store.numbers.count(SHOP, NOW, limit):
        rounds += 1
    return rounds


async def figures(store: Store) -> dict[Place, Sum]:
    found = await rows(store, "SELECT kind, day, name, count, amount FROM figure")
    return total([{Place(r["kind"], r["day"], r["name"]): Sum(r["count"], r["amount"])} for r in found])


async def recounted(store: Store) -> dict[Place, Sum]:
    """What all orders and customers add up to as they are now."""
    people = await rows(store, "SELECT * FROM conversation")
    orders = await rows(store, "SELECT key, conversation_id FROM orders")
    customers = await store._units.read(lambda tx: of_customers(tx, people, SHOP))
    money = await store._units.read(lambda tx: of_orders(tx, orders, SHOP))
    return total([*customers.values(), *money.values()])


def kinds(numbers: dict[Place, Sum], *wanted: Kind) -> dict[Place, Sum]:
    return {place: one for place, one in numbers.items() if place.kind in wanted}


_COUNTED_ANEW: Final = (
    Kind.PLACED, Kind.SOLD, Kind.PAID, Kind.REFUNDED, Kind.FAILED, Kind.RESTS, Kind.BOUGHT,
)  # fmt: skip


async def check(store: Store, *, erased: bool) -> None:
    """Compare the figures with the rows, and each day's money with what the day's report says."""
    found = await figures(store)
    assert kinds(found, *_COUNTED_ANEW) == await recounted(store)
    await _check_money(store)
    stands = Counter(row["state"] for row in await rows(store, "SELECT state FROM conversation"))
    balance = Counter[str]()
    for place, one in kinds(found, Kind.MOVED).items():
        before, _, after = place.name.partition(">")
        balance[after] += one.counted
        balance[before] -= one.counted
    assert {s: n for s, n in balance.items() if s and n} == {s: n for s, n in stands.items() if s}
    if not erased:
        await _check_replies(store, kinds(found, Kind.REPLIED))


async def _check_money(store: Store) -> None:
    for one in await store._units.read(lambda tx: money(tx, ALWAYS)):
        day: Day = await store.day(period_of(SHOP.timezone, one.day))
        assert (one.paid, one.refunded) == (day.paid_online + day.by_hand, day.refunded)
        assert (one.sold, one.sales, one.unpaid) == (day.orders, day.ordered, day.unpaid)
        days = Days(one.day, one.day)
        sellers = await store._units.read(lambda tx: best_sellers(tx, days))  # noqa: B023 - read now
        assert {s.sku: s.pieces for s in sellers} == day.sold


async def _check_replies(store: Store, found: dict[Place, Sum]) -> None:
    """The first message that a customer's message caused answers it, once it is accepted."""
    answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in await rows(store, _ANSWERS):
        took = row["finished_at"] - row["received_at"]
        answers[str(time_bound(took))].update(answers=1, took=took)
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for place, one in found.items():
        sums[place.name].update(answers=one.counted, took=one.amount)
    assert sums == answers


_ANSWERS: Final = """
SELECT o.finished_at, i.received_at FROM inbox i JOIN outbox o
ON o.id = (SELECT MIN(f.id) FROM outbox f WHERE f.caused_by = i.id AND f.about IS NULL AND f.lane = 'chat')
WHERE i.kind = 'chat' AND o.state = 'done'"""


@settings(max_examples=15, deadline=None)
@given(
    deeds=st.lists(
        st.one_of(DEEDS, st.just([("count", 1)]), st.just([("reopen", 0)])), min_size=2, max_size=4
    )
)
def test_the_numbers_are_a_plain_recount(deeds: list[list[Deed]]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(_live(Path(directory), [deed for part in deeds for deed in part]))


async def _live(directory: Path, deeds: list[Deed]) -> None:
    url = f"sqlite://{directory}/munshi.db"
    await made(url)
    store = await Store.open(url, WHATSAPP)
    shop = Shop(store, NOW)
    for deed in deeds:
        match deed:
            case ("count", limit):
                await store.numbers.count(SHOP, shop.now, limit)
            case ("reopen", _):
                await store.close()
                store = shop.store = await Store.open(url, WHATSAPP)
            case _:
                await _do(shop, deed)
    await count_all(store)
    await check(store, erased=any(what == "forget" for what, _ in deeds))
    await store.close()


async def test_a_day_in_numbers(store: Store) -> None:
    shop = Shop(store, NOW)
    await shop.order([0, 1, 2])
    await shop.pay(times=2)
    await shop.finish()
    await shop.write([3], "hi")
    await shop.step()
    await shop.write([3], "1")
    await shop.step()
    shop.now += 700
    await shop.deliver()
    assert await store._units.read(waiting) is not None
    await count_all(store)
    assert await store._units.read(waiting) is None
    await check(store, erased=False)
    read = store._units.read
    moved, one = await read(lambda tx: money(tx, ALWAYS))
    price = one.sales // 3
    assert (one.day, one.placed, one.sold, one.unpaid) == (TODAY, 3, 3, 0)
    # Razorpay's clock, in these tests, begins in 1970.
    assert (moved.paid, moved.payments, moved.refunded) == (6 * price, 6, 3 * price)
    assert (moved.day, moved.revenue) == (date(1970, 1, 1), 3 * price)
    [way] = await read(lambda tx: paid(tx, ALWAYS))
    assert (way.by_hand, way.payments) == (False, 6)
    [seller] = await read(lambda tx: best_sellers(tx, ALWAYS))
    assert (seller.pieces, seller.amount) == (3, 3 * price)
    found = {state.state: state for state in await read(lambda tx: states(tx, ALWAYS))}
    cart = found["cart.review"]
    assert (cart.resting, cart.amount, cart.bought, cart.entered) == (1, price, 0, 4)
    assert cart.left == 3
    assert found["paid"].bought == 3
    assert [one.state for one in drop_offs(list(found.values()))] == ["cart.review"]
    [answered] = await read(lambda tx: replies(tx, Days(TODAY, TODAY)))
    assert (answered.answers, answered.mean) == (11, 2 * 700 // 11)
    assert (answered.p50, answered.p90) == (time_bound(0), time_bound(700))
    assert await read(lambda tx: replies(tx, Days(date(2026, 9, 22), date(2026, 9, 30)))) == []


async def test_why_payments_failed(store: Store) -> None:
    await insert(store, "orders", key="k-1-1", number="1")
    for n, reason in enumerate(("payment_cancelled", "", "payment_cancelled")):
        await insert(
            store, "fact", order_key="k-1-1", entity_id=f"pay_{n}", state="failed", at=NOW // 1000,
            detail={"error_reason": reason} if reason else {},
        )  # fmt: skip
    await count_all(store)
    found = await store._units.read(lambda tx: failures(tx, Days(TODAY, TODAY)))
    assert [(one.reason, one.payments, one.amount) for one in found] == [
        ("payment_cancelled", 2, 100_000), ("unknown", 1, 50_000)
    ]  # fmt: skip


async def test_what_changes_is_counted_anew_and_nothing_twice(store: Store) -> None:
    shop = Shop(store, NOW)
    await shop.order([0])
    await count_all(store)
    [before] = await store._units.read(lambda tx: money(tx, ALWAYS))
    assert (before.unpaid, before.sold) == (1, 0)
    await shop.pay()
    await count_all(store)
    paid_then, after = await store._units.read(lambda tx: money(tx, ALWAYS))
    assert (after.unpaid, after.sold, after.sales) == (0, 1, paid_then.paid)
    same = await figures(store)
    for table in ("orders", "conversation"):
        await run_sql(store, f"UPDATE {table} SET counted = NULL")
    assert await count_all(store) > 0
    assert await figures(store) == same
    assert await count_all(store) == 0


async def test_a_crash_within_a_count_counts_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(store, NOW)
    await shop.order([0, 1])
    with monkeypatch.context() as patch:

        async def dies(*args: Any) -> None:
            raise OSError("the process was killed")

        patch.setattr(numbers, "_add", dies)
        with pytest.raises(OSError, match="killed"):
            await store.numbers.count(SHOP, NOW, 100)
    assert await figures(store) == {}
    await count_all(store)
    await check(store, erased=False)


async def test_two_processes_count_each_change_once(store: Store, rival: Store) -> None:
    shop = Shop(store, NOW)
    await shop.order([*range(30)])
    await shop.pay()
    await asyncio.gather(*(count_all(one, 2) for one in (store, rival, store, rival)))
    await check(store, erased=False)


async def test_who_becomes_a_part_of_another_counts_once(store: Store) -> None:
    await insert(store, "conversation", id=1, state="cart", last_inbound_at=NOW)
    await insert(store, "conversation", id=2, state="cart", last_inbound_at=NOW)
    await count_all(store)
    [cart] = await store._units.read(lambda tx: states(tx, ALWAYS))
    assert cart.resting == 2
    await insert(store, "alias", conversation_id=1, kind="phone", value="919800000001")
    await store._units.run(lambda tx: join(tx, [[1, 2]], NOW))
    await count_all(store)
    [cart] = await store._units.read(lambda tx: states(tx, ALWAYS))
    assert cart.resting == 1


async def test_an_order_that_cannot_be_read_is_in_no_figure_until_it_is_mended(store: Store) -> None:
    await insert(store, "orders", key="k-1-1", number="1", lines="no JSON")
    await insert(store, "orders", key="k-1-2", number="2")
    await count_all(store)
    [one] = await store._units.read(lambda tx: money(tx, ALWAYS))
    assert one.placed == 1
    await run_sql(store, "UPDATE orders SET lines = '[]', counted = NULL WHERE key = 'k-1-1'")
    await count_all(store)
    [one] = await store._units.read(lambda tx: money(tx, ALWAYS))
    assert one.placed == 2


async def test_percentiles_of_each_day_are_at_most_a_tenth_too_long(store: Store) -> None:
    chance = Random(78)
    took = {
        date(2026, 9, day): [int(10 ** chance.uniform(0, 9)) for _ in range(chance.randint(1, 40))]
        for day in range(1, 31)
    }
    figures = [
        f"('replied', {number_of(day)}, '{time}', {answers}, {answers * time})"
        for day, times in took.items()
        for time, answers in Counter(map(time_bound, times)).items()
    ]
    await run_sql(store, f"INSERT INTO figure (kind, day, name, count, amount) VALUES {', '.join(figures)}")
    found = await store._units.read(lambda tx: replies(tx, ALWAYS))
    assert [(one.day, one.answers) for one in found] == [(day, len(times)) for day, times in took.items()]
    for one in found:
        for tenths, percentile in ((5, one.p50), (9, one.p90)):
            exact = sorted(took[one.day])[-(-tenths * one.answers // 10) - 1]
            assert exact <= percentile <= max(exact, 10) * 1.1 + 1


async def test_a_customer_who_moves_on_is_counted_where_they_are_now(store: Store) -> None:
    shop = Shop(store, NOW)
    for word in ("hi", "1"):
        await shop.write([0], word)
        await shop.step()
        await count_all(store)
    await check(store, erased=False)
    [one] = drop_offs(await store._units.read(lambda tx: states(tx, ALWAYS)))
    assert (one.state, one.resting) == ("cart.review", 1)
