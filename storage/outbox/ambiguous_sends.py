"""Messages that may be out already: whoever sends one again waits for the word on the earlier try first."""

from collections.abc import Iterable
from typing import Final

from storage.database.transaction import Row, Transaction

_MISSED: Final = 5_000
"""Milliseconds after the end of a lease at which nobody was there who would have claimed the entry."""
_UNREAD: Final = 60_000
"""Milliseconds that a receipt which cannot be applied may hold up its customer."""


async def awaited(tx: Transaction, unfinished: Iterable[Row], now: int, word: int) -> set[int]:
    """The conversations among `unfinished` entries to whom nothing may be sent until more is known.

    `word` is how many milliseconds a receipt may take. A send that was cut off while nobody was there gets
    them from now on: its receipt could not be delivered either. A receipt that is stored is applied first.
    """
    due = [row for row in unfinished if row["due_at"] <= now and row["attempts"]]
    missed = {
        row["id"]: row["conversation_id"]
        for row in due
        if row["state"] == "sending" and row["due_at"] <= now - _MISSED
    }
    if missed:
        await tx.fetch(_WAIT, sorted(missed), now + word)
    held = set(missed.values())
    if tried := sorted({row["conversation_id"] for row in due} - held):
        held |= {row["conversation_id"] for row in await tx.fetch(_RECEIPTS, tried, now, now - _UNREAD)}
    return held


_WAIT = """
UPDATE outbox SET state = 'pending', due_at = $2 WHERE id = ANY($1::bigint[]) AND state = 'sending'"""

_RECEIPTS = """
SELECT DISTINCT conversation_id FROM inbox
WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $2 AND received_at > $3
    AND conversation_id = ANY($1::bigint[])"""
