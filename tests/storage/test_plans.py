"""Every statement seeks, on both databases: none reads a whole table that grows, or all beyond one value.

The statements are those that the code really asks while a shop is served and looked after, in a database in
which 30,000 customers have bought; so a new one is among them by itself.
"""

import ast
import asyncio
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

import storage
from bot.whatsapp.channel import WHATSAPP
from payments.ledger.audited import Figures, figures_to_json
from storage import Store, reports
from storage.database.encoding import dumps
from storage.database.records import reading
from storage.database.transaction import Row, Work
from storage.store import opened
from tests.databases import made
from tests.storage import query_plans
from tests.storage.past_purchases import with_past
from tests.storage.recorded_statements import RecordedUnits, Statements, record
from tests.storage.workload import look_after, serve

_CUSTOMERS: Final = 30_000
_REMEMBERED: Final = 10

READ_ALL: Final = {
    "SELECT * FROM inbox WHERE trace IS NOT NULL ORDER BY handled_at DESC, id DESC LIMIT $1": (
        "only the demo asks, of a database that it has just made"
    ),
    "SELECT key FROM orders ORDER BY key LIMIT 1 OFFSET $1": "only munshi ledger --full asks",
    "SELECT COUNT(*) AS orders FROM orders": "only munshi ledger asks: a missing order must show",
    "SELECT COUNT(*) AS others FROM conversation WHERE hears <> 'offers' AND merged_into IS NULL"
    " AND forgotten_at IS NULL": "it counts everybody, which a person asks before a broadcast",
}
"""Statements that may read a whole table, and why."""
_NOT_PLAYED: Final = (
    "storage.accounts", "storage.database.migration", "storage.database.backup", "storage.operations.epochs",
    "storage.recovery",
)  # fmt: skip
"""Modules whose statements open a database, run once during or after a restore, or ask another file, which
`test_accounts.py` looks after."""
_OF_THE_SERVER: Final = ("tortoise_migrations", "pg_settings", "SELECT key FROM installation")
"""Marks of statements that read a setting, or the one row of the installation."""
_SCANS: Final = (
    "SELECT id FROM inbox WHERE body LIKE 'x%'",
    "SELECT c.id FROM conversation c WHERE c.updated_at > 7",
    "UPDATE outbox SET attempts = 0 WHERE name = 'hello'",
    "DELETE FROM fact WHERE order_key = '1' AND amount = 2",
    "SELECT a.key, COUNT(*) FROM orders a JOIN refund b ON a.total = b.amount GROUP BY a.key",
    "SELECT MAX(at) FROM fact",
    "SELECT COUNT(*) FROM orders WHERE placed_at > 7",
    "DELETE FROM inbox WHERE id < 7000",
    "SELECT key FROM amendment WHERE created_at >= 7 ORDER BY why LIMIT 5",
)
"""Statements that read a whole table, whatever the planner does."""


@dataclass(frozen=True, slots=True)
class Planned:
    """How one database runs each statement."""

    faults: dict[str, list[str]]
    """By statement, without its rows: the parts that read a whole table; empty where it seeks."""
    scans: dict[str, list[str]]
    """The same for `_SCANS`."""
    askers: set[str]
    """The functions that queried through the ORM."""


@pytest.fixture(params=["sqlite", "postgres"])
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    if request.param == "sqlite":
        return asyncio.run(_planned(f"sqlite://{tmp_path_factory.mktemp('plans')}/munshi.db"))
    server: Any = request.getfixturevalue("postgres_server")
    server.psql("CREATE DATABASE plans")
    found = asyncio.run(_planned(server.get_uri(database="plans")))
    server.psql("DROP DATABASE plans WITH (FORCE)")
    return found


async def _planned(url: str) -> Planned:
    await made(url)
    units = await opened(url)
    try:
        asked = await _asked(Store(units, WHATSAPP), url)
        known = await query_plans.indexes(units)
        faults: dict[str, list[str]] = {}
        for sql, values in asked.seen.items():
            faults.setdefault(shape(sql), []).extend(await query_plans.faults(units, known, sql, values))
        return Planned(
            faults, {sql: await query_plans.faults(units, known, sql, []) for sql in _SCANS}, asked.askers
        )
    finally:
        await units.close()


