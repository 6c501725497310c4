"""The console's SQLite file: one connection in one thread, beside which other processes may have theirs.

It keeps a rollback journal, not a write-ahead log: before SQLite 3.51.3 two connections can corrupt a WAL.
Source: SQLite, "Write-Ahead Logging", the WAL-reset bug.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Final, TypeVar

from storage.accounts.tables import bring_up_to_date, require_ours
from storage.database.errors import Closed, Gone, NotMigrated, Unavailable, UnsupportedDatabase
from storage.database.lock import Identity, identity_of

T = TypeVar("T")

_WAIT_SECONDS: Final = 5.0
"""Seconds to wait for another process to end its transaction, which takes milliseconds."""
_PRAGMAS: Final = {
    "journal_mode": "DELETE",
    # Also the removal of the journal is on the disk before a commit counts.
    "synchronous": "EXTRA",
    "foreign_keys": "ON",
    # Hashes of passwords that were changed are overwritten.
    "secure_delete": "ON",
}


def require_file(path: Path) -> None:
    """Raise NotMigrated unless there is a file at `path`."""
    if not path.exists():
        raise NotMigrated(
            f"there is no file {path.absolute()} of the console's people. MUNSHI_CONSOLE_DATABASE says where"
            " it is: go to your shop's folder, or make it with 'munshi console add-user <name> --role owner'."
        )


def make_file(path: Path) -> None:
    """Make an empty file at `path` that only its owner may read, unless there is one.

    Raises UnsupportedDatabase or Unavailable.
    """
    if not path.absolute().parent.is_dir():
        raise UnsupportedDatabase(f"there is no directory {path.absolute().parent} to keep {path.name} in")
    try:
        # An existing file is not opened: closing it would release this process's locks on it.
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise Unavailable(f"{path.absolute()} cannot be made: {error.strerror}") from error


class AccountsFile:
    """An open file."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._thread = ThreadPoolExecutor(1, "accounts")
        self._connection: Connection | None = None
        self._identity: Identity | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> "AccountsFile":
        """Open the existing file at `path` and bring its tables up to date.

        Raises UnsupportedDatabase, NotMigrated, Unavailable, or Gone.
        """
        file = cls(path)
        try:
            await asyncio.get_running_loop().run_in_executor(file._thread, file._connect)
        except BaseException:
            await file.close()
            raise
        return file

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction, commit, and return its result. Roll back if it raises.

        A cancelled caller stops waiting; the transaction still happens whole or not at all. Raises Closed,
        Gone, or Unavailable.
        """
        return await self._submit(self._commit, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, by one statement, and return its result. Raises as `run` does."""
        return await self._submit(self._read, work)

    async def close(self) -> None:
        """Wait for what runs, then close the file."""
        if self._closed:
            return
        self._closed = True
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)
        await asyncio.shield(closing)

    def _submit(
        self, run: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T]
    ) -> asyncio.Future[T]:
        if self._closed:
            raise Closed("the console's file is closed")
        return asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    def _connect(self) -> None:
        if self._path.exists() and not self._path.is_file():
            raise UnsupportedDatabase(f"{self._path} is not a file: MUNSHI_CONSOLE_DATABASE must name one")
        self._identity = identity_of(self._path)
        with self._readable_errors():
            self._connection = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
            require_ours(self._connection, self._path)
            self._path.chmod(0o600)
            for name, value in _PRAGMAS.items():
                self._connection.execute(f"PRAGMA {name} = {value}")
            bring_up_to_date(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._readable_errors():
            return work(self._there())

    def _commit(self, work: Callable[[Connection], T]) -> T:
        with self._readable_errors():
            connection = self._there()
            # Take the write lock at once: a transaction that reads first cannot wait for it later.
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite ends it by itself when the disk is full
                    connection.execute("ROLLBACK")
                raise
            self._there()
            return result

    def _there(self) -> Connection:
        """Return the connection. Raises Gone if the file was removed or replaced: writes would be lost."""
        assert self._connection is not None
        try:
            same = identity_of(self._path) == self._identity
        except Gone:
            same = False
        if not same:
            raise Gone(f"{self._path} was removed or replaced: put it back, and start the console again")
        return self._connection

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"{self._path} cannot be used: {error}") from error
