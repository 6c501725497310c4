"""The stock that the shop's other system counts: what is read there becomes the count of here.

What is left is what is available there, less the pieces that it cannot know of yet: those of open orders, and
those of orders whose copies are not surely in its count.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from payments.shop.stock import COUNTED_THERE
from storage.database.encoding import loads
from storage.database.transaction import Transaction

SETTLED: Final = 120_000
"""Milliseconds after which a copy that was made is surely in the other system's count. Until then its pieces
are taken off twice: too few are left for a moment, and never too many."""


async def store(tx: Transaction, available: Mapping[str, int], asked_at: int, now: int) -> int:
    """Store what was `available` there at `asked_at`, by sku. Return how many counts were set by it.

    A product that is not counted there any more is left alone, and so is one that was read later already.
    """
    # Locked before the orders are read, as by whoever takes pieces: none comes between.
    skus = [row["sku"] for row in await tx.fetch(_LOCK, sorted(available), COUNTED_THERE, asked_at, now)]
    unknown = await _unknown_there(tx, asked_at - SETTLED) if skus else Counter()
    await tx.each(_SET, [(available[sku] - unknown[sku], asked_at, sku) for sku in skus])
    return len(skus)


async def _unknown_there(tx: Transaction, settled: int) -> Counter[str]:
    """Return the pieces of each product in orders that are not in the other system's count for sure."""
    orders: dict[str, str] = {}
    for statement in (_RESERVING, _NOT_MADE, _JUST_MADE):
        values = () if statement is _NOT_MADE else (settled,)
        orders |= {row["key"]: row["lines"] for row in await tx.fetch(statement, *values)}
    pieces: Counter[str] = Counter()
    for lines in orders.values():
        for sku, _, quantity, *_ in loads(lines):
            pieces[sku] += quantity
    return pieces


# A reading that seems to come from the future is one of a clock that was set back since: the next one counts.
_LOCK: Final = """
SELECT sku FROM stock WHERE sku = ANY($1::text[]) AND in_served = $2
    AND (read_at IS NULL OR read_at < $3 OR read_at > $4)
ORDER BY sku FOR UPDATE"""
_SET: Final = "UPDATE stock SET declared = $1 + sold + reserved, read_at = $2 WHERE sku = $3"
# Literals, because a planner matches the partial index only by its own condition, not by a parameter.
_RESERVING: Final = """
SELECT o.key, o.lines FROM orders o LEFT JOIN mirror m ON m.order_key = o.key
WHERE o.lifecycle IN ('open', 'promised') AND (m.made_at IS NULL AND m.copy_id IS NULL OR m.made_at > $1)"""
# While the goods of an order are due and its copy is not made, something is to be done about the copy.
_NOT_MADE: Final = """
SELECT o.key, o.lines FROM mirror m JOIN orders o ON o.key = m.order_key
WHERE m.due_at IS NOT NULL AND m.copy_id IS NULL"""
_JUST_MADE: Final = """
SELECT o.key, o.lines FROM mirror m JOIN orders o ON o.key = m.order_key
WHERE m.made_at IS NOT NULL AND m.made_at > $1"""
