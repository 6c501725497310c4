"""Read every order and every audit again, each page as it is at an instant of its own.

One long reading would keep SQLite from beginning its log anew, and PostgreSQL from clearing dead rows. A
great many orders are read by several processes at once. They rest at the same times: while any of them reads,
SQLite only appends to its log.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from time import monotonic
from typing import Final

from payments.ledger.audit import Discrepancy
from payments.ledger.audited import FIRST
from storage.audits.chain import links
from storage.audits.examine import reread
from storage.database.records import reading
from storage.database.transaction import Transaction

PART: Final = 20_000
"""Orders for which a process of their own is worth its start."""
_ORDERS: Final = 256
"""Orders that are read with one statement."""
_AUDITS: Final = 64
_TURN: Final = 4.0
"""Seconds from one rest to the next. All processes of a machine count them from the same start."""
_REST: Final = 0.25
"""Seconds in which nothing is read, after the page that was begun before."""


@dataclass(slots=True)
class Again:
    """What was read again."""

    orders: int = 0
    audits: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)

    def add(self, *others: "Again") -> "Again":
        """Add what was read elsewhere, and return this."""
        for other in others:
            self.orders += other.orders
            self.audits += other.audits
            self.discrepancies += other.discrepancies
        return self


async def read_again(url: str, part: int = PART) -> Again:
    """Examine all orders, and check the chain of audits. Raises what `reading` raises.

    Starts a process for each `part` orders, but no more than there are processors.
    """
    ends = await _ends(url, part)
    ranges = list(zip(("", *ends), ends, strict=False))
    if len(ranges) <= 1:
        return Again().add(*[await _orders(url, *keys) for keys in ranges], await _audits(url))
    # Not forked: this process may hold what a copy of it must not use.
    with ProcessPoolExecutor(len(ranges), mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        read = [loop.run_in_executor(pool, _read_range, url, *keys) for keys in ranges]
        return Again().add(await _audits(url), *await asyncio.gather(*read))


async def _ends(url: str, part: int) -> Sequence[str]:
    """Return the last keys of ranges with about as many orders each. All orders are in one of them."""
    async with reading(url) as records:
        [counted] = await records.reads.fetch(_COUNT)
        orders = counted["orders"]
        parts = min(os.cpu_count() or 1, orders // part + 1)
        places = [orders * n // parts for n in range(1, parts)] + [orders - 1] if orders else []
        return [await nth(records.reads, place) for place in places]


async def nth(tx: Transaction, place: int) -> str:
    """Return the key of the order at `place`, counted from 0 by key."""
    [row] = await tx.fetch(_NTH, place)
    return str(row["key"])


def _read_range(url: str, after: str, last: str) -> Again:
    return asyncio.run(_orders(url, after, last))


async def _orders(url: str, after: str, last: str) -> Again:
    again = Again()
    while True:
        async with reading(url) as records:
            turn = _turn()
            while _turn() == turn:
                page = await reread(records.reads, after, last, _ORDERS)
                if page is None:
                    return again
                after = page.last
                again.orders += page.orders
                again.discrepancies += page.discrepancies
        await _rest()


async def _audits(url: str) -> Again:
    again, last = Again(), FIRST
    while True:
        async with reading(url) as records:
            turn = _turn()
            while _turn() == turn:
                page = await links(records.reads, last, _AUDITS)
                if not page.count:
                    return again
                last = page.last
                again.audits += page.count
                again.discrepancies += page.discrepancies
        await _rest()


def _turn() -> int:
    return int(monotonic() // _TURN)


async def _rest() -> None:
    await asyncio.sleep(max(_REST - monotonic() % _TURN, 0.0))


_COUNT: Final = "SELECT COUNT(*) AS orders FROM orders"
_NTH: Final = "SELECT key FROM orders ORDER BY key LIMIT 1 OFFSET $1"
