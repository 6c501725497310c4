"""The stock of each counted product: read with each batch, changed by guarded updates."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from payments.shop.stock import Count, StockMove
from storage.database.encoding import loads
from storage.database.transaction import Row, SoldOut, Transaction


async def left(tx: Transaction) -> dict[str, int]:
    """Return the pieces left of each counted product, by sku."""
    rows = await tx.fetch(_COUNTS)
    return {row["sku"]: row["remaining"] for row in rows if row["in_served"] is not None}


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


async def counts(tx: Transaction) -> dict[str, Count]:
    """Return the count of each counted product, and each that rests since a rollback, by sku."""
    rows = await tx.fetch(_COUNTS)
    held = await _reserved(tx) if any(row["in_served"] is None for row in rows) else Counter()
    return {row["sku"]: Count(_goes_on_with(row, held), row["in_file"], row["in_served"]) for row in rows}


def _goes_on_with(row: Row, held: Mapping[str, int]) -> int:
    """Return the pieces left; of a count that rests, those that `_go_on` would leave."""
    more = held.get(row["sku"], 0) - row["reserved"] if row["in_served"] is None else 0
    return int(row["remaining"]) - max(0, more)


_COUNTS = "SELECT sku, declared - sold - reserved AS remaining, in_file, in_served, reserved FROM stock"


async def declare(tx: Transaction, counted: Mapping[str, int]) -> None:
    """Set the counts to what the flow file declares, by sku.

    A number that is neither the last file's nor what is served is a new count of the goods: what was sold
    before it no longer counts. Pieces of open orders stay reserved. Of what is COUNTED_THERE from now on,
    none is left until it is read.
    """
    known = await counts(tx)
    await _forget(tx, known.keys() - counted.keys())
    await _go_on(tx, {sku for sku in known.keys() & counted if not known[sku].is_counted})
    await _count_first(tx, {sku: number for sku, number in counted.items() if sku not in known})
    both = sorted(known.keys() & counted)
    new = [(max(0, counted[sku]), sku) for sku in both if not known[sku].is_of(counted[sku])]
    await tx.each("UPDATE stock SET declared = $1, sold = 0 WHERE sku = $2", new)
    numbers = [(counted[sku], sku) for sku in both if not _says(known[sku], counted[sku])]
    await tx.each("UPDATE stock SET in_file = $1, in_served = $1 WHERE sku = $2", numbers)


def _says(known: Count, number: int) -> bool:
    return known.in_file == known.in_served == number


async def go_back(tx: Transaction, numbers: Mapping[str, int | None]) -> None:
    """Keep the counts, though an earlier version is served, with these numbers of what it sells, by sku.

    The count of what it sells uncounted rests, until a version that counts it is served: then it goes on.
    What was never counted is, from its number. The count of what it does not sell stands, for the version
    that does.
    """
    known = await counts(tx)
    counted = {sku for sku, number in numbers.items() if number is not None}
    await _go_on(tx, {sku for sku in known.keys() & counted if not known[sku].is_counted})
    fresh = {sku: number for sku, number in numbers.items() if number is not None and sku not in known}
    await _count_first(tx, fresh)
    served = {sku: numbers[sku] if sku in numbers else _unsold(one) for sku, one in sorted(known.items())}
    changed = [(number, sku) for sku, number in served.items() if number != known[sku].in_served]
    await tx.each("UPDATE stock SET in_served = $1 WHERE sku = $2", changed)


def _unsold(known: Count) -> int | None:
    return known.in_file if known.is_counted else None


async def _go_on(tx: Transaction, skus: Collection[str]) -> None:
    """Let these counts, which rest, go on with as many pieces left as before.

    What open orders held then and hold no more counts as sold, since nobody knows whether it was. What they
    hold beyond that is taken off.
    """
    held = await _reserved(tx) if skus else Counter()
    await tx.each(_GO_ON, [(held[sku], sku) for sku in sorted(skus)])


_GO_ON = """
UPDATE stock SET sold = sold + CASE WHEN reserved > $1 THEN reserved - $1 ELSE 0 END, reserved = $1
WHERE sku = $2"""


async def _forget(tx: Transaction, skus: Iterable[str]) -> None:
    for sku in sorted(skus):
        await tx.fetch("DELETE FROM stock WHERE sku = $1", sku)


async def _count_first(tx: Transaction, fresh: Mapping[str, int]) -> None:
    """Count what was not counted: its open orders hold what they hold."""
    reserved = await _reserved(tx) if fresh else Counter()
    await tx.insert(
        "INSERT INTO stock (sku, declared, in_file, in_served, reserved, sold) VALUES {rows}",
        [(sku, max(0, number), number, number, reserved[sku], 0) for sku, number in sorted(fresh.items())],
    )


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
