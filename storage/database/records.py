"""The whole database as it stands at one instant, read beside whoever writes it: for what people read.

Within `reading`, the models of `storage.database.models` can be asked. Every query sees one snapshot: what is
written meanwhile is not seen, however long the reading takes, and nothing can be written through it. A
process reads one kind of database at a time, since the models are the process's and write its SQL.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from storage.database import read_only
from storage.database.address import APPLIED, KEY, configuration, is_sqlite, require_migrated
from storage.database.orm import Orm
from storage.database.postgres import begun, checked, connected
from storage.database.trouble import told


class Records:
    """One snapshot."""

    def __init__(self, client: BaseDBAsyncClient, installation: str) -> None:
        self.client = client
        """What the queries of the models run on."""
        self.installation = installation
        """What this installation's public ids begin with."""

    async def damage(self) -> str | None:
        """What SQLite finds wrong with its own file; None if nothing is, or if the server looks after that.

        Source: SQLite, "PRAGMA quick_check".
        """
        if self.client.capabilities.dialect != "sqlite":
            return None
        [found, *more] = await self.client.execute_query_dict("PRAGMA quick_check(1)")
        [said] = found.values()
        return None if said == "ok" and not more else str(said)


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Records]:
    """A snapshot of the database at `url`, while it is served or not.

    Raises NotMigrated (no database, or older tables than this program's), Unavailable, or
    UnsupportedDatabase.
    """
    config = configuration(url)
    snapshot = _sqlite(config) if is_sqlite(config) else _postgres(config)
    with told(config):
        async with snapshot as client:
            [row] = await client.execute_query_dict(KEY)
            yield Records(client, row["key"])


@asynccontextmanager
async def _sqlite(config: Mapping[str, Any]) -> AsyncIterator[BaseDBAsyncClient]:
    file = {"file_path": config["credentials"]["file_path"]}
    orm = await Orm.connect({"engine": read_only.__name__, "credentials": file})
    try:
        await require_migrated(lambda: _applied(orm.client()))
        await orm.client().execute_query("BEGIN")
        with orm.context:
            yield orm.client()
    finally:
        await orm.close()


async def _applied(client: BaseDBAsyncClient) -> set[str]:
    try:
        return {row["name"] for row in await client.execute_query_dict(APPLIED)}
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        return set()


@asynccontextmanager
async def _postgres(config: Mapping[str, Any]) -> AsyncIterator[BaseDBAsyncClient]:
    orm = await connected(config, _SNAPSHOT)
    try:
        await orm.at_home(checked(orm.client()))
        with orm.context:
            async with begun() as client:
                # A person waits for the end, however long; the server's own limits are for units of work.
                await client.execute_query_dict(_NO_LIMITS)
                yield client
    finally:
        await orm.close()


_SNAPSHOT: Final = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
    # The ORM gives every value beside its statement: only with it do planners see which index holds it.
    "plan_cache_mode": "force_custom_plan",
}
_NO_LIMITS: Final = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')"""
