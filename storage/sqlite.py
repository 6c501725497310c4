"""SQLite: one connection, in one thread, where each unit of work runs whole.

A unit awaits nothing but its own statements, and here they answer at once. So the thread takes it from
BEGIN to COMMIT without going back to the event loop in between, which costs more than most statements,
and nobody can be cancelled in the middle of it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any, Final, TypeVar

from tortoise.exceptions import IntegrityError, OperationalError

from storage.database import APPLIED, KEY, require_migrated
from storage.errors import Closed, NotMigrated, Unavailable, UnsupportedDatabase, WeakDurability
from storage.lock import FileLock
from storage.sql import Value, for_sqlite, values_for_sqlite
from storage.transaction import Row, Transaction, Units, Work

T = TypeVar("T")

_PRAGMAS: Final = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": "5000",
    "foreign_keys": "ON",
    # What the log may keep of the disk once it was written back: cutting it short each time is slow.
    "journal_size_limit": str(64 * 1024 * 1024),
}
_STATEMENTS: Final = 1024
"""Kept prepared: every statement, for each of the sizes of `storage.sql.chunks`."""


class SqliteUnits(Units):
    """Units of work on an SQLite file, one after the other."""

    def __init__(self, thread: ThreadPoolExecutor, connection: Connection, lock: FileLock) -> None:
        super().__init__()
        self._thread = thread
        self._connection = connection
        self._lock = lock
        self._transaction = _Transaction("", connection)
        self._closed = False

    @classmethod
    async def open(cls, credentials: Mapping[str, Any]) -> "SqliteUnits":
        """On the file at `file_path`; what else `credentials` hold is set as PRAGMA.

        Raises UnsupportedDatabase, Unavailable, WeakDurability, or NotMigrated.
        """
        pragmas = _PRAGMAS | {name: str(value) for name, value in credentials.items() if name != "file_path"}
        path = _existing(credentials["file_path"])
        lock, thread = claimed(path), ThreadPoolExecutor(1, "sqlite")
        try:
            loop = asyncio.get_running_loop()
            connection = await loop.run_in_executor(thread, _connected, path, pragmas)
        except BaseException:
            thread.shutdown(wait=False)
            lock.release()
            raise
        units = cls(thread, connection, lock)
        try:
            await units.outside(_require_durable)
            await require_migrated(lambda: units.outside(_applied))
            [row] = await units.outside(lambda tx: tx.fetch(KEY))
        except BaseException:
            await units.close()
            raise
        units._transaction.installation = row["key"]
        return units

    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed. Raises Closed."""
        return await self._later(self._commit, work)

    async def outside(self, work: Work[T]) -> T:
        """What `work` returns, without a transaction. Raises Closed."""
        return await self._later(self._ask, work)

    async def close(self) -> None:
        """Wait for what runs, then give the file back."""
        if self._closed:
            return
        self._closed = True
        try:
            # What was asked for before comes first.
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        finally:
            self._thread.shutdown(wait=False)
            self._lock.release()

    def _later(self, run: Callable[[Work[T]], T], work: Work[T]) -> asyncio.Future[T]:
        if self._closed:
            raise Closed("the store is closed")
        return asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    def _ask(self, work: Work[T]) -> T:
        return _finished(work(self._transaction))

    def _commit(self, work: Work[T]) -> T:
        # The write lock at once: a transaction that reads first cannot wait for it later.
        _execute(self._connection, "BEGIN IMMEDIATE")
        try:
            result = _finished(work(self._transaction))
            _execute(self._connection, "COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                _execute(self._connection, "ROLLBACK")
            raise
        return result


class _Transaction(Transaction):
    __slots__ = ("_connection",)

    def __init__(self, installation: str, connection: Connection) -> None:
        super().__init__(installation)
        self._connection = connection

    async def _run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        return rows(self._connection, sql, values)

    async def _run_each(self, sql: str, rows: list[list[Value]]) -> None:
        try:
            self._connection.executemany(for_sqlite(sql), rows)
        except sqlite3.Error as error:
            raise _as_of_the_orm(error) from error


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, which must not wait for anything."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a unit of work may await nothing but its own statements")


def rows(connection: Connection, sql: str, values: Sequence[Value]) -> list[Row]:
    """Run one statement, written as for `storage.transaction`; the rows it returns.

    Raises tortoise.exceptions.IntegrityError or OperationalError.
    """
    cursor = _execute(connection, for_sqlite(sql), values_for_sqlite(values))
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    try:
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except sqlite3.Error as error:
        raise _as_of_the_orm(error) from error


def _execute(connection: Connection, sql: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, values)
    except sqlite3.Error as error:
        raise _as_of_the_orm(error) from error


def _as_of_the_orm(error: sqlite3.Error) -> Exception:
    """What the ORM would raise, as it does for PostgreSQL's."""
    return IntegrityError(error) if isinstance(error, sqlite3.IntegrityError) else OperationalError(error)


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.exists():
        raise NotMigrated(f"there is no database at {path}: run `munshi migrate` first")
    return path


def claimed(path: Path) -> FileLock:
    """The file at `path`, ours alone; made if there is none. Raises UnsupportedDatabase or Unavailable."""
    if not path.parent.is_dir():
        raise UnsupportedDatabase(f"there is no directory {path.parent} to keep {path.name} in")
    if path.exists() and not path.is_file():
        raise UnsupportedDatabase(f"{path} is not a file: DATABASE_URL must end in a file's name")
    lock = FileLock.take(path)
    # Customers' words and numbers are in it; the WAL takes over the mode of the file.
    path.touch(mode=0o600)
    path.chmod(0o600)
    return lock


def _connected(path: Path, pragmas: Mapping[str, str]) -> Connection:
    try:
        connection = connect(path, isolation_level=None, cached_statements=_STATEMENTS)
        try:
            for name, value in pragmas.items():
                connection.execute(f"PRAGMA {name}={value}")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise Unavailable(f"{path} cannot be opened: {error}") from error
    return connection


async def _require_durable(tx: Transaction) -> None:
    [row] = await tx.fetch("PRAGMA synchronous")
    if row["synchronous"] < 2:
        raise WeakDurability("SQLite must run with synchronous = FULL: take the weaker value out of the URL")
    [row] = await tx.fetch("PRAGMA journal_mode")
    if row["journal_mode"] != "wal":
        raise WeakDurability("SQLite must run with journal_mode = WAL: take the other value out of the URL")


async def _applied(tx: Transaction) -> set[str]:
    try:
        return {row["name"] for row in await tx.fetch(APPLIED)}
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()
