"""Create the tables or bring them up to date, in one transaction."""

import base64
import secrets
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

from payments.shop.orders import FIRST_NUMBER
from storage.database import postgres, sqlite
from storage.database.address import KEY, configuration, is_sqlite
from storage.database.errors import NotMigrated
from storage.database.lock import FileLock
from storage.database.orm import APPS, CONNECTION, Orm
from storage.database.trouble import place, readable_errors

_LOCK: Final = 0x6D756E736869
"""PostgreSQL advisory lock of migrations: the letters `munshi`."""


async def migrate(url: str) -> list[str]:
    """Apply the pending migrations and return their names.

    Create the database, with a new key, if there is none. Raises UnsupportedDatabase, Unavailable, or
    WeakDurability.
    """
    config = configuration(url)
    return await _apply_pending(config, sqlite.made, _accept_any)


async def upgrade(url: str) -> list[str]:
    """Like `migrate`, but only for an existing database.

    Where a database with orders is expected, an empty one means a wrong folder or a volume that is not
    mounted. Raises NotMigrated if there is no database, or one without tables.
    """
    config = configuration(url)
    return await _apply_pending(config, sqlite.claimed, partial(_require_made, config))


async def _apply_pending(
    config: dict[str, Any],
    claim: Callable[[Path], FileLock],
    require: Callable[[BaseDBAsyncClient], Awaitable[None]],
) -> list[str]:
    require_durable = sqlite.require_durable if is_sqlite(config) else postgres.require_durable
    with readable_errors(config), ExitStack() as stack:
        if is_sqlite(config):
            lock = claim(Path(config["credentials"]["file_path"]))
            stack.callback(lock.release)
        orm = await Orm.connect(config)
        try:
            await require_durable(orm.client().execute_query_dict)
            await require(orm.client())
            return await orm.at_home(_migrate(orm, shared=not is_sqlite(config)))
        finally:
            await orm.close()


async def _accept_any(client: BaseDBAsyncClient) -> None:
    return None


async def _require_made(config: dict[str, Any], client: BaseDBAsyncClient) -> None:
    """Raise NotMigrated if the database has no installation yet."""
    try:
        rows = await client.execute_query_dict(KEY)
    except OperationalError as error:
        if "installation" not in str(error):  # no such table, relation does not exist
            raise
        rows = []
    if not rows:
        raise NotMigrated(
            f"{place(config)} is empty: it was never made. If DATABASE_URL is right, and nothing was lost,"
            " make it with 'munshi migrate' or 'munshi serve --create'."
        )


class _Recorder(MigrationRecorder):
    """Record migrations inside the transaction, where the recorder's table exists already.

    Creating the table there would commit: the driver runs scripts with an implicit COMMIT.
    """

    async def ensure_schema(self, schema_editor: Any) -> None:
        return None


async def _migrate(orm: Orm, *, shared: bool) -> list[str]:
    """Create the tables, record the migrations, insert the installation's key; return the migrations' names.

    `shared`: another process may be doing the same now.
    """
    await MigrationExecutor(orm.client(), APPS).migrate(targets=[])
    async with in_transaction(CONNECTION) as client:
        if shared:
            await client.execute_query_dict(f"SELECT pg_advisory_xact_lock({_LOCK})")
        executor = MigrationExecutor(client, APPS)
        executor.recorder = executor.loader.recorder = _Recorder(client)
        names = [step.migration.name for step in await executor.plan()]
        await executor.migrate()
        key = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        await client.execute_query(
            "INSERT INTO installation (id, key, epoch, next_order, prune_at)"  # noqa: S608
            f" VALUES (1, '{key}', 0, {FIRST_NUMBER}, 0) ON CONFLICT DO NOTHING"
        )
    return names
