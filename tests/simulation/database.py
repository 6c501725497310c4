"""SQLite in a simulated event loop: no thread, one turn for each unit of work, hooks that can crash."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from storage import Store
from storage.database.lock import FileLock
from tests.simulation.loop import SimLoop

KEY: Final = "aaaaaaaa"
"""The installation key of every simulated database; public ids begin with it."""

Hook: TypeAlias = Callable[[int, str], None]

_serial = count(1)


class Crash(BaseException):
    """The process is killed here."""


def _no_hook(n: int, what: str) -> None:
    return None


@dataclass(slots=True)
class Hooks:
    """Called before and after each database operation, with its number from 1 and its SQL or `close`.

    A hook may raise Crash: nothing runs after that, and the files stay as they are. The operation
    raises any other exception of a hook: `sqlite3.OperationalError` stands for a failing disk.
    """

    before: Hook = _no_hook
    after: Hook = _no_hook
    operations: int = 0


@contextmanager
def in_loop(hooks: Hooks | None = None) -> Iterator[Hooks]:
    """Inside this context, a store runs its database work in the SimLoop that opens it.

    A loop that ends leaves the files as a killed process does; another loop may open them.
    """
    hooks, locks = hooks or Hooks(), _Locks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "storage.database.sqlite.connect", partial(sqlite3.connect, factory=partial(_Connection, hooks))
        )
        patch.setattr(FileLock, "take", locks.take)
        patch.setattr(FileLock, "release", lambda lock: locks.release(lock))  # noqa: PLW0108 - only a function is bound
        yield hooks


def new_database(directory: Path) -> str:
    """Create a migrated, empty database in `directory` and return its URL. Call it outside a loop.

    Its installation key is `KEY`. A directory in memory (`/dev/shm`) is a quarter faster.
    """
    path = directory / f"munshi-{next(_serial)}.db"
    path.write_bytes(_template())
    return f"sqlite://{path}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "template.db"
        asyncio.run(Store.migrate(f"sqlite://{path}"))
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE installation SET key = ?", (KEY,))
        connection.close()
        return path.read_bytes()


class _Connection(sqlite3.Connection):
    """Call the hooks around each operation. The end of the loop closes a connection that is still open."""

    def __init__(self, hooks: Hooks, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._hooks = hooks
        self._open, self._dead = True, False
        self._last_cursor: sqlite3.Cursor | None = None
        """The newest cursor; its rows may not have been read."""
        _sim_loop().at_end(self._abandon)

    def execute(self, sql: str, values: Any = (), /) -> Any:
        return self._run(sql, super().execute, sql, values)

    def executemany(self, sql: str, rows: Any, /) -> Any:
        return self._run(sql, super().executemany, sql, rows)

    def close(self) -> None:
        self._run("close", self._close)

    def _run(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        if self._dead:
            raise Crash("this process is dead")
        hooks = self._hooks
        hooks.operations += 1
        n = hooks.operations
        try:
            hooks.before(n, what)
            result = self._last_cursor = function(*args)
            hooks.after(n, what)
        except Crash:
            self._dead = True
            raise
        return result

    def _close(self) -> None:
        super().close()
        self._open = False

    def _abandon(self) -> None:
        """Close the connection and put the files back: closing moves the log into the database."""
        if not self._open:
            return
        [(_, _, name)] = super().execute("PRAGMA database_list").fetchall()
        files = [path for path in (Path(name), Path(f"{name}-wal")) if path.exists()]
        contents = [(path, path.read_bytes()) for path in files]
        if self._last_cursor is not None:
            # An open statement would delay the closing until a traceback is freed.
            self._last_cursor.close()
        super().close()
        for path, content in contents:
            path.write_bytes(content)


class _Locks:
    """The file locks of simulated processes. A dying process releases its locks."""

    def __init__(self) -> None:
        self._held: set[FileLock] = set()
        self._take, self._release = FileLock.take, FileLock.release

    def take(self, database: Path) -> FileLock:
        lock = self._take(database)
        self._held.add(lock)
        _sim_loop().at_end(partial(self.release, lock))
        return lock

    def release(self, lock: FileLock) -> None:
        if lock in self._held:
            self._held.discard(lock)
            self._release(lock)


def _sim_loop() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop), "inside in_loop, the store needs a SimLoop"
    return loop
