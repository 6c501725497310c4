"""The orders as those who run the shop read them, for the API and for commands; see `storage.reports.desk`.

In SQL, like all queries on the server's own connection.
"""

from collections.abc import Sequence
from dataclasses import replace

from payments.shop.invoice import NumberedInvoice
from storage.database.sql import Value
from storage.database.transaction import Row, Transaction
from storage.inbox import staff
from storage.inbox.customers import Naming
from storage.inbox.order_rows import OrderRows, load_orders
from storage.reports import invoices
from storage.reports.desk import DeskOrder, OrderFilter, OrderPage, People, desk_order, listed_order, page


async def listed(tx: Transaction, wanted: OrderFilter, naming: Naming) -> OrderPage:
    """Return one page of the orders that `wanted` describes."""
    owners: list[int] | None = None
    if wanted.phones is not None:
        of_phones = await tx.fetch(_OWNERS, wanted.phones, naming.passing)
        owners = sorted({row["conversation_id"] for row in of_phones})
    sql, values = _statement(wanted, owners)
    found = await tx.fetch(sql, *values)
    rows, people = await _rows(tx, found, naming)
    return page([listed_order(tx.installation, one, people) for one in rows], wanted.limit)


_OWNERS = "SELECT conversation_id FROM alias WHERE value = ANY($1::text[]) AND kind = $2"


async def detailed(tx: Transaction, words: str, naming: Naming) -> list[DeskOrder]:
    """Return the orders with `words` as their key or number, each with its documents and what the staff did.

    Raises Unreadable.
    """
    rows, people = await _rows(tx, await tx.fetch(_NAMED, words), naming)
    found = [desk_order(tx.installation, one, people, await _moves(tx, one)) for one in rows]
    return [replace(one, documents=await _documents(tx, one)) for one in found]


async def _documents(tx: Transaction, order: DeskOrder) -> tuple[NumberedInvoice, ...]:
    return tuple(await invoices.of_order(tx, order.state.order.conversation, order.state.key))


async def _moves(tx: Transaction, rows: OrderRows) -> list[Row]:
    return await tx.fetch(_MOVES, rows.order["conversation_id"], rows.order["key"])


_NAMED = """
SELECT conversation_id, key FROM orders WHERE key = $1
UNION SELECT conversation_id, key FROM orders WHERE number = $1 ORDER BY key"""


def _statement(wanted: OrderFilter, owners: Sequence[int] | None) -> tuple[str, list[Value]]:
    """Return the statement for the page, and its values. Each combination of conditions is one text."""
    values: list[Value] = [wanted.since, wanted.until, wanted.limit + 1]
    # An owner has few orders, and what is to do is little. A plain column would let the planner go by its
    # index, through all of the past.
    few = wanted.todo or owners is not None
    at = "placed_at" if owners is None else "COALESCE(placed_at, 0)"
    conditions = [f"{at} >= $1", f"{at} < $2"]

    def add(condition: str, *given: Value) -> None:
        places = (f"${len(values) + place}" for place in range(1, len(given) + 1))
        conditions.append(condition.format(*places))
        values.extend(given)

    if wanted.todo:
        conditions.append("todo IS NOT NULL")
    column = "COALESCE({}, '') = {{}}" if few else "{} = {{}}"
    if wanted.stage is not None:
        add(column.format("stage"), str(wanted.stage))
    if wanted.payment is not None:
        add(column.format("payment"), str(wanted.payment))
    if owners is not None:
        add("conversation_id = ANY({}::bigint[])", owners)
    if wanted.after is not None:
        sign = ">" if wanted.todo else "<"
        add(f"({at}, key) {sign} ({{}}, {{}})", wanted.after.at, wanted.after.key)
    direction = "ASC" if wanted.todo else "DESC"
    order = f" ORDER BY {at} {direction}, key {direction} LIMIT $3"
    # All parts are written here. What is asked for is among the values.
    sql = "SELECT conversation_id, key FROM orders WHERE " + " AND ".join(conditions) + order  # noqa: S608
    return sql, values


async def _rows(tx: Transaction, found: Sequence[Row], naming: Naming) -> tuple[list[OrderRows], People]:
    """Return the rows of the orders `found` (conversation and key), in this order, and their customers."""
    pairs = [(row["conversation_id"], row["key"]) for row in found]
    by_owner = await load_orders(tx, pairs)
    rows = {one.order["key"]: one for orders in by_owner.values() for one in orders}
    ids = sorted({id for id, _ in pairs})
    snapshots = {row["id"]: row["snapshot"] for row in await tx.fetch(_SNAPSHOTS, ids)} if ids else {}
    people = People(snapshots, await staff.phones(tx, ids, naming) if ids else {})
    return [rows[key] for _, key in pairs if key in rows], people


_SNAPSHOTS = "SELECT id, snapshot FROM conversation WHERE id = ANY($1::bigint[])"
_MOVES = """
SELECT body, trace, handled_at FROM inbox
WHERE conversation_id = $1 AND order_key = $2 AND kind = 'staff' AND handled_at IS NOT NULL ORDER BY id"""
