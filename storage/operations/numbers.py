"""Count what changed into the shop's numbers: orders, customers, and what steps and answers left to be added.

An order or a customer that changed is counted anew, and what it added before is taken back. So the figures
are always the sum of `counted` and of the tallies that were added. What a count has added and what it marks
as counted are one transaction: a crash counts nothing twice.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from payments.ledger.numbers import Numbers, Place, Sum, day_number, from_json, of_order, to_json, total
from payments.processing.customer_numbers import of_customer
from payments.shop.catalogue import Shop
from storage.database.encoding import dumps, loads
from storage.database.transaction import Row, Transaction, Units
from storage.inbox.order_rows import OrderRows, Unreadable, load_books, order_state

log = structlog.get_logger()


class ShopNumbers:
    """The shop's numbers, kept up to date. Any number of processes may count at a time."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def count(self, shop: Shop, now: int, limit: int) -> int:
        """Count up to `limit` orders, customers and tallies that wait for it; return how many they were.

        Days are those of `shop`, and its prices tell what stands in carts.
        """
        [waiting] = await self._units.read(lambda tx: tx.fetch(_WAITING, _BEFORE_ALL))
        if not any(waiting.values()):
            return 0
        return await self._units.run(lambda tx: count(tx, shop, now, limit))


async def count(tx: Transaction, shop: Shop, now: int, limit: int) -> int:
    """See `ShopNumbers.count`."""
    tallies = await tx.fetch(_TALLIES, _BEFORE_ALL, limit)
    customers = await tx.fetch(_CUSTOMERS, limit)
    orders = await tx.fetch(_ORDERS, limit)
    if tallies:
        await tx.fetch(_DELETE_TALLIES, [row["id"] for row in tallies])
    if customers:
        await tx.fetch(_CUSTOMERS_COUNTED, [row["id"] for row in customers], now)
    if orders:
        await tx.fetch(_ORDERS_COUNTED, [row["key"] for row in orders], now)
    found = await of_customers(tx, customers, shop) | await of_orders(tx, orders, shop)
    added = [_of_tally(row, shop) for row in tallies]
    before = await _counted(tx, sorted(found))
    await _keep(tx, {of: numbers for of, numbers in found.items() if numbers != before.get(of, {})})
    await _add(tx, total([*added, *found.values()], before.values()))
    return len(tallies) + len(customers) + len(orders)


async def of_orders(tx: Transaction, rows: Sequence[Row], shop: Shop) -> dict[str, Numbers]:
    """Return what each of these orders (conversation_id, key) adds to the numbers, by its key."""
    loaded = await load_books(tx, [(row["conversation_id"], row["key"]) for row in rows])
    return {one.order["key"]: _of_order(tx.installation, one, shop) for one in loaded}


def _of_order(installation: str, rows: OrderRows, shop: Shop) -> Numbers:
    try:
        return of_order(order_state(installation, rows), shop.timezone)
    except Unreadable as unreadable:
        # The audit tells operators what is wrong with it. Until it is mended, it is in no figure.
        log.error("an order cannot be counted", order=unreadable.key)  # noqa: TRY400 - it may quote the customer
        return {}


async def of_customers(tx: Transaction, rows: Sequence[Row], shop: Shop) -> dict[str, Numbers]:
    """Return what each of these customers adds to the numbers, by their conversation.

    Who was forgotten, became a part of another conversation, or has not been stepped yet adds nothing.
    """
    ids = [row["id"] for row in rows]
    orders = {row["conversation_id"]: row for row in await tx.fetch(_BOUGHT, ids)} if ids else {}
    return {str(row["id"]): _of_customer(row, orders.get(row["id"], _NONE), shop) for row in rows}


def _of_customer(row: Row, orders: Mapping[str, int | None], shop: Shop) -> Numbers:
    if row["merged_into"] is not None or row["forgotten_at"] is not None or not row["state"]:
        return {}
    heard_at = row["created_at"] if row["last_inbound_at"] is None else row["last_inbound_at"]
    unpaid = int(orders["unpaid"] or 0)
    return of_customer(row["state"], loads(row["snapshot"]), heard_at, orders["bought_at"], unpaid, shop)


def _of_tally(row: Row, shop: Shop) -> Numbers:
    day = day_number(shop.timezone, row["at"])
    return {Place(kind, day, name): Sum(count, amount) for kind, name, count, amount in loads(row["numbers"])}


async def _counted(tx: Transaction, subjects: Sequence[str]) -> dict[str, Numbers]:
    """Return what each of these subjects has added so far. Who has added nothing is left out."""
    rows = await tx.fetch(_BEFORE, subjects) if subjects else []
    return {row["subject"]: from_json(loads(row["numbers"])) for row in rows}


async def _keep(tx: Transaction, found: Mapping[str, Numbers]) -> None:
    await tx.insert(_COUNTED, [(of, dumps(to_json(numbers))) for of, numbers in sorted(found.items())])


async def _add(tx: Transaction, numbers: Numbers) -> None:
    """Add to the figures: in one order, in which no two processes wait for each other."""
    await tx.insert(_FIGURES, [(*place, *one) for place, one in sorted(numbers.items())])


_NONE: Final[Mapping[str, int | None]] = {"bought_at": None, "unpaid": 0}

_BEFORE_ALL: Final = 0
"""A number before that of any tally."""

_WAITING: Final = """
SELECT (SELECT id FROM tally WHERE id > $1 ORDER BY id LIMIT 1) AS tally,
    (SELECT MIN(key) FROM orders WHERE counted IS NULL) AS orders,
    (SELECT MIN(id) FROM conversation WHERE counted IS NULL) AS customer"""

# Locked until the commit: a step that changes one of them waits, or comes back to it, and marks it again.
_TALLIES: Final = """
SELECT id, at, numbers FROM tally WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED"""
_CUSTOMERS: Final = """
SELECT id, state, snapshot, merged_into, forgotten_at, created_at, last_inbound_at FROM conversation
WHERE counted IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED"""
_ORDERS: Final = """
SELECT key, conversation_id FROM orders WHERE counted IS NULL
ORDER BY key LIMIT $1 FOR UPDATE SKIP LOCKED"""
_DELETE_TALLIES: Final = "DELETE FROM tally WHERE id = ANY($1::bigint[])"
_CUSTOMERS_COUNTED: Final = "UPDATE conversation SET counted = $2 WHERE id = ANY($1::bigint[])"
_ORDERS_COUNTED: Final = "UPDATE orders SET counted = $2 WHERE key = ANY($1::text[])"
_BOUGHT: Final = """
SELECT conversation_id,
    MAX(CASE WHEN lifecycle IN ('promised', 'fulfilled') THEN placed_at END) AS bought_at,
    SUM(CASE WHEN lifecycle = 'open' THEN total ELSE 0 END) AS unpaid
FROM orders WHERE conversation_id = ANY($1::bigint[]) GROUP BY conversation_id"""
_BEFORE: Final = "SELECT subject, numbers FROM counted WHERE subject = ANY($1::text[])"
_COUNTED: Final = """
INSERT INTO counted (subject, numbers) VALUES {rows}
ON CONFLICT (subject) DO UPDATE SET numbers = excluded.numbers"""
_FIGURES: Final = """
INSERT INTO figure (kind, day, name, count, amount) VALUES {rows}
ON CONFLICT (kind, day, name) DO UPDATE SET
    count = figure.count + excluded.count, amount = figure.amount + excluded.amount"""
