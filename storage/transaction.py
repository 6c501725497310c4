"""The unit of work: one transaction, in a task of its own, that a cancelled caller cannot break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import structlog
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext, TransactionContextPooled
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.transactions import in_transaction

from storage.database import CONNECTION, Database
from storage.errors import Closed
from storage.sql import Value, chunks, for_sqlite, multirow, values_for_sqlite

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]

_ATTEMPTS: Final = 8
_PAUSES: Final = (0.05, 0.1, 0.2)
"""Seconds before the next attempt; the last one repeats."""


class SoldOut(Exception):
    """More of a product was to be taken than is left by now. The same work will see that, and do less."""

    number = 0
    """The first event of the batch that took it."""


_TRANSIENT: Final = (
    SoldOut,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)

log = structlog.get_logger()


class Transaction:
    """The statements of one unit of work. Every SQL text is PostgreSQL's; see `storage.sql`."""

    __slots__ = ("_sqlite", "client", "installation")

    def __init__(self, client: BaseDBAsyncClient, database: Database) -> None:
        self.client = client
        self.installation = database.installation
        self._sqlite = database.sqlite

    async def fetch(self, sql: str, *values: Value) -> list[Row]:
        """Run one statement; the rows it returns."""
        if self._sqlite:
            return await self.client.execute_query_dict(for_sqlite(sql), values_for_sqlite(values))
        return await self.client.execute_query_dict(sql, list(values))

    async def fetch_rows(self, sql: str, types: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run one statement for all `rows`, which stand where `sql` says `{rows}`.

        `types` names each column's PostgreSQL type (`"bigint text"`); `-` where INSERT knows it.
        """
        names = tuple("" if name == "-" else name for name in types.split())
        found: list[Row] = []
        for chunk in chunks(rows):
            text = multirow(sql, names, len(chunk))
            flat: list[Value] = [value for row in chunk for value in row]
            found += await self.client.execute_query_dict(for_sqlite(text) if self._sqlite else text, flat)
        return found

    async def insert(self, sql: str, rows: Sequence[Sequence[Value]]) -> list[Row]:
        """Run an INSERT with `{rows}` for all `rows`; the rows it returns, if it says RETURNING."""
        return await self.fetch_rows(sql, "- " * len(rows[0]), rows) if rows else []

    async def each(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement once for each of `rows`, in order."""
        listed = [list(row) for row in rows]
        if listed:
            await self.client.execute_many(for_sqlite(sql) if self._sqlite else sql, listed)


Work: TypeAlias = Callable[[Transaction], Awaitable[T]]


class Units:
    """Runs units of work on one database, and remembers those that still run."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._owned: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed; if it raises, nothing of it happened.

        A cancelled caller leaves at once and the unit runs on to its end: a task cancelled inside
        BEGIN or COMMIT would keep the connection for ever. `work` may run several times (another
        process won a race, a connection died), so it must have no effect but its statements; it
        may await nothing else and start no task, which would inherit the transaction.
        """
        return await self._own(self._try(self._attempt, work))

    async def outside(self, work: Work[T]) -> T:
        """Like `run`, for reads that need no transaction."""
        return await self._own(self._try(self._read, work))

    async def close(self) -> bool:
        """Accept no more work and wait for what runs; False if somebody else closed before."""
        first, self._closed = not self._closed, True
        if self._owned:
            await asyncio.wait(self._owned)
        return first

    async def _own(self, work: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            work.close()
            raise Closed("the store is closed")
        # A copy of the database's own context, not of the caller's: the caller may itself be inside
        # a transaction, and would lend it to this task.
        task = asyncio.get_running_loop().create_task(work, context=self.database.home.copy())
        self._owned.add(task)
        task.add_done_callback(self._owned.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report)
            raise

    async def _read(self, work: Work[T]) -> T:
        return await work(Transaction(self.database.client(), self.database))

    async def _try(self, attempt: Callable[[Work[T]], Coroutine[Any, Any, T]], work: Work[T]) -> T:
        for count in range(1, _ATTEMPTS + 1):
            try:
                # A context for each attempt: a failed BEGIN leaves its connection in the one it ran in.
                return await self.database.at_home(attempt(work))
            except Exception as error:
                cause = _transient(error)
                if count == _ATTEMPTS or cause is None:
                    raise
                log.info("unit of work tried again", error=type(error).__name__, attempt=count)
            # Who lost a race for a key can see the winner's row at once; the rest needs time to pass.
            if not isinstance(cause, asyncpg.UniqueViolationError):
                await asyncio.sleep(_PAUSES[min(count, len(_PAUSES)) - 1])
        raise AssertionError("unreachable")

    async def _attempt(self, work: Work[T]) -> T:
        async with _begun(self.database) as client:
            result = await work(Transaction(client, self.database))
            # Here and not on leaving the block, where a COMMIT that fails would not be rolled back and
            # the next BEGIN on this connection would commit it.
            await client.commit()
            return result


class _Immediate(SqliteTransactionWrapper):
    """Takes the write lock at once: a transaction that reads first cannot wait for it later."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")


@asynccontextmanager
async def _begun(database: Database) -> AsyncIterator[Any]:
    context = _context(database)
    try:
        client = await context.__aenter__()
    except BaseException:
        await _give_back(context)
        raise
    try:
        yield client
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        await context.__aexit__(None, None, None)


def _context(database: Database) -> TransactionContext:
    client = database.client()
    if isinstance(client, SqliteClient):
        return SqliteTransactionContext(_Immediate(client), client._lock)
    return in_transaction(CONNECTION)


async def _give_back(context: TransactionContext) -> None:
    """Return what a failed BEGIN took: the ORM itself would keep the lock, or the connection, for ever."""
    if isinstance(context, SqliteTransactionContext):
        if context._trxlock.locked():
            context._trxlock.release()
    elif isinstance(context, TransactionContextPooled):
        client = context.client
        if client._connection is not None:
            await client._parent._pool.release(client._connection)


def _transient(error: BaseException) -> BaseException | None:
    """What in `error` may pass, so that the same work may succeed when it is tried again; None if nothing."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _TRANSIENT):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _report(task: asyncio.Task[Any]) -> None:
    """Say how a unit ended whose caller has gone; nobody else would hear of it."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("unit of work failed after its caller left", error=type(error).__name__)
