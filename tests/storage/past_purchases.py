"""A shop with many past purchases: the rows of one real purchase, copied for any number of customers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tortoise.fields import CharField, TextField
from tortoise.models import Model

from payments.shop.invoice import to_json
from storage import Store
from storage.database import models, order_models
from storage.database.encoding import dumps
from storage.database.postgres import PostgresUnits
from storage.database.transaction import Row, Transaction, Work
from tests.storage.issued_invoices import BILL
from tests.storage.purchases import Shop

START: Final = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC: when the purchase begins."""
_LATER: Final = 60 * 24 * 3600 * 1000
"""Milliseconds after which the purchase has no timer and no poll left."""
_AGO: Final = 1000
"""Milliseconds between one customer's purchase and that of the one before."""
_COPIED: Final[tuple[type[Model], ...]] = (
    models.Alias,
    models.Inbox,
    models.Outbox,
    order_models.Order,
    order_models.Attempt,
    order_models.Fact,
    order_models.Refund,
    order_models.Amendment,
    order_models.Invoice,
    models.Conversation,
)
_BULKY: Final = ("inbox", "outbox")
"""Tables with most of the rows of a purchase, and nearly all of their bytes."""
_NUMBERED: Final = ("conversation", *_BULKY)
"""Tables whose rows are given their ids; in the others nobody names them."""
_OF_EVENTS: Final = ("caused_by", "learned_from", "placed_by")
"""Columns that hold the number of an event."""
_UNIQUE: Final = {
    ("alias", "value"): "SUBSTR(value, 1, 3) || CAST(CAST(SUBSTR(value, 4) AS BIGINT) + n AS TEXT)",
    ("invoice", "number"): "'AN/26/' || CAST(n AS TEXT)",
    ("orders", "number"): "number || '-' || CAST(n AS TEXT)",
}
"""Columns with a text of each customer's own. An alias begins with `IN.` or `919`, the rest is a number."""


async def with_past(store: Store, customers: int, *, remembered: int = 1) -> Shop:
    """Fill the empty `store`: customers 0 to `customers` - 1 bought, paid twice, and were refunded once.

    Inbox and outbox have the rows of every `remembered`-th customer only. Returns the shop.
    """
    shop = Shop(store, START)
    await shop.order([0])
    await shop.pay(times=2)
    shop.now += _LATER
    await shop.finish()
    await store._units.run(lambda tx: tx.fetch(_AMENDED, shop.now))
    await store._units.run(lambda tx: tx.fetch(_INVOICED, dumps(to_json(BILL)), shop.now))
    await store._units.run(lambda tx: tx.fetch("UPDATE orders SET stage = 'delivered', todo = NULL"))
    await store._units.run(lambda tx: _copy(tx, customers - 1, remembered))
    for sql in (_ASKED, _COUNTED, _TOLD):
        await store._units.run(_asking_all(sql))
    await store._units.run(lambda tx: tx.fetch(_MIRRORED, shop.now))
    if isinstance(store._units, PostgresUnits):
        await store._units.run(_known_to_postgres)
    return shop


_ASKED: Final = """
INSERT INTO idempotency_key (key, request, event) SELECT key, 'digest', placed_by FROM orders"""
"""Each order was asked for over the API."""
_COUNTED: Final = "INSERT INTO hook_stream (stream, counted) SELECT key, 1 FROM orders"
_TOLD: Final = """
INSERT INTO hook (conversation_id, key, stream, sequence, type, data, state, attempts, created_at,
    finished_at)
SELECT conversation_id, key || '.1', key, 1, 'order.placed', '{}', 'done', 1, placed_at, placed_at + 1
FROM orders"""
"""Another program was told of the order."""
_MIRRORED: Final = """
INSERT INTO mirror (order_key, state, copy_id, told, amendments, asked_at, looks, failures, failing_since,
    recheck, restock, doubted_at, revision, tries, leased, created_at)
SELECT key, 'made', key, 'paid', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, $1::bigint FROM orders"""
"""Each order has its copy."""
_AMENDED: Final = """
INSERT INTO amendment (key, conversation_id, order_key, kind, amount, sku, pieces, changed_by, why,
    shelf, created_at, caused_by)
SELECT key || '-a1', conversation_id, key, 'less', 0, 'masala-250', 1, 'ravi', '', 1, $1, placed_by
FROM orders"""
"""A person took a piece out of the order."""
_INVOICED: Final = """
INSERT INTO invoice (number, conversation_id, order_key, kind, total, body, issued_at, caused_by)
SELECT 'AN/26/0', conversation_id, key, 'tax invoice', total, $1, $2, placed_by FROM orders"""
"""The goods left."""


async def come_often(store: Store, times: int) -> None:
    """Add `times` copies of the inbox and outbox rows of customer 1."""
    for model in (models.Inbox, models.Outbox):
        columns = {kind.source_field or name: "" for name, kind in model._meta.fields_map.items()}
        del columns["id"]
        copied = {
            name: f"{name} || '/' || CAST(n AS TEXT)" if name in ("key", "provider_id") else name
            for name in columns
        }
        await store._units.run(_asking(_copies(model._meta.db_table, copied), times))


def _asking_all(sql: str) -> Work[list[Row]]:
    return lambda tx: tx.fetch(sql)


