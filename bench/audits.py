"""`munshi ledger` over many orders: what changed since the last audit, and all of it again with `--full`.

Each order was paid twice and refunded once. While all are read again, customers write and are answered.
"""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import uvloop

from bench.figures import Figure
from bot.whatsapp.channel import WHATSAPP
from bot.workers.audits import BATCH
from storage import Store
from storage.database.records import reading
from storage.reports.full_audit import read_again
from storage.reports.ledger import books

_ORDERS: Final = 20_000
"""Default of MUNSHI_ORDERS. A million take a quarter of an hour to make and audit, and 6 GB of disk."""
_CHANGED: Final = 1_000
"""Orders that changed since the last audit: one in so many, at most."""
_INCREMENTAL: Final = 5.0
"""Seconds that the ledger may take, at a million orders as well."""
_FULL: Final = 300.0
"""Microseconds for each order that is read again: five minutes for a million."""
_WRITING: Final = 50
_PAUSE: Final = 0.1
_ROUNDS: Final = 5


def ledger_of_changes() -> Figure:
    """Measure the seconds of `munshi ledger` when a thousandth of the orders have changed since the audit."""
    seconds = uvloop.run(_measured(_of_changes))
    return Figure("ledger, what has changed", "s", [(one, _INCREMENTAL) for one in seconds], 1, at_most=True)


def ledger_in_full() -> Figure:
    """Measure the microseconds of `munshi ledger --full` for each order.

    How long the log grew, and how much memory was used, goes to standard error.
    """
    took = uvloop.run(_measured(_in_full))
    return Figure("ledger in full, one order", "µs", [(took, _FULL)], goal=1, at_most=True)


async def _measured(measure: Any) -> Any:
    orders = int(os.environ.get("MUNSHI_ORDERS", _ORDERS))
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        async with _audited(Path(directory) / "orders.db", orders) as shop:
            return await measure(shop, f"sqlite://{directory}/orders.db", orders)


@asynccontextmanager
async def _audited(database: Path, orders: int) -> AsyncIterator[Any]:
    """Make a shop with `orders` orders, each of which an audit has seen."""
    from tests.storage.past_purchases import with_past  # the tests are not installed

    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    try:
        shop = await with_past(store, orders, remembered=1000)
        last = ""
        while (batch := await store.audits.audit(last, shop.now, BATCH)) is not None:
            assert not batch.discrepancies
            last = batch.last
        yield shop
    finally:
        await store.close()


async def _of_changes(shop: Any, url: str, orders: int) -> list[float]:
    changed = max(orders // _CHANGED, 1)
    await shop.store._units.run(lambda tx: tx.fetch(_CHANGE, changed))
    rounds = []
    for _ in range(_ROUNDS):
        start = perf_counter()
        async with reading(url) as records:
            report = await books(records)
        rounds.append(perf_counter() - start)
        assert (report.changed, report.figures.orders, report.discrepancies) == (changed, orders, [])
    return rounds


_CHANGE: Final = "UPDATE orders SET audited = NULL WHERE key IN (SELECT key FROM orders LIMIT $1)"


async def _in_full(shop: Any, url: str, orders: int) -> float:
    log = f"{url.removeprefix('sqlite://')}-wal"
    start = perf_counter()
    reading_again = asyncio.create_task(read_again(url))
    longest, answered = 0, 0
    while not reading_again.done():
        await shop.write(range(answered % orders, min(answered % orders + _WRITING, orders)), "hi")
        await shop.step()
        await shop.deliver()
        answered, longest = answered + _WRITING, max(longest, _size(log))
        await asyncio.sleep(_PAUSE)
    again, took = reading_again.result(), perf_counter() - start
    assert (again.orders, again.discrepancies) == (orders, [])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"  {took:.0f} s for {orders:,} orders and {again.audits:,} audits, of the readers' processor time"
        f" {used.ru_utime + used.ru_stime:.0f} s; {answered:,} customers answered meanwhile; the log grew to"
        f" {longest / 2**20:.1f} MiB, a reader to {used.ru_maxrss / 1024:.0f} MiB",
        file=sys.stderr,
    )
    return took / orders * 1e6


def _size(log: str) -> int:
    return Path(log).stat().st_size
