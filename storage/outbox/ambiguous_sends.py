"""Messages that may have been sent already: wait for the earlier try's receipt before sending one again."""

from collections.abc import Iterable
from typing import Final

from storage.database.queues import OutboxState
from storage.database.transaction import Row, Transaction

_MISSED: Final = 5_000
"""Milliseconds after the end of a lease: an entry that is still unclaimed then shows that no worker ran."""
_UNREAD: Final = 60_000
"""Milliseconds that a receipt which cannot be applied may delay its customer's messages."""


async def awaited(tx: Transaction, unfinished: Iterable[Row], now: int, wait: int) -> set[int]:
    """Return the conversations among `unfinished` entries to which nothing may be sent yet.

    `wait` is how many milliseconds a receipt may take. If a send was cut off while no worker ran, they count
    from now: its receipt could not be delivered either. A stored receipt is applied before a send.
    """
    due = [row for row in unfinished if row["due_at"] <= now and row["attempts"]]
    missed = {
        row["id"]: row["conversation_id"]
        for row in due
        if row["state"] == OutboxState.SENDING and row["due_at"] <= now - _MISSED
    }
    if missed:
        await tx.fetch(_WAIT, sorted(missed), now + wait)
    waiting = set(missed.values())
    if tried := sorted({row["conversation_id"] for row in due} - waiting):
        waiting |= {row["conversation_id"] for row in await tx.fetch(_RECEIPTS, tried, now, now - _UNREAD)}
    return waiting


_WAIT = """
UPDATE outbox SET state = 'pending', due_at = $2 WHERE id = ANY($1::bigint[]) AND state = 'sending'"""

_RECEIPTS = """
SELECT DISTINCT conversation_id FROM inbox
WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $2 AND received_at > $3
    AND conversation_id = ANY($1::bigint[])"""
