"""A read-only snapshot of the whole database, for reports, while a server may be writing to it.

Within `reading`, the models of `storage.database.models` can be queried. All queries see the same instant,
however long the reading takes. A process can read only one kind of database at a time, because the models are
global to the process and hold the SQL dialect.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from storage.database import read_only
from storage.database.address import APPLIED, KEY, configuration, is_sqlite, require_migrated
from storage.database.orm import Orm
from storage.database.postgres import begun, checked, connected
from storage.database.sql import Value, for_sqlite, values_for_sqlite
from storage.database.transaction import Row, Transaction
from storage.database.trouble import readable_errors


class Records:
    """One snapshot."""

    def __init__(self, client: BaseDBAsyncClient, installation: str) -> None:
        self.client = client
        """The client for the models' queries."""
        self.installation = installation
        """The installation's key, with which its public ids begin."""
        self.reads: Transaction = _Reads(client, installation)
        """Runs SELECTs in the dialect of `storage.database.sql`, as units of work do."""

    async def damage(self) -> str | None:
        """Return the damage that SQLite finds in its file; None if there is none, and None for PostgreSQL.

        Source: SQLite, "PRAGMA quick_check".
        """
        if self.client.capabilities.dialect != "sqlite":
            return None
        [row, *more] = await self.client.execute_query_dict("PRAGMA quick_check(1)")
        [message] = row.values()
        return None if message == "ok" and not more else str(message)


class _Reads(Transaction):
    __slots__ = ("_client",)

    def __init__(self, client: BaseDBAsyncClient, installation: str) -> None:
        super().__init__(installation)
        self._client = client

    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        if self._client.capabilities.dialect == "sqlite":
            return await self._client.execute_query_dict(for_sqlite(sql), values_for_sqlite(values))
        return await self._client.execute_query_dict(sql, list(values))

    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None:
        raise NotImplementedError("a snapshot is only read")


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Records]:
    """Open a snapshot of the database at `url`. A server may be using it.

    Raises NotMigrated (no database, or tables older or newer than this program), Unavailable, or
    UnsupportedDatabase.
    """
    config = configuration(url)
    snapshot = _sqlite(config) if is_sqlite(config) else _postgres(config)
    with readable_errors(config):
        async with snapshot as client:
            [row] = await client.execute_query_dict(KEY)
            yield Records(client, row["key"])


@asynccontextmanager
async def _sqlite(config: Mapping[str, Any]) -> AsyncIterator[BaseDBAsyncClient]:
    file = {"file_path": config["credentials"]["file_path"]}
    orm = await Orm.connect({"engine": read_only.__name__, "credentials": file})
    try:
        await require_migrated(lambda: _applied(orm.client()))
        await orm.client().execute_query("BEGIN")
        with orm.context:
            yield orm.client()
    finally:
        await orm.close()


async def _applied(client: BaseDBAsyncClient) -> set[str]:
    try:
        return {row["name"] for row in await client.execute_query_dict(APPLIED)}
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()


@asynccontextmanager
async def _postgres(config: Mapping[str, Any]) -> AsyncIterator[BaseDBAsyncClient]:
    orm = await connected(config, _SNAPSHOT)
    try:
        await orm.at_home(checked(orm.client()))
        with orm.context:
            async with begun() as client:
                # A report may take long, and a person waits for it; the time limits are for units of work.
                await client.execute_query_dict(_NO_LIMITS)
                yield client
    finally:
        await orm.close()


_SNAPSHOT: Final = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
    # The ORM passes values as parameters; a generic plan would not see which partial index matches them.
    "plan_cache_mode": "force_custom_plan",
}
_NO_LIMITS: Final = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')"""
