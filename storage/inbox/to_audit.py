"""Orders of which something new is stored while their own rows stay as they are.

They are audited and counted anew.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from payments.processing.changes import ChangeSet
from storage.database.transaction import Transaction


def rows(changes: ChangeSet) -> Iterator[str]:
    """Yield the keys of the orders. An order whose own row changes is marked by that statement."""
    learned = {fact.order_key for _, fact in changes.facts}
    learned.update(refund.order_key for refund in changes.refunds.values())
    learned.update(one.order_key for _, one in changes.amendments)
    yield from sorted(learned - changes.orders.keys())


async def write(tx: Transaction, keys: Sequence[str], now: int) -> None:
    """Mark the orders as neither audited nor counted."""
    await tx.fetch(_MARK, keys)


_MARK: Final = "UPDATE orders SET audited = NULL, counted = NULL WHERE key = ANY($1::text[])"
