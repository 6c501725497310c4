"""After the clock was set back: what was to happen at once, by the clock before, happens at once.

All that waits is due at a time of the clock that wrote it. Timers and polls keep theirs; whatever else is
further away than it can be was written by a clock that has been set back since.
"""

from typing import Final

from storage.database.transaction import Transaction

_LONGEST_TRY: Final = 90 * 60_000
"""Milliseconds: more than the longest gap between two tries, an hour and a quarter (`bot.retry`)."""
_LONGEST_LEASE: Final = 5 * 60_000
"""Milliseconds: more than a lease, or the wait of a receipt that came early."""


async def rewind(tx: Transaction, now: int) -> int:
    """Make due at `now`, in milliseconds, what cannot be due so much later; how much that was."""
    found = [
        await tx.fetch(_EVENTS, now),
        await tx.fetch(_RECEIPTS, now, now + _LONGEST_LEASE),
        await tx.fetch(_ENTRIES, now, now + _LONGEST_LEASE, now + _LONGEST_TRY),
    ]
    return sum(len(rows) for rows in found)


_EVENTS: Final = """
UPDATE inbox SET due_at = $1
WHERE state = 'pending' AND kind <> 'receipt' AND due_at > $1 AND kind NOT IN ('timer', 'poll')
RETURNING id"""
_RECEIPTS: Final = """
UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'receipt' AND due_at > $2 RETURNING id"""
# What was never tried waits for nothing but its customer's pace.
_ENTRIES: Final = """
UPDATE outbox SET due_at = $1 WHERE finished_at IS NULL AND (
    (state = 'pending' AND attempts = 0 AND due_at > $1)
    OR (state = 'sending' AND due_at > $2) OR (state = 'pending' AND due_at > $3)
) RETURNING id"""
