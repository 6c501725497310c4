"""What is left of each counted product: read with each batch, changed by guarded updates."""

from collections import Counter
from collections.abc import Iterable, Mapping

from payments.shop.orders import Lifecycle
from payments.shop.stock import Move
from storage.database.encoding import loads
from storage.database.transaction import SoldOut, Transaction


async def left(tx: Transaction) -> dict[str, int]:
    """Pieces left of each counted product, by sku."""
    rows = await tx.fetch("SELECT sku, declared - sold - reserved AS remaining FROM stock")
    return {row["sku"]: row["remaining"] for row in rows}


async def take(tx: Transaction, moves: Iterable[Move]) -> None:
    """Change the counts. Raises SoldOut if one takes more than is left: others were faster."""
    reserved: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for move in moves:
        reserved[move.sku] += move.reserved
        sold[move.sku] += move.sold
    # In order of sku, as everybody who changes several does: so nobody deadlocks.
    for sku in sorted(reserved):
        if not await tx.fetch(_TAKE, sku, reserved[sku], sold[sku]):
            raise SoldOut(sku)


# What only gives back, or turns what is reserved into what is sold, always may.
_TAKE = """
UPDATE stock SET reserved = reserved + $2::bigint, sold = sold + $3::bigint
WHERE sku = $1 AND ($2::bigint + $3::bigint <= 0 OR declared - sold - reserved >= $2::bigint + $3::bigint)
RETURNING sku"""


async def declare(tx: Transaction, counted: Mapping[str, int]) -> None:
    """Let the counts be what the flow file declares.

    A number that differs from the one declared before is a new count of what there is, and what was
    sold until now no longer counts; the same number changes nothing. What open orders hold stays
    theirs.
    """
    known = {row["sku"]: row["declared"] for row in await tx.fetch("SELECT sku, declared FROM stock")}
    for sku in sorted(known.keys() - counted.keys()):
        await tx.fetch("DELETE FROM stock WHERE sku = $1", sku)
    fresh = sorted(counted.keys() - known.keys())
    held = await _held(tx) if fresh else Counter()
    await tx.insert(
        "INSERT INTO stock (sku, declared, reserved, sold) VALUES {rows}",
        [(sku, counted[sku], held[sku], 0) for sku in fresh],
    )
    changed = [(counted[sku], sku) for sku in sorted(known.keys() & counted) if known[sku] != counted[sku]]
    await tx.each("UPDATE stock SET declared = $1, sold = 0 WHERE sku = $2", changed)


# The very words of the partial index: no planner can know what a parameter will be.
_OPEN = f"SELECT lines FROM orders WHERE lifecycle = '{Lifecycle.OPEN}'"  # noqa: S608


async def _held(tx: Transaction) -> Counter[str]:
    """Pieces of each product in open orders."""
    held: Counter[str] = Counter()
    for row in await tx.fetch(_OPEN):
        for sku, _, quantity, _ in loads(row["lines"]):
            held[sku] += quantity
    return held
