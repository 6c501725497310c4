"""A read-only SQLite connection for the ORM's reports.

The file is opened with `mode=ro`, so that the operating system refuses every write and every checkpoint, also
the checkpoint that the last connection makes when it closes. It needs no lock: a WAL is corrupted only by two
connections that write or checkpoint. A reader leaves at most an empty WAL.

Source: SQLite, "Write-Ahead Logging", read-only databases and the WAL-reset bug.
"""

import sqlite3
from pathlib import Path
from typing import Final

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient

from storage.database.lock import no_database

_BUSY_SECONDS: Final = 5.0
"""How long to wait for a server that is opening or closing the file."""


class ReadOnlyClient(SqliteClient):
    """The ORM's client without its PRAGMAs, because they write."""

    async def create_connection(self, with_db: bool) -> None:
        """Open the file. Raises NotMigrated if there is none, or the driver's errors."""
        if self._connection is not None:
            return
        connection = await aiosqlite.connect(
            read_only(Path(self.filename)), uri=True, isolation_level=None, timeout=_BUSY_SECONDS
        )
        connection.row_factory = sqlite3.Row
        await connection.execute("PRAGMA query_only = ON")
        self._connection = connection


client_class = ReadOnlyClient
"""The name that the ORM looks for in the module that a configuration's `engine` names."""


def read_only(path: Path) -> str:
    """Return the URI that opens `path` read-only. Raises NotMigrated if there is no such file."""
    if not path.exists():
        raise no_database(path)
    return f"{path.absolute().as_uri()}?mode=ro"
