"""Notices that somebody has written to a database, without reading what.

Sources: SQLite, "PRAGMA data_version"; PostgreSQL, "Backup Control Functions".
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient

from storage.database import read_only
from storage.database.address import configuration, is_sqlite
from storage.database.orm import Orm
from storage.database.postgres import connected
from storage.database.trouble import readable_errors

_SQLITE: Final = "PRAGMA data_version"
_POSTGRES: Final = "SELECT pg_current_wal_insert_lsn()::text AS position"


class Watch:
    """A connection that only looks. It never holds a snapshot open."""

    def __init__(self, client: BaseDBAsyncClient, sql: str) -> None:
        self._client = client
        self._sql = sql

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["Watch"]:
        """Open the database at `url`. Raises StorageError."""
        config = configuration(url)
        with readable_errors(config):
            if is_sqlite(config):
                file = {"file_path": config["credentials"]["file_path"]}
                orm = await Orm.connect({"engine": read_only.__name__, "credentials": file})
                sql = _SQLITE
            else:
                orm, sql = await connected(config, {"default_transaction_read_only": "on"}), _POSTGRES
            try:
                yield cls(orm.client(), sql)
            finally:
                await orm.close()

    async def position(self) -> str:
        """Return a text that is another one after each commit of another connection."""
        [row] = await self._client.execute_query_dict(self._sql)
        [position] = row.values()
        return str(position)
