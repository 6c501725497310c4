"""A record of every statement that reaches the database, with its values and its cost."""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeVar

from storage.database.records import Records
from storage.database.sql import Value
from storage.database.transaction import Row, Transaction, Units, Work

T = TypeVar("T")


def no_clock() -> int:
    """A clock that stands still: no statement costs anything."""
    return 0


@dataclass(slots=True)
class Statements:
    """The statements so far."""

    clock: Callable[[], int] = no_clock
    """The work that the database has done until now, in units of its own."""
    seen: dict[str, Sequence[Value]] = field(default_factory=dict)
    """By statement: its values on the call that had most of them."""
    cost: Counter[str] = field(default_factory=Counter)
    """By statement: the sum of its cost by `clock`."""
    askers: set[str] = field(default_factory=set)
    """Functions in whose calls the ORM asked something, as `<module>.<name>`."""

    def begin(self, sql: str, values: Sequence[Value]) -> None:
        """Note that `sql` starts."""
        if sql not in self.seen or _size(values) > _size(self.seen[sql]):
            self.seen[sql] = list(values)
        self.cost[sql] -= self.clock()

    def end(self, sql: str) -> None:
        """Note that `sql` has ended."""
        self.cost[sql] += self.clock()


def _size(values: Sequence[Value]) -> int:
    return sum(len(value) if isinstance(value, (list, tuple)) else 1 for value in values)


@dataclass(slots=True)
class RecordedUnits(Units):
    """The units of work of `units`, with each statement recorded in `statements`."""

    units: Units
    statements: Statements

    async def run(self, work: Work[T]) -> T:
        return await self.units.run(lambda tx: work(_Recorded(tx, self.statements)))

    async def read(self, work: Work[T]) -> T:
        return await self.units.read(lambda tx: work(_Recorded(tx, self.statements)))

    async def close(self) -> None:
        await self.units.close()


class _Recorded(Transaction):
    __slots__ = ("_statements", "_tx")

    def __init__(self, tx: Transaction, statements: Statements) -> None:
        super().__init__(tx.installation)
        self._tx = tx
        self._statements = statements

    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        self._statements.begin(sql, values)
        rows = await self._tx._run(sql, values)
        self._statements.end(sql)
        return rows

    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None:
        self._statements.begin(sql, rows[0])
        await self._tx._run_each(sql, rows)
        self._statements.end(sql)


def record(records: Records, statements: Statements) -> None:
    """Record in `statements` everything that is asked of `records` from now on, by the ORM or as SQL."""
    client: Any = records.client
    client.execute_query = _recording(client.execute_query, statements)
    client.execute_query_dict = _recording(client.execute_query_dict, statements)


def _recording(ask: Callable[..., Awaitable[T]], statements: Statements) -> Callable[..., Awaitable[T]]:
    async def asked(sql: str, values: Sequence[Value] | None = None) -> T:
        statements.askers.update(_callers())
        statements.begin(sql, values or ())
        answer = await ask(sql, values)
        statements.end(sql)
        return answer

    return asked


def _callers() -> Iterator[str]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"
        frame = frame.f_back
