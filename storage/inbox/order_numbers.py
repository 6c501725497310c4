"""The numbers of orders: the transaction that places an order takes the next one, so none is left out.

A step needs the number before it is stored, because its messages name it. So each batch reads the next one,
and the write is refused if another process has taken it meanwhile. The batch then runs again with a lock.
"""

from collections.abc import Sequence

from storage.database.transaction import SoldOut, Transaction

_NEXT = "SELECT next_order FROM installation WHERE id = 1"


async def following(tx: Transaction, *, locked: bool) -> int:
    """Return the number of the next order. `locked`: no other process can take it before the commit."""
    [row] = await tx.fetch(f"{_NEXT} FOR UPDATE" if locked else _NEXT)
    number: int = row["next_order"]
    return number


async def take(tx: Transaction, numbers: Sequence[int]) -> None:
    """Take the `numbers` of new orders. Raises SoldOut if another process has taken the first of them."""
    if not await tx.fetch(_TAKE, min(numbers), max(numbers) + 1):
        raise SoldOut(f"order number {min(numbers)}")


_TAKE = "UPDATE installation SET next_order = $2 WHERE id = 1 AND next_order = $1 RETURNING id"
