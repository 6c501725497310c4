"""The unit of work: one transaction that happens whole or not at all, whoever waits for it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from storage.database.sql import Value, chunks, multirow

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]


class SoldOut(Exception):
    """More of a product was to be taken than is left by now. The same work will see that, and do less."""

    number = 0
    """The first event of the batch that took it."""


class Transaction(ABC):
    """The statements of one unit of work. Every SQL text is PostgreSQL's; see `storage.database.sql`.

    Each raises tortoise.exceptions.IntegrityError or OperationalError where the database refuses.
    """

    __slots__ = ("installation",)

    def __init__(self, installation: str) -> None:
        self.installation = installation
        """What our public ids begin with."""

    async def fetch(self, sql: str, *values: Value) -> list[Row]:
        """Run one statement; the rows it returns."""
        return await self._run(sql, values)

    async def fetch_rows(self, sql: str, types: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run one statement for all `rows`, which stand where `sql` says `{rows}`.

        `types` names each column's PostgreSQL type (`"bigint text"`); `-` where INSERT knows it.
        """
        names = tuple("" if name == "-" else name for name in types.split())
        found: list[Row] = []
        for chunk in chunks(rows):
            text = multirow(sql, names, len(chunk))
            found += await self._run(text, [value for row in chunk for value in row])
        return found

    async def insert(self, sql: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run an INSERT with `{rows}` for all `rows`; the rows it returns, if it says RETURNING."""
        return await self.fetch_rows(sql, "- " * len(rows[0]), rows) if rows else []

    async def each(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement once for each of `rows`, in order."""
        listed = [list(row) for row in rows]
        if listed:
            await self._run_each(sql, listed)

    @abstractmethod
    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]: ...

    @abstractmethod
    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None: ...


Work: TypeAlias = Callable[[Transaction], Coroutine[Any, Any, T]]
"""It may run several times (another process won a race, a connection died), so it must have no effect
but its statements; it may await nothing else and start no task, which would inherit the transaction."""


class Units(ABC):
    """Runs units of work on one database.

    A cancelled caller leaves at once, and what it asked for happens whole or not at all.
    """

    @abstractmethod
    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed; if it raises, nothing of it happened. Raises Closed."""

    @abstractmethod
    async def outside(self, work: Work[T]) -> T:
        """Like `run`, for reads that need no transaction."""

    @abstractmethod
    async def close(self) -> None:
        """Accept no more work, wait for what runs, and let go of the database."""