def _asking(sql: str, copies: int) -> Work[list[Row]]:
    return lambda tx: tx.fetch(sql, copies, 1)


async def _copy(tx: Transaction, copies: int, remembered: int) -> None:
    [spans] = await tx.fetch(
        "SELECT (SELECT MAX(id) FROM inbox) AS inbox, (SELECT MAX(id) FROM outbox) AS outbox"
    )
    for model in _COPIED:
        columns = dict(_columns(model, tx.installation, spans))
        table = model._meta.db_table
        every = remembered if table in _BULKY else 1
        await tx.fetch(_copies(table, columns), copies, every)


@dataclass(frozen=True, slots=True)
class Template:
    """A real purchase of customer 1, kept beside the tables that are pruned, on SQLite."""

    spans: Mapping[str, Any]
    same: frozenset[tuple[str, str]]
    """(table, column) of texts that name nothing of the customer's own: they are copied as they are."""


async def template(store: Store) -> tuple[Shop, Template]:
    """Let customer 0 buy in the empty `store`, and keep the rows of the purchase."""
    shop = await with_past(store, 1)

    async def keep(tx: Transaction) -> Template:
        for model in _COPIED:
            table = model._meta.db_table
            owner = "id" if table == "conversation" else "conversation_id"
            await tx.fetch(f"CREATE TABLE old_{table} AS SELECT * FROM {table} WHERE {owner} = 1")
        [spans] = await tx.fetch(
            "SELECT (SELECT MAX(id) FROM inbox) AS inbox, (SELECT MAX(id) FROM outbox) AS outbox"
        )
        return Template(spans, frozenset(await _same(tx)))

    return shop, await store._units.run(keep)


_PAYMENTS: Final = ("pay_1", "pay_2", "rfnd_1")
"""Razorpay's ids of the payments and the refund."""


async def _same(tx: Transaction) -> list[tuple[str, str]]:
    found = []
    for model in _COPIED:
        table = model._meta.db_table
        rows = await tx.fetch(f"SELECT * FROM old_{table}")
        for column in rows[0]:
            whole = "".join(str(row[column]) for row in rows)
            if not any(id in whole for id in (tx.installation, *_PAYMENTS)):
                found.append((table, column))
    return found


async def purchase(store: Store, kept: Template, first: int, count: int, later: int) -> None:
    """Add the purchases of `count` new customers from number `first` on.

    They were made `later` milliseconds after the kept one.
    """

    async def add(tx: Transaction) -> None:
        for model in _COPIED:
            table = model._meta.db_table
            columns = {
                name: _moved(table, name, value, kept, later)
                for name, value in _columns(model, tx.installation, kept.spans)
            }
            await tx.fetch(
                f"WITH RECURSIVE many(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM many"
                f" WHERE n < {first + count - 1})"
                f" INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
                f" FROM old_{table} CROSS JOIN many"
            )

    await store._units.run(add)


def _moved(table: str, column: str, value: str, kept: Template, later: int) -> str:
    if column.endswith(("_at", "_until")):
        return f"{column} + {later}"
    return column if value.startswith("REPLACE") and (table, column) in kept.same else value


async def _known_to_postgres(tx: Transaction) -> None:
    """Set the sequences and the planner's statistics, which SQLite needs not."""
    for table in _NUMBERED:
        sequence = f"pg_get_serial_sequence('{table}', 'id')"
        await tx.fetch(f"SELECT setval({sequence}, (SELECT MAX(id) FROM {table}))")
    await tx.fetch("ANALYZE")


def _copies(table: str, columns: Mapping[str, str]) -> str:
    owner = "id" if table == "conversation" else "conversation_id"
    return f"""
WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < $1::bigint)
INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(columns.values())} FROM {table} CROSS JOIN many
WHERE {owner} = 1 AND n % $2::bigint = 0 AND n <= $1::bigint"""


def _columns(model: type[Model], installation: str, spans: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """For each column: the SQL that makes its value for customer n + 1 from that of customer 1."""
    table = model._meta.db_table
    for name, kind in model._meta.fields_map.items():
        column = kind.source_field or name
        if column == ("id" if table == "conversation" else "conversation_id"):
            yield column, "n + 1"
        elif column == "id":
            if table in _NUMBERED:
                yield column, f"id + n * {spans[table]}"
        elif column in _OF_EVENTS:
            yield column, f"{column} + n * {spans['inbox']}"
        elif column.endswith(("_at", "_until")):
            yield column, f"{column} - n * {_AGO}"
        elif (table, column) in _UNIQUE:
            yield column, _UNIQUE[table, column]
        elif isinstance(kind, TextField | CharField):
            yield column, _renamed(column, installation)
        else:
            yield column, column


def _renamed(column: str, installation: str) -> str:
    """SQL that replaces the unique ids in `column` by those of customer n + 1."""
    for end in ("-", "."):
        old = f"{installation}-1{end}"
        column = f"REPLACE({column}, '{old}', '{installation}-' || CAST(n + 1 AS TEXT) || '{end}')"
    for id in _PAYMENTS:
        column = f"REPLACE({column}, '{id}', '{id}_' || CAST(n AS TEXT))"
    return column
