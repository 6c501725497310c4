"""The shop's numbers at the end of a world: they are what was counted, and that is what the rows say."""

from typing import Final

from payments.ledger.numbers import Kind, from_json, total
from payments.shop.catalogue import Shop
from storage.database.encoding import loads
from storage.database.records import reading
from storage.operations.numbers import of_customers, of_orders

_NOT_COUNTED_ANEW: Final = (Kind.MOVED, Kind.REPLIED)
"""What is only ever added, from tallies."""


async def number_wrongs(url: str, shop: Shop) -> tuple[list[str], int]:
    """Return what is wrong with the numbers, and how many orders and customers were counted as they are."""
    async with reading(url) as records:
        read = records.reads
        kept = {row["subject"]: from_json(loads(row["numbers"])) for row in await read.fetch(_KEPT)}
        rows = await read.fetch("SELECT kind, day, name, count, amount FROM figure")
        orders = await of_orders(read, await read.fetch(_ORDERS), shop)
        found = orders | await of_customers(read, await read.fetch(_CUSTOMERS), shop)
    figures = from_json(tuple(row.values()) for row in rows if row["kind"] not in _NOT_COUNTED_ANEW)
    wrongs = [
        f"numbers: {of} has changed, and is not counted anew" for of in found if found[of] != kept.get(of, {})
    ]
    if total([figures]) != total(kept.values()):
        wrongs.append("numbers: the figures are not the sum of what was counted")
    return wrongs, len(found)


_KEPT: Final = "SELECT subject, numbers FROM counted"
_ORDERS: Final = "SELECT key, conversation_id FROM orders WHERE counted IS NOT NULL"
_CUSTOMERS: Final = "SELECT * FROM conversation WHERE counted IS NOT NULL"
