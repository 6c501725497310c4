"""The figures of a day, counted beside the steps: page by page, each page a read of its own.

A day may have thousands of orders. No customer waits for them: a step that lacks the figures is put off.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from payments.ledger.day import Day
from payments.ledger.state import OrderState
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from storage.database.transaction import Row, Transaction
from storage.inbox.step_inputs import Unreadable, load_orders, order_state

T = TypeVar("T")

PAGE: Final = 50
"""Orders of one read."""
PATIENCE: Final = 0.25
"""Seconds for which steps wait for figures if nothing else is due."""

Known: TypeAlias = Mapping[Period, Day | Unreadable]
"""The figures of days; or why one of its orders cannot be read."""


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
            found.add(state, period)
    return found


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


class DayFigures:
    """Counts days in the background, each until a step has used it."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._tasks: dict[Period, asyncio.Task[Day]] = {}

    @property
    def known(self) -> Known:
        """Those that are counted."""
        return {period: _outcome(task) for period, task in self._tasks.items() if task.done()}

    def asked(self, periods: Iterable[Period], known: Known) -> None:
        """Begin to count those of `periods` that a step lacked, and drop those that it was given, `known`."""
        for period in periods:
            if period in known:
                self._tasks.pop(period, None)
            elif period not in self._tasks:
                self._tasks[period] = asyncio.create_task(day(self._read, period))

    async def wait(self) -> bool:
        """Wait until all are counted, for PATIENCE at most. Return whether anything was counted."""
        if not self._tasks:
            return False
        done, _ = await asyncio.wait(self._tasks.values(), timeout=PATIENCE)
        return bool(done)

    async def close(self) -> None:
        """Wait until no count runs any more."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _outcome(task: asyncio.Task[Day]) -> Day | Unreadable:
    error = task.exception()
    if error is None:
        return task.result()
    return error if isinstance(error, Unreadable) else Unreadable("", f"no order could be read: {error!r}")


_STAGES: Final = """
SELECT stage, COUNT(*) AS orders FROM orders
WHERE todo IS NOT NULL AND stage IN ('placed', 'accepted', 'preparing', 'ready', 'out') GROUP BY stage"""
_PLACED: Final = "SELECT conversation_id, key FROM orders WHERE placed_at >= $1 AND placed_at < $2"
_MONEY: Final = """
SELECT conversation_id, order_key AS key FROM fact
WHERE entity IN ('payment', 'refund') AND at >= $1 AND at < $2"""
# The first condition is that of the partial index, word for word.
_OWED: Final = "SELECT conversation_id, key FROM orders WHERE todo IS NOT NULL AND todo <> 'goods'"
