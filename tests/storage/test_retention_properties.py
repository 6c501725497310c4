"""Whenever what is done is pruned, whatever happens later happens as if nothing had been pruned."""

import asyncio
import itertools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.ingest import from_desk, from_operator_forget
from bot.whatsapp.channel import WHATSAPP
from payments.processing.bodies import StaffAction
from payments.processing.step_input import EventKind
from payments.shop.staff import Staff
from storage import Store
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored
from storage.reports.ledger import books
from tests.databases import made
from tests.storage.handwritten_rows import open_store
from tests.storage.pruning import prune_all
from tests.storage.purchases import Shop, names

_START: Final = 1_790_000_000_000
_HOUR: Final = 3_600_000
_EVER: Final = 2**60
_KEPT: Final = (
    "conversation", "alias", "orders", "attempt", "fact", "refund", "amendment", "stock", "quota", "notice",
    "staff", "product_off", "idempotency_key",
)  # fmt: skip
"""Tables that pruning never touches."""

Deed: TypeAlias = tuple[str, int]
"""What happens: its name, and for whom, how often or for how long."""

_WORDS: Final = ("hi", "1", "checkout", "confirm", "cancel", "menu", "masala")
DEEDS: Final = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(_WORDS), st.integers(0, 2)),
        st.tuples(st.sampled_from(["buy", "sold"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["pay"]), st.integers(1, 2)),
        st.tuples(st.sampled_from(["wait"]), st.sampled_from([1, 10, 24 * 30])),
        st.just(("receipts", 0)),
        st.tuples(st.sampled_from(["staff"]), st.integers(0, 4)),
        st.tuples(st.sampled_from(["again"]), st.integers(0, 4)),
        st.tuples(st.sampled_from(["forget"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["switch"]), st.integers(0, 1)),
        st.just(("refunds", 0)),
    ),
    min_size=3,
    max_size=14,
)


async def _do(shop: Shop, deed: Deed) -> None:
    shop.now += 60_000
    match deed:
        case ("buy", customer):
            await shop.order([customer])
        case ("sold", customer):
            await shop.order([customer])
            await shop.pay()
        case ("pay", times):
            await shop.pay(times=times)
        case ("wait", hours):
            shop.now += hours * _HOUR
            await shop.hear()
        case ("receipts", _):
            delivered = await shop.deliver()
            for status in ("read", "delivered"):
                await shop.acknowledge(delivered, status)
        case ("refunds", _):
            await shop.finish()
        case ("staff" | "again" | "forget" | "switch", _):
            await _do_as_shop(shop, deed)
        case (word, customer):
            await shop.write([customer], word)
            await shop.step()


async def _do_as_shop(shop: Shop, deed: Deed) -> None:
    match deed:
        case ("staff", which):
            await _change(shop, which, key=str(shop.now))
        case ("again", which):
            await _change(shop, which, key="the same")
        case ("forget", customer):
            wish = from_operator_forget(names(customer)[1][1], str(shop.now))
            await shop.store.arrive([wish], shop.now)
            await shop.step()
        case ("switch", on):
            await shop.store.switch("masala-250", available=bool(on), by="Meena", now=shop.now)


async def _change(shop: Shop, which: int, key: str) -> None:
    """One of the staff changes the newest order; with the same key it is perhaps done before."""
    rows = await shop.store._units.read(lambda tx: tx.fetch(_NEWEST))
    if rows:
        change = StaffAction(rows[0]["key"], "Meena", *_CHANGES[which])
        await shop.store.arrive([from_desk(change, key)], shop.now)
        await shop.step()


_NEWEST: Final = "SELECT key FROM orders ORDER BY placed_by DESC LIMIT 1"
_CHANGES: Final = (
    ("stage", "accepted"), ("stage", "delivered"), ("less", "masala-250 1"), ("allowance", "10"),
    ("cancel", ""),
)  # fmt: skip


async def _opened(file: Path, account: str) -> Shop:
    letters = map(str, itertools.count(10**9))
    store = await Store.open(f"sqlite://{file}", WHATSAPP, draw=lambda: next(letters))
    return Shop(store, _START, account=account)


async def _everything(shop: Shop) -> dict[str, Any]:
    """All that pruning must leave: tables that it never touches, what waits, and what the ledger proves."""
    units = shop.store._units
    found: dict[str, Any] = {
        table: await units.read(lambda tx, table=table: tx.fetch(f"SELECT * FROM {table}"))  # type: ignore[misc]
        for table in _KEPT
    }
    found["waiting"] = await units.read(
        lambda tx: tx.fetch("SELECT * FROM inbox WHERE state IN ('pending', 'parked') ORDER BY id")
    )
    found["unfinished"] = await units.read(
        lambda tx: tx.fetch("SELECT * FROM outbox WHERE finished_at IS NULL ORDER BY id")
    )
    async with reading(_url(shop)) as records:
        found["books"] = await books(records)
    return found


