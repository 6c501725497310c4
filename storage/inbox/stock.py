"""The stock of each counted product: read with each batch, changed by guarded updates."""

from collections import Counter
from collections.abc import Iterable, Mapping

from payments.shop.stock import StockMove
from storage.database.encoding import loads
from storage.database.transaction import SoldOut, Transaction


async def left(tx: Transaction) -> dict[str, int]:
    """Return the pieces left of each counted product, by sku."""
    rows = await tx.fetch("SELECT sku, declared - sold - reserved AS remaining FROM stock")
    return {row["sku"]: row["remaining"] for row in rows}


async def take(tx: Transaction, moves: Iterable[StockMove]) -> None:
    """Apply `moves` to the counts. Raises SoldOut if one takes more than is left by now."""
    reserved: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for move in moves:
        reserved[move.sku] += move.reserved
        sold[move.sku] += move.sold
    # In order of sku, like every change of several, so that none deadlock.
    for sku in sorted(reserved):
        if not await tx.fetch(_TAKE, sku, reserved[sku], sold[sku]):
            raise SoldOut(sku)


# Goods may come back that were sold before the last count: that count is not theirs, so `sold` stays at 0.
# A move that only frees pieces, or turns reserved ones into sold ones, is always allowed.
_TAKE = """
UPDATE stock SET reserved = reserved + $2::bigint,
    sold = CASE WHEN sold + $3::bigint < 0 THEN 0 ELSE sold + $3::bigint END
WHERE sku = $1 AND ($2::bigint + $3::bigint <= 0 OR declared - sold - reserved >= $2::bigint + $3::bigint)
RETURNING sku"""


async def declare(tx: Transaction, counted: Mapping[str, int]) -> None:
    """Set the counts to what the flow file declares, by sku.

    A number that differs from the last declared one is a new count of the goods: what was sold before it no
    longer counts. The same number changes nothing. Pieces of open orders stay reserved.
    """
    known = {row["sku"]: row["declared"] for row in await tx.fetch("SELECT sku, declared FROM stock")}
    for sku in sorted(known.keys() - counted.keys()):
        await tx.fetch("DELETE FROM stock WHERE sku = $1", sku)
    fresh = sorted(counted.keys() - known.keys())
    reserved = await _reserved(tx) if fresh else Counter()
    await tx.insert(
        "INSERT INTO stock (sku, declared, reserved, sold) VALUES {rows}",
        [(sku, counted[sku], reserved[sku], 0) for sku in fresh],
    )
    changed = [(counted[sku], sku) for sku in sorted(known.keys() & counted) if known[sku] != counted[sku]]
    await tx.each("UPDATE stock SET declared = $1, sold = 0 WHERE sku = $2", changed)


# Literals, because a planner matches the partial index only by its own condition, not by a parameter.
_RESERVING = "SELECT conversation_id, key, lines, stage FROM orders WHERE lifecycle IN ('open', 'promised')"

# CROSS JOIN makes SQLite take the VALUES first and seek in the table.
_MISSING = """
SELECT a.sku, a.pieces FROM (VALUES {rows}) AS v CROSS JOIN amendment a
WHERE a.conversation_id = v.column1 AND a.order_key = v.column2 AND a.pieces > 0"""


async def _reserved(tx: Transaction) -> Counter[str]:
    """Return the pieces of each product in orders that reserve them, less what amendments took out."""
    reserved: Counter[str] = Counter()
    rows = await tx.fetch(_RESERVING)
    for row in rows:
        for sku, _, quantity, *_ in loads(row["lines"]):
            reserved[sku] += quantity
    # Only an order whose goods are due can have been amended.
    due = [(row["conversation_id"], row["key"]) for row in rows if row["stage"] is not None]
    for row in await tx.fetch_rows(_MISSING, "bigint text", due) if due else ():
        reserved[row["sku"]] -= row["pieces"]
    return reserved
