"""Changes that operators make by hand, after they have fixed a cause."""

from storage.database.transaction import Transaction


async def replay(tx: Transaction, number: int) -> bool:
    """Make the parked event `number` pending again; False if it is not parked.

    It keeps its due time, so that it comes before the events that wait behind it.
    """
    return bool(await tx.fetch(_REPLAY, number))


_REPLAY = """
UPDATE inbox SET state = 'pending', error = NULL, trace = NULL, handled_at = NULL
WHERE id = $1 AND state = 'parked' RETURNING id"""


async def seen(tx: Transaction, number: int) -> bool:
    """Delete notice `number`; False if there is none. A new occurrence makes a new notice."""
    return bool(await tx.fetch("DELETE FROM notice WHERE id = $1 RETURNING id", number))
