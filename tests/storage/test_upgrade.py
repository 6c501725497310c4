"""A database of an earlier version is brought up to date with all that it holds."""

from hashlib import sha256
from typing import Any

import pytest
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.address import configuration
from storage.database.orm import Orm
from storage.database.records import reading
from storage.reports.ledger import books
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
    assert after == [{**row, "topic": None, "heard_at": None} for row in before]
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


async def test_the_first_migration_is_never_changed(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases have it. What a later program needs is a migration of its own."""
    await first_version(sqlite_url, monkeypatch)
    made = await ask(
        sqlite_url,
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'tortoise%'"
        " AND name NOT LIKE 'sqlite%'",
    )
    tables = "\n".join(sorted(row["sql"] for row in made))
    assert sha256(tables.encode()).hexdigest().startswith("2021d85845b05657")


async def test_what_was_changed_about_an_order_before_can_be_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await first_version(database_url, monkeypatch)
    await ask(database_url, _ORDER, _FACT, _AMENDMENT, _MIRROR)
    await Store.migrate(database_url)
    async with reading(database_url) as records:
        found = await books(records)
        [copy] = await records.reads.fetch("SELECT doubted_at FROM mirror")
    assert (found.discrepancies, found.figures.orders, found.changed) == ([], 1, 1)
    assert found.figures.sums["INR"].fulfilled == 40_000
    assert copy["doubted_at"] == 0


_ORDER = """
INSERT INTO orders
    (key, conversation_id, number, lines, total, currency, terms, destination, payment, stage, lifecycle,
    fulfilled, held, placed_at, placed_by, paid_at)
VALUES ('k-1-1', 1, '10001', '[["tea", "Tea", 2, 25000]]', 50000, 'INR', '{}', '{}', 'paid', 'placed',
    'fulfilled', 40000, 0, 1, 1, 5)"""
_FACT = """
INSERT INTO fact
    (conversation_id, order_key, entity, entity_id, state, amount, currency, at, detail, learned_at,
    learned_from)
VALUES (1, 'k-1-1', 'payment', 'pay_1', 'captured', 40000, 'INR', 1, '{}', 1, 1)"""
_AMENDMENT = """
INSERT INTO amendment
    (key, conversation_id, order_key, kind, amount, sku, pieces, changed_by, why, created_at, caused_by)
VALUES ('k-1-1.a', 1, 'k-1-1', 'allowance', 10000, '', 0, 'Meena', '', 2, 2)"""
_MIRROR = """
INSERT INTO mirror
    (order_key, state, amendments, asked_at, looks, failures, failing_since, recheck, restock, revision,
    tries, leased, created_at)
VALUES ('k-1-1', 'wanted', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)"""
