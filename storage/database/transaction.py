"""The unit of work: one transaction that is all or nothing, even if its caller is cancelled."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from storage.database.sql import Value, chunks, multirow

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]


class SoldOut(Exception):
    """A unit of work took pieces, places or an order number that another has taken by now.

    A retry sees what is left.
    """

    number = 0
    """The first event of the batch."""


class Transaction(ABC):
    """Runs the statements of one unit of work. SQL is in PostgreSQL's dialect; see `storage.database.sql`.

    Each method raises tortoise.exceptions.IntegrityError or OperationalError if the database refuses.
    """

    __slots__ = ("installation",)

    def __init__(self, installation: str) -> None:
        self.installation = installation
        """The installation's key, with which our public ids begin."""

    async def fetch(self, sql: str, *values: Value) -> list[Row]:
        """Run one statement and return its rows."""
        return await self._run(sql, values)

    async def fetch_rows(self, sql: str, types: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run one statement with `rows` in the place of `{rows}`, and return the rows of its result.

        `types` names each column's PostgreSQL type (`"bigint text"`); `-` where INSERT implies it.
        """
        names = tuple("" if name == "-" else name for name in types.split())
        result: list[Row] = []
        for chunk in chunks(rows):
            text = multirow(sql, names, len(chunk))
            result += await self._run(text, [value for row in chunk for value in row])
        return result

    async def insert(self, sql: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run an INSERT with `rows` in the place of `{rows}`, and return the rows of its RETURNING."""
        return await self.fetch_rows(sql, "- " * len(rows[0]), rows) if rows else []

    async def each(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of `rows`, in order."""
        listed = [list(row) for row in rows]
        if listed:
            await self._run_each(sql, listed)

    @abstractmethod
    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]: ...

    @abstractmethod
    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None: ...


Work: TypeAlias = Callable[[Transaction], Coroutine[Any, Any, T]]
"""A unit of work. It may run several times (another process won a race, a connection died), so it must have
no effect but its statements. It must await nothing else, and start no task, which would inherit the
transaction."""


class Units(ABC):
    """Runs units of work on one database.

    A cancelled caller stops waiting at once; its unit still happens whole or not at all.
    """

    shared: bool = True
    """Whether other processes may use the database beside this one."""

    @abstractmethod
    async def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction, commit, and return its result. Roll back if it raises.

        Raises Closed.
        """

    @abstractmethod
    async def read(self, work: Work[T]) -> T:
        """Like `run`, for reads that need no transaction."""

    @abstractmethod
    async def close(self) -> None:
        """Accept no more work, wait for running units, and release the database."""
