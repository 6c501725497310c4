"""SQLite: one connection in one thread, which runs each unit of work from BEGIN to COMMIT.

A unit awaits only its own statements, and in this thread they return at once. So the thread need not go back
to the event loop between statements, which costs more than most statements do, and a unit cannot be cancelled
in the middle.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any, Final, TypeVar

from tortoise.exceptions import IntegrityError, OperationalError

from storage.database.address import APPLIED, KEY, require_migrated
from storage.database.errors import Closed, Unavailable, UnsupportedDatabase, WeakDurability
from storage.database.lock import FileLock, Identity, identity_of, require_same
from storage.database.sql import Value, for_sqlite, values_for_sqlite
from storage.database.transaction import Row, Transaction, Units, Work

T = TypeVar("T")

_PRAGMAS: Final = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": "5000",
    "foreign_keys": "ON",
    # What is deleted is overwritten. SQLite's own default depends on how it was built.
    "secure_delete": "ON",
    # Bytes of the log that stay allocated after a checkpoint: truncating it each time is slow.
    "journal_size_limit": str(64 * 1024 * 1024),
}
_STATEMENTS: Final = 1024
"""Prepared statements to keep: every statement, for each size of `storage.database.sql.chunks`."""


class SqliteUnits(Units):
    """Units of work on an SQLite file, one after the other."""

    shared = False

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock
        self._log = lock.path.with_name(f"{lock.path.name}-wal")
        self._log_is: Identity | None = None
        """The write-ahead log, which is part of the database; None until the database was first read."""
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._connection: Connection | None = None
        self._installation = ""
        self._closed = False

    @classmethod
    async def open(cls, credentials: Mapping[str, Any]) -> "SqliteUnits":
        """Open the file at `file_path`; the other entries of `credentials` are set as PRAGMAs.

        Raises UnsupportedDatabase, Unavailable, WeakDurability, or NotMigrated.
        """
        pragmas = _PRAGMAS | {name: str(value) for name, value in credentials.items() if name != "file_path"}
        path = Path(credentials["file_path"])
        units = cls(claimed(path))
        try:
            await asyncio.get_running_loop().run_in_executor(units._thread, units._connect, path, pragmas)
            await units.read(lambda tx: require_durable(tx.fetch))
            await require_migrated(lambda: units.read(_applied))
            [row] = await units.read(lambda tx: tx.fetch(KEY))
            units._log_is = identity_of(units._log)
        except BaseException:
            await units.close()
            raise
        units._installation = row["key"]
        return units

    async def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction, commit, and return its result. Raises Closed."""
        return await self._submit(self._commit, work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` without a transaction and return its result. Raises Closed."""
        return await self._submit(self._read, work)

    async def close(self) -> None:
        """Wait for running units, then close the file."""
        if self._closed:
            return
        self._closed = True
        # After the units submitted before, and even if the caller is cancelled here.
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)
        await asyncio.shield(closing)

    def _submit(self, run: Callable[[Work[T]], T], work: Work[T]) -> asyncio.Future[T]:
        if self._closed:
            raise Closed("the store is closed")
        return asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    def _connect(self, path: Path, pragmas: Mapping[str, str]) -> None:
        self._connection = connect(path, isolation_level=None, cached_statements=_STATEMENTS)
        for name, value in pragmas.items():
            self._connection.execute(f"PRAGMA {name}={value}")

    def _disconnect(self) -> None:
        try:
            if self._connection is not None:
                self._connection.close()
        finally:
            self._lock.release()

    def _require_there(self) -> None:
        """Raise Gone if the file or its log was replaced or removed: what is written would be lost."""
        self._lock.require_there()
        if self._log_is is not None:
            require_same(self._log, self._log_is)

    def _read(self, work: Work[T]) -> T:
        assert self._connection is not None
        self._require_there()
        return _run_to_end(work(_Transaction(self._installation, self._connection)))

    def _commit(self, work: Work[T]) -> T:
        connection = self._connection
        assert connection is not None
        self._require_there()
        if connection.in_transaction:  # the ROLLBACK of the unit before has failed: the disk failed
            _execute(connection, "ROLLBACK")
        # Take the write lock at once: a transaction that reads first cannot wait for it later.
        _execute(connection, "BEGIN IMMEDIATE")
        try:
            result = _run_to_end(work(_Transaction(self._installation, connection)))
            _execute(connection, "COMMIT")
        except BaseException:
            if connection.in_transaction:
                _execute(connection, "ROLLBACK")
            raise
        # Check again before the caller takes it for stored: the file may have been removed meanwhile.
        self._require_there()
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
            raise _orm_error(error) from error


def _run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` and return its result. Raises RuntimeError if it waits for anything."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a unit of work may await nothing but its own statements")


def rows(connection: Connection, sql: str, values: Sequence[Value]) -> list[Row]:
    """Run one statement in PostgreSQL's dialect and return its rows.

    Raises tortoise.exceptions.IntegrityError or OperationalError.
    """
    cursor = _execute(connection, for_sqlite(sql), values_for_sqlite(values))
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    try:
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except sqlite3.Error as error:
        raise _orm_error(error) from error


def _execute(connection: Connection, sql: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, values)
    except sqlite3.Error as error:
        raise _orm_error(error) from error


def _orm_error(error: sqlite3.Error) -> Exception:
    """Return the ORM's error for `error`, so that both databases raise the same."""
    return IntegrityError(error) if isinstance(error, sqlite3.IntegrityError) else OperationalError(error)


def made(path: Path) -> FileLock:
    """Lock the file at `path`; create it if there is none. Raises UnsupportedDatabase or Unavailable."""
    if not path.absolute().parent.is_dir():
        raise UnsupportedDatabase(f"there is no directory {path.absolute().parent} to keep {path.name} in")
    if not path.exists():
        try:
            # It holds personal data. The WAL gets the mode of the file.
            path.touch(mode=0o600)
        except OSError as error:
            raise Unavailable(f"{path.absolute()} cannot be made: {error.strerror}") from error
    return claimed(path)


def claimed(path: Path) -> FileLock:
    """Lock the existing file at `path`. Raises NotMigrated, UnsupportedDatabase or Unavailable."""
    if path.exists() and not path.is_file():
        raise UnsupportedDatabase(f"{path.absolute()} is not a file: DATABASE_URL must end in a file's name")
    lock = FileLock.take(path)
    try:
        path.chmod(0o600)
    except OSError as error:
        lock.release()
        raise Unavailable(f"{path.absolute()} cannot be used: {error.strerror}") from error
    return lock


async def require_durable(fetch: Callable[[str], Awaitable[list[Row]]]) -> None:
    """Raise WeakDurability if a power cut could lose a commit."""
    [row] = await fetch("PRAGMA synchronous")
    if row["synchronous"] < 2:
        raise WeakDurability("SQLite must run with synchronous = FULL: take the weaker value out of the URL")
    [row] = await fetch("PRAGMA journal_mode")
    if row["journal_mode"] != "wal":
        raise WeakDurability("SQLite must run with journal_mode = WAL: take the other value out of the URL")


async def _applied(tx: Transaction) -> set[str]:
    try:
        return {row["name"] for row in await tx.fetch(APPLIED)}
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()
