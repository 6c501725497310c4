"""Opening a database: its URL, its durability, its tables, and its own context."""

import asyncio
import base64
import contextvars
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, DBConnectionError, OperationalError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

from storage.errors import NotMigrated, Unavailable, UnsupportedDatabase, WeakDurability
from storage.lock import FileLock

CONNECTION: Final = "default"
_APPS: Final[dict[str, dict[str, Any]]] = {
    "storage": {
        "models": ["storage.models"],
        "migrations": "storage.migrations",
        "default_connection": CONNECTION,
    }
}
_MIGRATION_LOCK: Final = 0x6D756E736869
_TIME_OUTS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}
"""For PostgreSQL: a unit of work that hangs would hold up every round after it, and one whose process is
frozen or cut off would keep its customers, and the stock, from every other process."""
_SINCE_17: Final = {"transaction_timeout": "20s"}
"""The same, for a process that is frozen between the two halves of a statement, which is not idle."""

T = TypeVar("T")


@dataclass(slots=True)
class Database:
    """A connected database. `home` is the context in which its ORM state is current."""

    home: contextvars.Context
    context: TortoiseContext
    lock: FileLock | None
    installation: str = ""
    """What our public ids begin with; empty until the tables are known to be there."""

    @property
    def sqlite(self) -> bool:
        """Whether this is an SQLite file, which one process holds."""
        return self.lock is not None

    def client(self) -> BaseDBAsyncClient:
        """The ORM's client for statements outside a transaction."""
        return self.context.db(CONNECTION)

    async def at_home(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` in a task that has this database's context and nothing of the caller's."""
        return await asyncio.get_running_loop().create_task(work, context=self.home.copy())


async def open_database(url: str) -> Database:
    """Connect, and refuse what would lose data later.

    Raises UnsupportedDatabase, Unavailable, WeakDurability, or NotMigrated.
    """
    try:
        database = await _connect(url, create=False, limits=_TIME_OUTS | _SINCE_17)
    except OperationalError as error:
        if not isinstance(error.__cause__, asyncpg.UndefinedObjectError):
            raise
        database = await _connect(url, create=False, limits=_TIME_OUTS)
    try:
        await database.at_home(_require_migrated(database))
    except BaseException:
        await close_database(database)
        raise
    return database


async def migrate_database(url: str) -> list[str]:
    """Apply what migrations are pending; their names. A fresh installation gets its key."""
    database = await _connect(url, create=True, limits={})
    try:
        return await database.at_home(_migrate(database))
    finally:
        await close_database(database)


async def close_database(database: Database) -> None:
    """Close the connections, then let another process have the file."""
    try:
        await database.at_home(database.context.close_connections())
    finally:
        if database.lock is not None:
            database.lock.release()


async def _connect(url: str, *, create: bool, limits: Mapping[str, str]) -> Database:
    config = configuration(url)
    if not is_sqlite(config):
        config["credentials"]["server_settings"] = dict(limits)
    lock = _claim_file(config["credentials"], create=create) if is_sqlite(config) else None
    context = TortoiseContext()
    database = Database(contextvars.Context(), context, lock)
    database.home.run(context.__enter__)
    try:
        await database.at_home(context.init(config={"connections": {CONNECTION: config}, "apps": _APPS}))
        await database.at_home(_check_durability(database))
    except (OSError, DBConnectionError, asyncpg.CannotConnectNowError) as error:
        await close_database(database)
        raise Unavailable(f"the database does not answer: {error}") from error
    except BaseException:
        await close_database(database)
        raise
    return database


def configuration(url: str) -> dict[str, Any]:
    """The ORM's `engine` and `credentials` for `url`. Raises UnsupportedDatabase."""
    scheme, _, rest = url.partition("://")
    if scheme == "postgresql":
        url = f"postgres://{rest}"
    elif scheme not in ("sqlite", "postgres") or rest.partition("?")[0] in ("", ":memory:"):
        raise UnsupportedDatabase(f"DATABASE_URL must be sqlite://<file> or postgres://…, not {scheme}://…")
    try:
        config: dict[str, Any] = expand_db_url(url)
    except ConfigurationError as error:
        raise UnsupportedDatabase(f"DATABASE_URL: {error}") from error
    if is_sqlite(config):
        config["credentials"] = {"synchronous": "FULL", "busy_timeout": 5000} | config["credentials"]
    return config


def is_sqlite(config: dict[str, Any]) -> bool:
    """Whether this configuration is of an SQLite file, at its credentials' `file_path`."""
    return bool(config["engine"] == "tortoise.backends.sqlite")


def _claim_file(credentials: dict[str, Any], *, create: bool) -> FileLock:
    path = Path(credentials["file_path"])
    if not create and not path.exists():
        raise NotMigrated(f"there is no database at {path}: run `munshi migrate` first")
    if not path.parent.is_dir():
        raise UnsupportedDatabase(f"there is no directory {path.parent} to keep {path.name} in")
    if path.exists() and not path.is_file():
        raise UnsupportedDatabase(f"{path} is not a file: DATABASE_URL must end in a file's name")
    lock = FileLock.take(path)
    # Customers' words and numbers are in it; the WAL takes over the mode of the file.
    path.touch(mode=0o600)
    path.chmod(0o600)
    return lock


async def _check_durability(database: Database) -> None:
    client = database.client()
    if not database.sqlite:
        [row] = await client.execute_query_dict("SHOW synchronous_commit")
        if row["synchronous_commit"] == "off":
            raise WeakDurability(
                "PostgreSQL runs with synchronous_commit = off: turn it on for this database"
            )
        return
    [row] = await client.execute_query_dict("PRAGMA synchronous")
    if row["synchronous"] < 2:
        raise WeakDurability("SQLite must run with synchronous = FULL: take the weaker value out of the URL")
    [row] = await client.execute_query_dict("PRAGMA journal_mode")
    if row["journal_mode"] != "wal":
        raise WeakDurability("SQLite must run with journal_mode = WAL: take the other value out of the URL")


async def _require_migrated(database: Database) -> None:
    client = database.client()
    missing = await MigrationExecutor(client, _APPS).plan()
    if missing:
        names = ", ".join(step.migration.name for step in missing)
        raise NotMigrated(f"the database lacks {names}: run `munshi migrate` first")
    [row] = await client.execute_query_dict("SELECT key FROM installation WHERE id = 1")
    database.installation = row["key"]


class _Recorder(MigrationRecorder):
    """Records inside the transaction, where its table is already there.

    Making it there would commit: the driver runs scripts with an implicit COMMIT.
    """

    async def ensure_schema(self, schema_editor: Any) -> None:
        return None


async def _migrate(database: Database) -> list[str]:
    """All or nothing: the tables, the record of them, and the installation's key."""
    await MigrationExecutor(database.client(), _APPS).migrate(targets=[])
    async with in_transaction(CONNECTION) as client:
        if not database.sqlite:
            await client.execute_query_dict(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        executor = MigrationExecutor(client, _APPS)
        executor.recorder = executor.loader.recorder = _Recorder(client)
        names = [step.migration.name for step in await executor.plan()]
        await executor.migrate()
        key = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        await client.execute_query(
            f"INSERT INTO installation (id, key) VALUES (1, '{key}') ON CONFLICT DO NOTHING"  # noqa: S608
        )
    return names
