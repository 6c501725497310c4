"""Making the tables, or bringing them up to date: all or nothing."""

import base64
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

from storage import postgres, sqlite
from storage.database import configuration, is_sqlite
from storage.orm import APPS, CONNECTION, Orm

_LOCK: Final = 0x6D756E736869


async def migrate(url: str) -> list[str]:
    """Apply what migrations are pending; their names. A fresh installation gets its key.

    Raises UnsupportedDatabase, Unavailable, or WeakDurability.
    """
    config = configuration(url)
    require_durable = sqlite.require_durable if is_sqlite(config) else postgres.require_durable
    with ExitStack() as stack:
        if is_sqlite(config):
            lock = sqlite.claimed(Path(config["credentials"]["file_path"]))
            stack.callback(lock.release)
        orm = await Orm.connect(config)
        try:
            await require_durable(orm.client().execute_query_dict)
            return await orm.at_home(_migrate(orm, shared=not is_sqlite(config)))
        finally:
            await orm.close()


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
            f"INSERT INTO installation (id, key) VALUES (1, '{key}') ON CONFLICT DO NOTHING"  # noqa: S608
        )
    return names
