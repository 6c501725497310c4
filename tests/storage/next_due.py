"""The time at which something is due next."""

from storage import Store


async def next_due(store: Store) -> int | None:
    """The next due time of inbox, outbox and copies, in milliseconds since 1970; None if nothing waits.

    An outbox entry counts only once no earlier one of its lane is unfinished.
    """
    [row] = await store._units.read(lambda tx: tx.fetch(_NEXT_DUE))
    return min((time for time in row.values() if time is not None), default=None)


_NEXT_DUE = """
SELECT
    (SELECT MIN(due_at) FROM inbox WHERE state = 'pending' AND kind <> 'receipt') AS event,
    (SELECT MIN(due_at) FROM inbox WHERE state = 'pending' AND kind = 'receipt') AS receipt,
    (SELECT MIN(due_at) FROM mirror WHERE due_at IS NOT NULL) AS copy,
    (SELECT o.due_at FROM outbox o WHERE o.finished_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM outbox e
        WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.id < o.id
            AND e.finished_at IS NULL
    ) ORDER BY o.due_at LIMIT 1) AS delivery"""
