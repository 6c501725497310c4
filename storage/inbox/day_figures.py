"""The figures of a day, counted beside the steps: page by page, each page a read of its own.

A day may have thousands of orders. No customer waits for them: a step that lacks the figures is put off.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import structlog

from payments.ledger.day import Day
from payments.ledger.state import OrderState
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from storage.database.transaction import Row, Transaction
from storage.inbox.order_rows import Unreadable, load_orders, order_state

T = TypeVar("T")

PAGE: Final = 50
"""Orders of one read."""
PATIENCE: Final = 0.25
"""Seconds for which steps wait for figures if nothing else is due."""

Known: TypeAlias = Mapping[int, Day | Unreadable]
"""By the number of the event that asks: the figures of its day, or why one of its orders cannot be read."""

log = structlog.get_logger()


class Read(Protocol):
    """Runs one read."""

    def __call__(self, work: Callable[[Transaction], Coroutine[Any, Any, T]], /) -> Coroutine[Any, Any, T]:
        """Return what `work` reads."""


async def day(read: Read, period: Period, page: int = PAGE) -> Day:
    """Return the figures of the orders of `period`. Raises Unreadable.

    Reads the orders that were placed in it, whose money moved in it, or whose money is still to be taken or
    given back. The shop goes on meanwhile: each order counts as it is when its page is read.
    """
    found, rows = Day(to_do=await read(_stages)), await read(lambda tx: _orders(tx, period))
    for start in range(0, len(rows), page):
        for state in await read(partial(states, rows=rows[start : start + page])):
            _add(found, state, period)
    return found


def _add(found: Day, state: OrderState, period: Period) -> None:
    """Add an order to the figures. Raises Unreadable whatever is wrong with it."""
    try:
        found.add(state, period)
    except Exception as error:
        raise Unreadable(state.key, f"order {state.key} cannot be counted: {error!r}") from error


async def states(tx: Transaction, rows: Sequence[Row]) -> list[OrderState]:
    """Return the orders that `rows` (conversation and key) name. Raises Unreadable."""
    loaded = await load_orders(tx, [(row["conversation_id"], row["key"]) for row in rows])
    return [order_state(tx.installation, one) for orders in loaded.values() for one in orders]


async def _stages(tx: Transaction) -> dict[Stage, int]:
    return {Stage(row["stage"]): row["orders"] for row in await tx.fetch(_STAGES)}


async def _orders(tx: Transaction, period: Period) -> list[Row]:
    rows = await tx.fetch(_PLACED, period.start, period.end)
    rows += await tx.fetch(_MONEY, period.start // 1000, period.end // 1000)
    rows += await tx.fetch(_OWED)
    return list({row["key"]: row for row in rows}.values())


@dataclass(frozen=True, slots=True)
class _Count:
    """One count of a day. It answers only the events that waited when it began: later ones want it anew."""

    period: Period
    askers: frozenset[int]
    task: asyncio.Task[Day]

    @property
    def failed(self) -> bool:
        """Whether it ended without an answer, because the database could not be read."""
        if not self.task.done():
            return False
        return self.task.cancelled() or not isinstance(self.task.exception(), Unreadable | None)

    @property
    def outcome(self) -> Day | Unreadable | None:
        """What it answers; None as long as it runs, or if it failed."""
        if not self.task.done() or self.failed:
            return None
        error = self.task.exception()
        return error if isinstance(error, Unreadable) else self.task.result()


class DayFigures:
    """Counts days in the background, for the events that ask.

    Each process has one. Another process may have answered an event meanwhile, so figures that no waiting
    event asks for are dropped.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._counts: list[_Count] = []

    @property
    def known(self) -> Known:
        """Those that are counted."""
        known: dict[int, Day | Unreadable] = {}
        for count in self._counts:
            if (outcome := count.outcome) is not None:
                known |= dict.fromkeys(count.askers, outcome)
        return known

    def asked(self, lacking: Mapping[int, Period], known: Known) -> None:
        """Begin to count for the events of a round that lacked figures, by number.

        Drops the figures that the round was given, `known`: it has used them, or nobody waits for them any
        more. Drops what could not be counted too; who still waits for it is among `lacking`.
        """
        if any(count.failed for count in self._counts):
            log.warning("a day could not be counted; it is counted again")
        self._counts = [count for count in self._counts if not (count.failed or count.askers <= known.keys())]
        counting = {number for count in self._counts for number in count.askers}
        wanted: defaultdict[Period, set[int]] = defaultdict(set)
        for number in lacking.keys() - counting:
            wanted[lacking[number]].add(number)
        for period, askers in wanted.items():
            task = asyncio.create_task(day(self._read, period))
            self._counts.append(_Count(period, frozenset(askers), task))

    async def wait(self) -> bool:
        """Wait until all are counted, for PATIENCE at most. Return whether anything was counted."""
        if not self._counts:
            return False
        await asyncio.wait([count.task for count in self._counts], timeout=PATIENCE)
        return bool(self.known)

    async def close(self) -> None:
        """Wait until no count runs any more."""
        await asyncio.gather(*(count.task for count in self._counts), return_exceptions=True)


_STAGES: Final = """
SELECT stage, COUNT(*) AS orders FROM orders
WHERE todo IS NOT NULL AND stage IN ('placed', 'accepted', 'preparing', 'ready', 'out') GROUP BY stage"""
_PLACED: Final = "SELECT conversation_id, key FROM orders WHERE placed_at >= $1 AND placed_at < $2"
_MONEY: Final = """
SELECT conversation_id, order_key AS key FROM fact
WHERE entity IN ('payment', 'refund') AND at >= $1 AND at < $2"""
# The first condition is that of the partial index, word for word.
_OWED: Final = "SELECT conversation_id, key FROM orders WHERE todo IS NOT NULL AND todo <> 'goods'"
