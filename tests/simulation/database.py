"""SQLite inside a simulated loop: no thread, each unit of work in one turn, and places to crash."""

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
"""What public ids begin with, in every simulated installation."""

Hook: TypeAlias = Callable[[int, str], None]

_serial = count(1)


class Crash(BaseException):
    """The process is killed here."""


def _nothing(n: int, what: str) -> None:
    return None


@dataclass(slots=True)
class Hooks:
    """Told of each database operation, counted from 1: its SQL, or `close`.

    Either may raise Crash: nothing runs after that, and the files stay as they are. Any other
    exception becomes what the operation answers: `sqlite3.OperationalError` is a disk that fails.
    """

    before: Hook = _nothing
    after: Hook = _nothing
    operations: int = 0


@contextmanager
def in_loop(hooks: Hooks | None = None) -> Iterator[Hooks]:
    """Within, the store works in the SimLoop that it is opened from.

    The files of a loop that ends are left as a killed process leaves them, and may be opened again.
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
    """The URL of an empty, migrated database of its own in `directory`. Not from inside a loop.

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
    """Tells of what it is asked to do. It is closed by whoever opened it, or by the end of its loop."""

    def __init__(self, hooks: Hooks, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._hooks = hooks
        self._open, self._dead = True, False
        self._last: sqlite3.Cursor | None = None
        """What was answered last; it may not have been read."""
        _loop().at_end(self._abandon)

    def execute(self, sql: str, values: Any = (), /) -> Any:
        return self._operate(sql, super().execute, sql, values)

    def executemany(self, sql: str, rows: Any, /) -> Any:
        return self._operate(sql, super().executemany, sql, rows)

    def close(self) -> None:
        self._operate("close", self._let_go)

    def _operate(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        if self._dead:
            raise Crash("this process is dead")
        hooks = self._hooks
        hooks.operations += 1
        n = hooks.operations
        try:
            hooks.before(n, what)
            result = self._last = function(*args)
            hooks.after(n, what)
        except Crash:
            self._dead = True
            raise
        return result

    def _let_go(self) -> None:
        super().close()
        self._open = False

    def _abandon(self) -> None:
        """Close the connection, and undo what closing does: it moves the write-ahead log into the file."""
        if not self._open:
            return
        [(_, _, name)] = super().execute("PRAGMA database_list").fetchall()
        files = [path for path in (Path(name), Path(f"{name}-wal")) if path.exists()]
        kept = [(path, path.read_bytes()) for path in files]
        if self._last is not None:
            # With a statement in use, the file would be closed when somebody forgets the traceback.
            self._last.close()
        super().close()
        for path, content in kept:
            path.write_bytes(content)


class _Locks:
    """The file locks of simulated processes: one that dies gives back what it holds."""

    def __init__(self) -> None:
        self._held: set[FileLock] = set()
        self._take, self._release = FileLock.take, FileLock.release

    def take(self, database: Path) -> FileLock:
        lock = self._take(database)
        self._held.add(lock)
        _loop().at_end(partial(self.release, lock))
        return lock

    def release(self, lock: FileLock) -> None:
        if lock in self._held:
            self._held.discard(lock)
            self._release(lock)


def _loop() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop), "within in_loop, the store works in a SimLoop only"
    return loop
