"""The whole database as it stands at one instant, read beside whoever writes it.

SQLite stays with one writer: what is opened here says `mode=ro`, so that the operating system refuses
every write to the file, and with it every checkpoint, also the one that the last connection of all
would make when it closes. The corruption that several writers of one WAL can cause needs two
connections that write or checkpoint, so that no lock is needed. A reader leaves at most an empty WAL.

Source: SQLite, "Write-Ahead Logging", read-only databases and the WAL-reset bug.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from tortoise.exceptions import OperationalError

from storage.database.address import APPLIED, KEY, configuration, is_sqlite, require_migrated
from storage.database.lock import no_database
from storage.database.postgres import checked, connected
from storage.database.sql import Value
from storage.database.sqlite import rows
from storage.database.transaction import Row
from storage.database.trouble import told

_BUSY_SECONDS: Final = 5.0
"""How long to wait for a server that is just opening or closing the file."""

_Fetch: TypeAlias = Callable[..., Awaitable[list[Row]]]


class Records:
    """Reads one snapshot: what is written meanwhile is not seen, however long the reading takes."""

    def __init__(self, fetch: _Fetch, installation: str, is_file: bool = False) -> None:
        self._fetch = fetch
        self._is_file = is_file
        self.installation = installation
        """What this installation's public ids begin with."""

    async def fetch(self, sql: str, *values: Value) -> list[Row]:
        """The rows of one SELECT, written as for `storage.database.transaction`: PostgreSQL's words, `$1`."""
        return await self._fetch(sql, *values)

    async def damage(self) -> str | None:
        """What SQLite finds wrong with its own file; None if nothing is, or if the server looks after that.

        Source: SQLite, "PRAGMA quick_check".
        """
        if not self._is_file:
            return None
        [found, *more] = await self._fetch("PRAGMA quick_check(1)")
        [said] = found.values()
        return None if said == "ok" and not more else str(said)


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Records]:
    """A snapshot of the database at `url`, while it is served or not. Nothing can be written through it.

    Raises NotMigrated (no database, or older tables than this program's), Unavailable, or
    UnsupportedDatabase.
    """
    config = configuration(url)
    snapshot = _sqlite(Path(config["credentials"]["file_path"])) if is_sqlite(config) else _postgres(config)
    with told(config):
        async with snapshot as fetch:
            [row] = await fetch(KEY)
            yield Records(fetch, row["key"], is_sqlite(config))


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[_Fetch]:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "records") as thread:
        connection = await loop.run_in_executor(thread, _connected, path)

        async def fetch(sql: str, *values: Value) -> list[Row]:
            return await loop.run_in_executor(thread, rows, connection, sql, values)

        try:
            await require_migrated(lambda: _applied(fetch))
            await fetch("BEGIN")
            yield fetch
        finally:
            await loop.run_in_executor(thread, connection.close)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(read_only(path), uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    connection.execute("PRAGMA query_only = ON")
    return connection


def read_only(path: Path) -> str:
    """The URI to open `path` with beside whoever writes it. Raises NotMigrated if there is no such file."""
    if not path.exists():
        raise no_database(path)
    return f"{path.absolute().as_uri()}?mode=ro"


async def _applied(fetch: _Fetch) -> set[str]:
    try:
        return {row["name"] for row in await fetch(APPLIED)}
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()


@asynccontextmanager
async def _postgres(config: Mapping[str, Any]) -> AsyncIterator[_Fetch]:
    orm = await connected(config)
    try:
        await orm.at_home(checked(orm.client()))
        async with (
            orm.client().acquire_connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            # A person waits for the end, however long; the server's own limits are for units of work.
            await connection.execute(_NO_LIMITS)
            yield _fetching(connection)
    finally:
        await orm.close()


_NO_LIMITS: Final = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')"""


def _fetching(connection: Any) -> _Fetch:
    async def fetch(sql: str, *values: Value) -> list[Row]:
        return [dict(row) for row in await connection.fetch(sql, *values)]

    return fetch
