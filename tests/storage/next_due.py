"""When something is due next, as tests of waiting need to know."""

from storage import Store


async def next_due(store: Store) -> int | None:
    """In milliseconds since 1970; None if nothing waits.

    What stands behind an earlier entry of its lane is not due before that one.
    """
    [row] = await store._units.outside(lambda tx: tx.fetch(_NEXT_DUE))
    return min((time for time in row.values() if time is not None), default=None)


_NEXT_DUE = """
SELECT
    (SELECT MIN(due_at) FROM inbox WHERE state = 'pending' AND kind <> 'receipt') AS event,
    (SELECT MIN(due_at) FROM inbox WHERE state = 'pending' AND kind = 'receipt') AS receipt,
    (SELECT o.due_at FROM outbox o WHERE o.finished_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM outbox e
        WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.id < o.id
            AND e.finished_at IS NULL
    ) ORDER BY o.due_at LIMIT 1) AS delivery"""
