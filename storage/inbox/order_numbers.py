"""The numbers of orders: the transaction that places an order takes the next one, so none is left out.

A step needs the number before it is stored, because its messages name it. So each batch reads the next one,
and the write is refused if another process has taken it meanwhile. The batch then runs again alone: it locks
the number before it reads, and whoever takes a number, pieces or places waits for its end. So what it reads
is what it finds when it writes, and no event fails because another process was faster.
"""

from collections.abc import Sequence

from storage.database.transaction import SoldOut, Transaction

_NEXT = "SELECT next_order FROM installation WHERE id = 1"


async def following(tx: Transaction, *, locked: bool) -> int:
    """Return the number of the next order.

    `locked`: no other process takes numbers, pieces or places before the commit.
    """
    [row] = await tx.fetch(f"{_NEXT} FOR UPDATE" if locked else _NEXT)
    number: int = row["next_order"]
    return number


async def take(tx: Transaction, numbers: Sequence[int]) -> None:
    """Take the `numbers` of new orders. Raises SoldOut if another process has taken the first of them."""
    if not await tx.fetch(_TAKE, min(numbers), max(numbers) + 1):
        raise SoldOut(f"order number {min(numbers)}")


async def wait(tx: Transaction) -> None:
    """Wait for a process that steps alone, before pieces or places are taken."""
    await tx.fetch(_WAIT)


_WAIT = "SELECT id FROM installation WHERE id = 1 FOR SHARE"
_TAKE = "UPDATE installation SET next_order = $2 WHERE id = 1 AND next_order = $1 RETURNING id"