def _url(shop: Shop) -> str:
    return f"sqlite://{shop.store._units._lock.path}"  # type: ignore[attr-defined]


async def _compare(empty: Path, directory: Path, deeds: Sequence[Deed], prune_after: set[int]) -> None:
    plain, pruned = directory / "plain.db", directory / "pruned.db"
    for file in (plain, pruned):
        shutil.copyfile(empty, file)
    one, other = await _opened(plain, "acc_1"), await _opened(pruned, "acc_1")
    try:
        for index, deed in enumerate(deeds):
            await _do(one, deed)
            await _do(other, deed)
            if index in prune_after:
                # Everything that is finished, however young. Each run is the first of its day.
                await prune_all(other.store, _EVER, other.now + index * 86_400_000 * 40)
        assert await _everything(one) == await _everything(other)
    finally:
        await one.store.close()
        await other.store.close()


_STAFFED: Final[list[Deed]] = [
    ("sold", 0), ("again", 3), ("again", 3), ("staff", 1), ("receipts", 0), ("refunds", 0), ("forget", 0),
    ("again", 3), ("sold", 0),
]  # fmt: skip
"""A repeated request lowers an order's price, and its customer is forgotten."""


async def _made(file: Path) -> None:
    """Make the database of a shop with staff."""
    await made(f"sqlite://{file}")
    async with open_store(f"sqlite://{file}") as store:
        await store.declare_staff({"919812345671": Staff("Meena", "+919812345671")}, _START)


def test_pruning_changes_nothing_that_comes_later(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    asyncio.run(_made(empty))

    @settings(max_examples=15, deadline=None)
    @given(DEEDS, st.sets(st.integers(0, 13), min_size=1, max_size=5))
    @example(_STAFFED, {1, 3, 5, 6})
    def holds(deeds: list[Deed], prune_after: set[int]) -> None:
        with TemporaryDirectory() as directory:
            asyncio.run(_compare(empty, Path(directory), deeds, prune_after))

    holds()


@dataclass(slots=True)
class _Overheard(Shop):
    """A shop that notes every arrival."""

    heard: list[Arrival] = field(default_factory=list)

    async def _arrive(self, arrivals: Sequence[Arrival]) -> None:
        self.heard.extend(arrivals)
        await Shop._arrive(self, arrivals)


async def test_a_webhook_that_comes_again_after_its_row_is_gone_changes_nothing(store: Store) -> None:
    shop = _Overheard(store, _START, account="acc_1")
    await shop.order([0, 1])
    await shop.pay(times=2)
    await shop.finish()
    webhooks = [arrival for arrival in shop.heard if arrival.kind == "facts"]
    receipts = [arrival for arrival in shop.heard if arrival.kind == "receipt"]
    assert webhooks
    assert receipts
    before = await _money(shop)
    await prune_all(store, _EVER, shop.now)
    stored = await store.arrive([*webhooks, *receipts], shop.now)
    assert all(one.new for one in stored)
    await shop.step()
    shop.now += _HOUR
    await store.apply_receipts(shop.now)
    assert await shop.deliver() == [], "nothing is asked, and nothing is said"
    assert await _money(shop) == before


async def test_within_the_term_nothing_is_taken_twice(store: Store) -> None:
    shop = _Overheard(store, _START, account="acc_1")
    await shop.order([0])
    await shop.pay()
    await prune_all(store, _START, shop.now)
    stored: list[Stored] = await store.arrive(shop.heard, shop.now)
    # Only receipts: each is deleted once its message says what it said, and then comes again to no effect.
    new = {arrival.kind for one, arrival in zip(stored, shop.heard, strict=True) if one.new}
    assert new == {EventKind.RECEIPT}


async def _money(shop: Shop) -> dict[str, Any]:
    units = shop.store._units
    tables = ("orders", "attempt", "fact", "refund", "stock", "notice", "conversation")
    drop = ("updated_at",)
    return {
        table: [
            {name: value for name, value in row.items() if name not in drop}
            for row in await units.read(
                lambda tx, table=table: tx.fetch(f"SELECT * FROM {table} ORDER BY 1")  # type: ignore[misc]
            )
        ]
        for table in tables
    }
