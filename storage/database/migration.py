"""Making the tables, or bringing them up to date: all or nothing."""

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

from storage.database import postgres, sqlite
from storage.database.address import KEY, configuration, is_sqlite
from storage.database.errors import NotMigrated
from storage.database.lock import FileLock
from storage.database.orm import APPS, CONNECTION, Orm
from storage.database.trouble import place, told

_LOCK: Final = 0x6D756E736869


async def migrate(url: str) -> list[str]:
    """Apply what migrations are pending; their names. Makes the database if there is none, with a new key.

    Raises UnsupportedDatabase, Unavailable, or WeakDurability.
    """
    config = configuration(url)
    return await _brought_up(config, sqlite.made, _whatever)


async def upgrade(url: str) -> list[str]:
    """Like `migrate`, for a database that is there: it never makes one.

    An empty database where one with orders is expected is a wrong folder or a volume that is not mounted.
    Raises NotMigrated if there is none, or one without tables.
    """
    config = configuration(url)
    return await _brought_up(config, sqlite.claimed, partial(_require_made, config))


async def _brought_up(
    config: dict[str, Any],
    claim: Callable[[Path], FileLock],
    require: Callable[[BaseDBAsyncClient], Awaitable[None]],
) -> list[str]:
    require_durable = sqlite.require_durable if is_sqlite(config) else postgres.require_durable
    with told(config), ExitStack() as stack:
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


async def _whatever(client: BaseDBAsyncClient) -> None:
    return None


async def _require_made(config: dict[str, Any], client: BaseDBAsyncClient) -> None:
    try:
        made = await client.execute_query_dict(KEY)
    except OperationalError as error:
        if "installation" not in str(error):  # no such table, relation does not exist
            raise
        made = []
    if not made:
        raise NotMigrated(
            f"{place(config)} is empty: it was never made. If DATABASE_URL is right, and nothing was lost,"
            " make it with 'munshi migrate' or 'munshi serve --create'."
        )


class _Recorder(MigrationRecorder):
    """Records inside the transaction, where its table is already there.

    Making it there would commit: the driver runs scripts with an implicit COMMIT.
    """

    async def ensure_schema(self, schema_editor: Any) -> None:
        return None


async def _migrate(orm: Orm, *, shared: bool) -> list[str]:
    """The tables, the record of them, and the installation's key. `shared`: others may do the same now."""
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
            f"INSERT INTO installation (id, key, epoch) VALUES (1, '{key}', 0) ON CONFLICT DO NOTHING"  # noqa: S608
        )
    return names
