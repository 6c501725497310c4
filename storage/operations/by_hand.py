"""What operators change by hand, once they have mended what was wrong."""

from storage.database.transaction import Transaction


async def replay(tx: Transaction, number: int) -> bool:
    """Have the parked event `number` handled again; False if it is not parked.

    It keeps the time at which it was due, so that it comes before what waits behind it.
    """
    return bool(await tx.fetch(_REPLAY, number))


_REPLAY = """
UPDATE inbox SET state = 'pending', error = NULL, trace = NULL, handled_at = NULL
WHERE id = $1 AND state = 'parked' RETURNING id"""


async def seen(tx: Transaction, number: int) -> bool:
    """Forget notice `number`; False if there is none. Should it happen again, it is told again."""
    return bool(await tx.fetch("DELETE FROM notice WHERE id = $1 RETURNING id", number))