async def _asked(store: Store, url: str) -> Statements:
    shop = await with_past(store, _CUSTOMERS, remembered=_REMEMBERED)
    for sql in _AUDITED:
        await store._units.run(_asking(sql))
    statements = Statements()
    shop.store = Store(RecordedUnits(store._units, statements), WHATSAPP)
    await serve(shop, store._units)
    async with reading(url) as records:
        record(records, statements)
        await look_after(records, next(iter(shop.razorpay.links.values())).key)
    return statements


def _asking(sql: str) -> Work[list[Row]]:
    return lambda tx: tx.fetch(sql)


_NOTHING: Final = dumps(figures_to_json(Figures()))
_AUDITED: Final = (
    f"INSERT INTO audit (number, made_at, figures, digest)"
    f" SELECT ROW_NUMBER() OVER (ORDER BY key), 1, '{_NOTHING}', '' FROM orders",
    f"INSERT INTO audited_order (audit, order_key, facts, facts_digest, books_digest, figures)"
    f" SELECT ROW_NUMBER() OVER (ORDER BY key), key, 0, '', '', '{_NOTHING}' FROM orders",
    "INSERT INTO counted (subject, numbers) SELECT key, '[]' FROM orders",
    "INSERT INTO figure (kind, day, name, count, amount)"
    " SELECT CASE WHEN id % 2 = 0 THEN 'sold' ELSE 'failed' END, 20260101 + id % 28, 'of ' || id, 1, 1"
    " FROM inbox",
    "INSERT INTO tally (at, numbers) SELECT received_at, '[]' FROM inbox",
    "ANALYZE counted",
    "ANALYZE figure",
    "ANALYZE tally",
    "ANALYZE audit",
    "ANALYZE audited_order",
)
"""Each past order was audited and counted once, as far as the planner of a statement can see."""


def test_every_statement_seeks(planned: Planned, subtests: pytest.Subtests) -> None:
    """One test, since the database takes long to fill."""
    with subtests.test("each statement seeks"):
        assert not {sql: f for sql, f in planned.faults.items() if f and sql not in READ_ALL}
    with subtests.test("one that reads a whole table is noticed"):
        assert all(planned.scans.values()), planned.scans
    with subtests.test("no exception is made without need"):
        assert all(planned.faults[sql] for sql in READ_ALL)
    with subtests.test("every statement in the code was asked"):
        assert not _unasked(planned), "let tests/storage/workload.py do what asks these"
    with subtests.test("every query of the ORM was asked"):
        assert not set(_querying()) - planned.askers, "let look_after of tests/storage/workload.py call these"


def _unasked(planned: Planned) -> list[str]:
    asked = [" ".join(sql.split()) for sql in planned.faults]
    missing = [sql for sql in _written() if not any(one.startswith(sql) for one in asked)]
    return [sql for sql in missing if not any(name in sql for name in _OF_THE_SERVER)]


def shape(sql: str) -> str:
    """`sql` as it is written in the code: with `{rows}`, or `{values}` in a list, for any number of them."""
    rows = re.sub(r"VALUES \(\$[^()]*\)(?:, \(\$[^()]*\))*", "VALUES {rows}", sql.strip())
    return re.sub(r"IN \([?$][^()]*\)", "IN {values}", rows)


def _written() -> Iterator[str]:
    """Every statement in the code of this room, on one line."""
    for found in pkgutil.walk_packages(storage.__path__, "storage."):
        if not found.ispkg and not found.name.startswith(_NOT_PLAYED):
            module = import_module(found.name)
            texts = [text for text in vars(module).values() if isinstance(text, str)]
            tree = ast.parse(Path(inspect.getfile(module)).read_text())
            texts += [
                node.value
                for function in ast.walk(tree)
                if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef)
                for node in ast.walk(function)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            yield from (shape(" ".join(text.split())) for text in texts if _STATEMENT.match(text))


def _querying() -> Iterator[str]:
    """Every function that queries the models: it uses `records.client`."""
    for found in pkgutil.iter_modules(reports.__path__, f"{reports.__name__}."):
        tree = ast.parse(Path(inspect.getfile(import_module(found.name))).read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.AsyncFunctionDef) and "records.client" in ast.unparse(function):
                yield f"{found.name}.{function.name}"


_STATEMENT: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s.*(FROM|INTO|SET)\s", re.DOTALL)
