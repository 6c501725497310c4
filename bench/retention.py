"""A shop that sold for five years and pruned each day: the size of what is pruned, and the cost of pruning.

The rows of one real purchase are copied for the customers of each day, and each day ends with the production
code's own pruning. The size must stay that of one retention term.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from types import SimpleNamespace
from typing import Any, Final, cast

import uvloop

from bench.figures import Figure
from bench.shop import flow
from bot.clock import SystemClock
from bot.context import Context
from bot.whatsapp.channel import WHATSAPP
from bot.workers.retention import BATCH, Retention
from payments.processing.advance import advance
from storage import Store
from storage.operations.retention import EVERY

_DAY: Final = 86_400_000
_YEARS: Final = 5
_TERM_DAYS: Final = 365
_PER_DAY: Final = 4
"""Default of MUNSHI_PURCHASES: purchases a day. 548 are a million in five years: half an hour, and 9 GB."""
_CACHE: Final = "PRAGMA cache_size = -400000"
"""KiB: a day's copies are written once, not each time that the cache is full of them."""
_SIZE_GOAL: Final = 1.1
_BACKLOG: Final = 6_000
"""Purchases that wait to be pruned while steps are measured."""
_WRITING: Final = 1_000
_TEXTS: Final = ("hi", "1", "checkout", "menu") * 2
_ROUNDS: Final = 11
_RATE_GOAL: Final = 0.95


def size_after_years() -> Figure:
    """Measure the MiB of events and messages after five years, beside those after two.

    A purchase ends two months after it began, so only the second year ends with all the rows of one term.
    """
    per_day = int(os.environ.get("MUNSHI_PURCHASES", _PER_DAY))
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        sizes = uvloop.run(_sizes(Path(directory) / "years.db", per_day))
    name = f"chats after {_YEARS} years for 2, {per_day} purchases a day"
    return Figure(name, "MiB", [(sizes[-1], sizes[1])], goal=_SIZE_GOAL, at_most=True)


async def _sizes(database: Path, per_day: int) -> list[float]:
    from tests.storage.past_purchases import START, purchase, template  # the tests are not installed

    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    _, kept = await template(store)
    await store._units.run(lambda tx: tx.fetch(_CACHE))
    sizes: list[float] = []
    print("MiB after each year: events and messages, file, of it free; orders:", file=sys.stderr)
    for day in range(_YEARS * _TERM_DAYS):
        await purchase(store, kept, 1 + day * per_day, per_day, day * _DAY)
        await _prune(store, START + day * _DAY)
        if (day + 1) % _TERM_DAYS == 0:
            chats, file, free, orders = await _measure(store)
            sizes.append(chats)
            year = (day + 1) // _TERM_DAYS
            stays = (file - free - chats) * 2**20 / orders
            print(
                f"  {year}: {chats:,.1f}, {file:,.1f}, {free:.1f}; {orders:,}, each with {stays:,.0f} bytes"
                " that stay",
                file=sys.stderr,
            )
    await store.close()
    return sizes


async def _prune(store: Store, now: int) -> None:
    lease = await store.begin_pruning(now)
    while lease is not None:
        pruned = await store.prune(lease, now - _TERM_DAYS * _DAY, now, BATCH)
        assert pruned is not None
        lease = pruned.lease
        if max(pruned.events, pruned.entries) < BATCH:
            await store.finish_pruning(lease, now + EVERY)
            return


async def _measure(store: Store) -> tuple[float, float, float, int]:
    """Return the MiB of inbox and outbox with their indexes, of the file and of its free pages; orders."""
    [row] = await store._units.read(lambda tx: tx.fetch(_SIZES))
    return row["chats"], row["file"], row["free"], row["orders"]


_SIZES: Final = """
SELECT (SELECT SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
        WHERE m.tbl_name IN ('inbox', 'outbox')) / 1048576.0 AS chats,
    (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) / 1048576.0 AS file,
    (SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size) / 1048576.0 AS free,
    (SELECT COUNT(*) FROM orders) AS orders"""


def steps_while_pruning() -> Figure:
    """Measure chat events stepped per second while old rows are pruned, beside the same without pruning.

    The seconds are processor time of all threads, so that the machine's other work is not counted. What
    waits for the disk is not counted either: each batch of pruning is one commit among many.
    """
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        rounds = uvloop.run(_rounds(Path(directory) / "busy.db"))
    return Figure("steps while old rows are pruned", "/s", rounds, goal=_RATE_GOAL)


async def _rounds(database: Path) -> list[tuple[float, float]]:
    from tests.storage.past_purchases import with_past  # the tests are not installed

    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    shop = await with_past(store, _BACKLOG)
    await _rate(shop)
    rounds = []
    for number in range(_ROUNDS):
        # Each of the two goes first in turn.
        if number % 2:
            plain, busy = await _rate(shop), await _rate_while_pruning(store, shop)
        else:
            busy, plain = await _rate_while_pruning(store, shop), await _rate(shop)
        rounds.append((busy, plain))
    await store.close()
    return rounds


async def _rate_while_pruning(store: Store, shop: Any) -> float:
    """Return events stepped per second while a run prunes what was done before the round.

    The run begins with a batch and is cut off in a pause, so it works a little more than its share.
    """
    settings = SimpleNamespace(keep_chats=SystemClock().now() - shop.now)
    retention = Retention(cast(Context, SimpleNamespace(store=store, clock=SystemClock(), settings=settings)))
    [newest] = await store._units.read(lambda tx: tx.fetch(_NEWEST))
    before = await _count(store, newest)
    task = asyncio.create_task(retention.prune())
    rate = await _rate(shop)
    retention.close()
    assert not await task, "the backlog is too small for the round"
    pruned = before - await _count(store, newest)
    print(f"  {pruned:,} rows pruned meanwhile", file=sys.stderr)
    assert pruned >= BATCH
    return rate


_NEWEST: Final = "SELECT (SELECT MAX(id) FROM inbox) AS inbox, (SELECT MAX(id) FROM outbox) AS outbox"
_COUNT: Final = """
SELECT (SELECT COUNT(*) FROM inbox WHERE id <= $1) + (SELECT COUNT(*) FROM outbox WHERE id <= $2) AS rows"""


async def _count(store: Store, newest: Mapping[str, Any]) -> int:
    """Return how many rows are stored that are no newer than `newest`."""
    [row] = await store._units.read(lambda tx: tx.fetch(_COUNT, newest["inbox"], newest["outbox"]))
    rows: int = row["rows"]
    return rows


async def _rate(shop: Any) -> float:
    """Return events per second of processor time: customers write, and that is stored and stepped."""
    start = process_time()
    count = 0
    for text in _TEXTS:
        for at in range(0, _WRITING, 200):
            await shop.write(range(at, at + 200), text)
            decide = partial(advance, flow(), now=shop.now)
            while done := await shop.store.advance_due(decide, shop.now, 256):
                count += done
    return count / (process_time() - start)
