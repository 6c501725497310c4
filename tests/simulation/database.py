"""SQLite inside a simulated loop: no thread, one operation a turn, and a place to crash."""

import asyncio
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiosqlite
import pytest
from tortoise import models

from storage import Store
from storage.lock import FileLock
from tests.simulation.loop import SimLoop, answer, run

KEY: Final = "aaaaaaaa"
"""What public ids begin with, in every simulated installation."""

Function: TypeAlias = Callable[[], Any]
Hook: TypeAlias = Callable[[int, str], None]

_serial = count(1)


class Crash(BaseException):
    """The process is killed here."""


def _nothing(n: int, what: str) -> None:
    return None


@dataclass(slots=True)
class Hooks:
    """Told of each database operation, counted from 1: its SQL, or the name of what else it does.

    Either may raise Crash: nothing runs after that, and the files stay as they are. Any other
    exception becomes what the operation answers: `sqlite3.OperationalError` is a disk that fails.
    """

    before: Hook = _nothing
    after: Hook = _nothing
    operations: int = 0


@contextmanager
def in_loop(hooks: Hooks | None = None) -> Iterator[Hooks]:
    """Within, aiosqlite works in the SimLoop that it is called from.

    The files of a loop that ends are left as a killed process leaves them, and may be opened again.
    """
    hooks, locks = hooks or Hooks(), _Locks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.core, "Connection", partial(_Connection, hooks))
        # At each opening it would parse the ORM's own source, for comments that nobody wrote there.
        patch.setattr(models, "_get_comments", lambda model: {})
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
        with in_loop():
            run(0, lambda _: Store.migrate(f"sqlite://{path}"))
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE installation SET key = ?", (KEY,))
        connection.close()
        return path.read_bytes()


class _Connection(aiosqlite.Connection):
    """A connection without a thread. It is closed by whoever opened it, or by the end of its loop."""

    def __init__(
        self, hooks: Hooks, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int
    ) -> None:
        super().__init__(connector, iter_chunk_size)
        self._tx = _Operations(hooks)  # type: ignore[assignment]

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    def __del__(self) -> None:
        """Not as the base does: a dead process has nobody to warn."""


class _Operations:
    """In the place of aiosqlite's queue to its thread: each operation is one turn of the loop.

    As with the thread, they run in the order they were asked for, also when who asked has gone.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._waiting: deque[tuple[asyncio.Future[Any], Function]] = deque()
        self._connection: sqlite3.Connection | None = None
        loop = _loop()
        loop.at_end(self._abandon)

    def put_nowait(self, asked: tuple[asyncio.Future[Any], Function]) -> None:
        loop = _loop()
        if loop.over:
            raise Crash("this process is dead")
        self._waiting.append(asked)
        loop.call_soon(self._next)

    def _next(self) -> None:
        future, function = self._waiting.popleft()
        answer(future, self._operate, function)

    def _operate(self, function: Function) -> Any:
        hooks, what = self._hooks, _what(function)
        hooks.operations += 1
        n = hooks.operations
        hooks.before(n, what)
        result = function()
        if isinstance(result, sqlite3.Connection):
            self._connection = result
        hooks.after(n, what)
        return result

    def _abandon(self) -> None:
        """Close the connection, and undo what closing does: it moves the write-ahead log into the file."""
        if self._connection is None or not _is_open(self._connection):
            return
        [(_, _, name)] = self._connection.execute("PRAGMA database_list").fetchall()
        files = [path for path in (Path(name), Path(f"{name}-wal")) if path.exists()]
        kept = [(path, path.read_bytes()) for path in files]
        self._connection.close()
        for path, content in kept:
            path.write_bytes(content)


def _loop() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop), "within in_loop, the database works in a SimLoop only"
    return loop


def _what(function: Function) -> str:
    if not isinstance(function, partial):
        return function.__name__
    first = function.args[0] if function.args else None
    return first if isinstance(first, str) else function.func.__name__


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.total_changes  # noqa: B018 - it is the asking that tells
    except sqlite3.ProgrammingError:
        return False
    return True


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
