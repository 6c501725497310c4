"""PostgreSQL: units of work on the ORM's connection pool. Any number of processes may run them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, TypeVar

import asyncpg
import structlog
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContextPooled
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from storage.database.address import APPLIED, KEY, require_migrated
from storage.database.errors import Closed, Gone, WeakDurability
from storage.database.orm import CONNECTION, Orm
from storage.database.sql import Value
from storage.database.transaction import Row, SoldOut, Transaction, Units, Work

T = TypeVar("T")

_TIME_OUTS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}
"""Limits on hanging units of work. One that hangs delays every later round of its process; one whose process
is frozen or cut off keeps its row locks (customers, stock) from every other process."""
_SINCE_17: Final = {"transaction_timeout": "20s"}
"""The limit for a process that is frozen in the middle of a statement, which does not count as idle."""
_SECONDS_SURE: Final = 1.0
"""Seconds between two checks that the connected database is still the one that was opened."""
_ATTEMPTS: Final = 8
_PAUSES: Final = (0.05, 0.1, 0.2)
"""Seconds before each next attempt; the last value repeats."""
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


class PostgresUnits(Units):
    """Runs each unit of work in its own task, and retries it after transient errors.

    A unit runs to its end even if its caller is cancelled: after a cancelled COMMIT, it would be unknown
    whether it happened.
    """

    def __init__(self, orm: Orm, installation: str) -> None:
        self.orm = orm
        self._installation = installation
        self._checked_at = -_SECONDS_SURE
        self._owned: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, config: Mapping[str, Any]) -> "PostgresUnits":
        """Connect to the database of `config` and check it.

        Raises Unavailable, WeakDurability, or NotMigrated.
        """
        orm = await connected(config)
        try:
            return cls(orm, await orm.at_home(checked(orm.client())))
        except BaseException:
            await orm.close()
            raise

    async def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction, commit, and return its result. Raises Closed."""
        return await self._own(self._try(self._attempt, work))

    async def read(self, work: Work[T]) -> T:
        """Run `work` without a transaction and return its result. Raises Closed."""
        return await self._own(self._try(self._read, work))

    async def close(self) -> None:
        """Wait for running units, then close the connections."""
        if self._closed:
            return
        self._closed = True
        if self._owned:
            await asyncio.wait(self._owned)
        await self.orm.close()

    async def _own(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in a task that a cancelled caller does not cancel."""
        if self._closed:
            work.close()
            raise Closed("the store is closed")
        # A copy of the ORM's context, not the caller's: if the caller is inside a transaction, this task
        # would inherit it.
        task = asyncio.get_running_loop().create_task(work, context=self.orm.home.copy())
        self._owned.add(task)
        task.add_done_callback(self._owned.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report)
            raise

    async def _try(self, attempt: Callable[[Work[T]], Coroutine[Any, Any, T]], work: Work[T]) -> T:
        for count in range(1, _ATTEMPTS + 1):
            try:
                # A new context for each attempt: a failed BEGIN leaves its connection in its context.
                return await self.orm.at_home(attempt(work))
            except Exception as error:
                cause = _transient(error)
                if count == _ATTEMPTS or cause is None:
                    raise
                log.info("unit of work tried again", error=type(error).__name__, attempt=count)
            # After a lost race for a unique key, the winner's row is visible at once; other causes need time.
            if not isinstance(cause, asyncpg.UniqueViolationError):
                await asyncio.sleep(_PAUSES[min(count, len(_PAUSES)) - 1])
        raise AssertionError("unreachable")

    async def _read(self, work: Work[T]) -> T:
        await self._require_same(self.orm.client())
        return await work(_Transaction(self._installation, self.orm.client()))

    async def _attempt(self, work: Work[T]) -> T:
        async with begun() as client:
            await self._require_same(client)
            result = await work(_Transaction(self._installation, client))
            # Commit here, not on leaving the block: a COMMIT that fails there is not rolled back, and
            # the next BEGIN on this connection would commit it.
            await client.commit()
            return result

    async def _require_same(self, client: BaseDBAsyncClient) -> None:
        """Raise Gone if the connections lead to another database than the one opened: restored, or new.

        Checked at most once in `_SECONDS_SURE` seconds: an open connection stays with its database.
        """
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < _SECONDS_SURE:
            return
        try:
            rows = await client.execute_query_dict(KEY)
        except OperationalError as error:
            if not isinstance(error.__cause__, asyncpg.UndefinedTableError):
                raise
            rows = []
        if [row["key"] for row in rows] != [self._installation]:
            raise Gone(
                f"PostgreSQL answers with another database than that of installation {self._installation},"
                " which was served: nothing is acknowledged any more. Put that one back, or stop Munshi and"
                " start it again."
            )
        self._checked_at = now


class _Transaction(Transaction):
    __slots__ = ("_client",)

    def __init__(self, installation: str, client: BaseDBAsyncClient) -> None:
        super().__init__(installation)
        self._client = client

    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        return await self._client.execute_query_dict(sql, list(values))

    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None:
        await self._client.execute_many(sql, rows)


async def connected(config: Mapping[str, Any], settings: Mapping[str, str] = MappingProxyType({})) -> Orm:
    """Connect the ORM, with `settings` for its sessions and the time limits that this server supports."""
    try:
        return await Orm.connect(_with(config, {**_TIME_OUTS, **_SINCE_17, **settings}))
    except OperationalError as error:
        if not isinstance(error.__cause__, asyncpg.UndefinedObjectError):
            raise
    return await Orm.connect(_with(config, {**_TIME_OUTS, **settings}))


def _with(config: Mapping[str, Any], settings: dict[str, str]) -> dict[str, Any]:
    return {**config, "credentials": {**config["credentials"], "server_settings": settings}}


async def require_durable(fetch: Callable[[str], Awaitable[list[Row]]]) -> None:
    """Raise WeakDurability if a power cut could lose a commit."""
    [row] = await fetch("SHOW synchronous_commit")
    if row["synchronous_commit"] == "off":
        raise WeakDurability("PostgreSQL runs with synchronous_commit = off: turn it on for this database")


async def checked(client: BaseDBAsyncClient) -> str:
    """Check the database and return the installation's key. Raises WeakDurability or NotMigrated."""
    await require_durable(client.execute_query_dict)

    async def applied() -> set[str]:
        try:
            return {row["name"] for row in await client.execute_query_dict(APPLIED)}
        except OperationalError as error:
            if not isinstance(error.__cause__, asyncpg.UndefinedTableError):
                raise
            return set()

    await require_migrated(applied)
    [row] = await client.execute_query_dict(KEY)
    key: str = row["key"]
    return key


@asynccontextmanager
async def begun() -> AsyncIterator[Any]:
    """Open a transaction of the ORM whose context is current, and yield its client."""
    context = in_transaction(CONNECTION)
    try:
        client = await context.__aenter__()
    except BaseException:
        await _release(context)
        raise
    try:
        yield client
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        await context.__aexit__(None, None, None)


async def _release(context: object) -> None:
    """Return the connection of a failed BEGIN to the pool: the ORM would never return it."""
    if isinstance(context, TransactionContextPooled) and context.client._connection is not None:
        await context.client._parent._pool.release(context.client._connection)


def _report(task: asyncio.Task[Any]) -> None:
    """Log the error of a unit whose caller was cancelled: it has no other reader."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("unit of work failed after its caller left", error=type(error).__name__)


def _transient(error: BaseException) -> BaseException | None:
    """Return the transient cause of `error`, after which a retry may succeed; None if it has none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _TRANSIENT):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
