"""PostgreSQL: units of work of any number of processes, on the ORM's pool of connections."""

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
"""A unit of work that hangs would hold up every round after it, and one whose process is frozen or cut
off would keep its customers, and the stock, from every other process."""
_SINCE_17: Final = {"transaction_timeout": "20s"}
"""The same, for a process that is frozen between the two halves of a statement, which is not idle."""
_SECONDS_SURE: Final = 1.0
"""How long a database that was the right one is taken to be it."""
_ATTEMPTS: Final = 8
_PAUSES: Final = (0.05, 0.1, 0.2)
"""Seconds before the next attempt; the last one repeats."""
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
    """Units of work, each in a task of its own, tried again where another process was faster.

    A unit runs on to its end, whoever leaves: of a COMMIT that was cancelled, nobody would know whether it
    happened.
    """

    def __init__(self, orm: Orm, installation: str) -> None:
        self.orm = orm
        self._installation = installation
        self._asked_at = -_SECONDS_SURE
        self._owned: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, config: Mapping[str, Any]) -> "PostgresUnits":
        """On the database of this configuration.

        Raises Unavailable, WeakDurability, or NotMigrated.
        """
        orm = await connected(config)
        try:
            return cls(orm, await orm.at_home(checked(orm.client())))
        except BaseException:
            await orm.close()
            raise

    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed. Raises Closed."""
        return await self._own(self._try(self._attempt, work))

    async def outside(self, work: Work[T]) -> T:
        """What `work` returns, without a transaction. Raises Closed."""
        return await self._own(self._try(self._ask, work))

    async def close(self) -> None:
        """Wait for what runs, then close the connections."""
        if self._closed:
            return
        self._closed = True
        if self._owned:
            await asyncio.wait(self._owned)
        await self.orm.close()

    async def _own(self, work: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            work.close()
            raise Closed("the store is closed")
        # A copy of the ORM's own context, not of the caller's: the caller may itself be inside
        # a transaction, and would lend it to this task.
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
                # A context for each attempt: a failed BEGIN leaves its connection in the one it ran in.
                return await self.orm.at_home(attempt(work))
            except Exception as error:
                cause = _transient(error)
                if count == _ATTEMPTS or cause is None:
                    raise
                log.info("unit of work tried again", error=type(error).__name__, attempt=count)
            # Who lost a race for a key can see the winner's row at once; the rest needs time to pass.
            if not isinstance(cause, asyncpg.UniqueViolationError):
                await asyncio.sleep(_PAUSES[min(count, len(_PAUSES)) - 1])
        raise AssertionError("unreachable")

    async def _ask(self, work: Work[T]) -> T:
        await self._require_same(self.orm.client())
        return await work(_Transaction(self._installation, self.orm.client()))

    async def _attempt(self, work: Work[T]) -> T:
        async with begun() as client:
            await self._require_same(client)
            result = await work(_Transaction(self._installation, client))
            # Here and not on leaving the block, where a COMMIT that fails would not be rolled back and
            # the next BEGIN on this connection would commit it.
            await client.commit()
            return result

    async def _require_same(self, client: BaseDBAsyncClient) -> None:
        """Raise Gone if another database answers than the one that was opened: a restored one, or a new one.

        Asked once in a second: what is older than its connections was there all the time.
        """
        now = asyncio.get_running_loop().time()
        if now - self._asked_at < _SECONDS_SURE:
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
        self._asked_at = now


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
    """The ORM, with `settings` of its sessions and limits on what hangs, as far as this server knows them."""
    try:
        return await Orm.connect(_with(config, {**_TIME_OUTS, **_SINCE_17, **settings}))
    except OperationalError as error:
        if not isinstance(error.__cause__, asyncpg.UndefinedObjectError):
            raise
    return await Orm.connect(_with(config, {**_TIME_OUTS, **settings}))


def _with(config: Mapping[str, Any], settings: dict[str, str]) -> dict[str, Any]:
    return {**config, "credentials": {**config["credentials"], "server_settings": settings}}


async def require_durable(fetch: Callable[[str], Awaitable[list[Row]]]) -> None:
    """Raise WeakDurability where a commit could be lost with the power."""
    [row] = await fetch("SHOW synchronous_commit")
    if row["synchronous_commit"] == "off":
        raise WeakDurability("PostgreSQL runs with synchronous_commit = off: turn it on for this database")


async def checked(client: BaseDBAsyncClient) -> str:
    """The installation's key. Raises WeakDurability or NotMigrated."""
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
    """A transaction, and the client in it; of the ORM whose context is current."""
    context = in_transaction(CONNECTION)
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


async def _give_back(context: object) -> None:
    """Return what a failed BEGIN took: the ORM itself would keep the connection for ever."""
    if isinstance(context, TransactionContextPooled) and context.client._connection is not None:
        await context.client._parent._pool.release(context.client._connection)


def _report(task: asyncio.Task[Any]) -> None:
    """Say how a unit ended whose caller has gone; nobody else would hear of it."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("unit of work failed after its caller left", error=type(error).__name__)


def _transient(error: BaseException) -> BaseException | None:
    """What in `error` may pass, so that the same work may succeed when it is tried again; None if nothing."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _TRANSIENT):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
