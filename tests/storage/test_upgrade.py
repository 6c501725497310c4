"""A database of an earlier version is brought up to date with all that it holds."""

from typing import Any

import pytest
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.address import configuration
from storage.database.orm import Orm
from tests.storage.test_database import MIGRATIONS

_ENTRY = """
INSERT INTO outbox
    (conversation_id, lane, urgency, name, payload, state, due_at, attempts, caused_by, created_at,
    finished_at)
VALUES ({conversation}, 'chat', 0, 'hello', '{{}}', '{state}', 1, 0, 1, 1, {finished})"""


async def ask(url: str, *statements: str) -> list[dict[str, Any]]:
    """Return the rows of the last of these statements."""
    orm, rows = await Orm.connect(configuration(url)), []
    try:
        for statement in statements:
            rows = await orm.at_home(orm.client().execute_query_dict(statement))
    finally:
        await orm.close()
    return [dict(row) for row in rows]


async def first_version(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a database with the first migration alone."""
    whole = MigrationExecutor.migrate

    async def partly(self: MigrationExecutor, targets: Any = None, **rest: Any) -> None:
        first = [MigrationTarget("storage", "0001_initial")]
        await whole(self, first if targets is None else targets, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(MigrationExecutor, "migrate", partly)
        await Store.migrate(url)


async def test_rows_ids_and_indexes_outlast_a_copied_table(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await first_version(database_url, monkeypatch)
    rows = [("pending", "NULL"), ("done", "2"), ("failed", "3"), ("done", "4")]
    await ask(
        database_url,
        *(_ENTRY.format(conversation=n, state=s, finished=f) for n, (s, f) in enumerate(rows)),
        "DELETE FROM outbox WHERE id = 4",
    )
    before = await ask(database_url, "SELECT * FROM outbox ORDER BY id")
    indexes = await ask(database_url, _indexes(database_url))
    assert await Store.migrate(database_url) == MIGRATIONS[1:]
    after = await ask(database_url, "SELECT * FROM outbox ORDER BY id")
    assert after == [{**row, "topic": None} for row in before]
    assert await ask(database_url, _indexes(database_url)) == indexes
    assert len(indexes) >= 6
    one_more = _ENTRY.format(conversation=9, state="superseded", finished="5")
    [new] = await ask(database_url, one_more, "SELECT id FROM outbox WHERE state = 'superseded'")
    assert new["id"] == 5, "an id is never given out again"
    for wrong in ("'lost'", "'superseded', finished_at = NULL", "'superseded', lane = 'road'"):
        with pytest.raises(Exception, match=r"(?i)check constraint"):
            await ask(database_url, f"UPDATE outbox SET state = {wrong} WHERE id = 5")
    await (await Store.open(database_url, WHATSAPP)).close()


def _indexes(url: str) -> str:
    if url.startswith("sqlite"):
        return (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'outbox' ORDER BY name"
        )
    return "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'outbox' ORDER BY indexname"


async def test_an_upgrade_that_is_cut_off_leaves_the_database_as_it_was(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await first_version(database_url, monkeypatch)
    await ask(database_url, _ENTRY.format(conversation=1, state="pending", finished="NULL"))

    def fail(_: int) -> bytes:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("secrets.token_bytes", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.migrate(database_url)
    [row] = await ask(database_url, "SELECT * FROM outbox")
    assert "topic" not in row
    assert await Store.migrate(database_url) == MIGRATIONS[1:]
