"""After the clock was set back: what was to happen at once, by the clock before, happens at once.

All that waits is due at a time of the clock that wrote it. Timers and polls keep theirs; whatever else is
further away than it can be was written by a clock that has been set back since. What may truly be so far
away keeps its time, unless the clock is known to have been set back.
"""

from typing import Final

from storage.database.encoding import loads
from storage.database.transaction import Transaction
from storage.outbox import resend

_EVIDENT: Final = 60_000
"""Milliseconds that the clock must have been set back for that to be known. Less keeps nobody waiting long,
and the clocks of two machines differ by as much."""
_LONGEST_TRY: Final = 90 * 60_000
"""Milliseconds: more than the longest gap between two tries, an hour and a quarter (`bot.retry`)."""
_LONGEST_ASKED: Final = 31 * 3_600_000
"""Milliseconds: more than anything tried waits: the day that the other side may ask for, and a quarter."""
_LONGEST_LEASE: Final = 5 * 60_000
"""Milliseconds: more than a lease, or the wait of a receipt that came early."""


async def rewind(tx: Transaction, now: int, back: int = 0) -> int:
    """Make due at `now`, in milliseconds, what cannot be due so much later; how much that was.

    `back` is by how much the clock was seen to be set back just now. 0 at a start: then whatever waits from
    later than now says so. The leases of who is at work are left alone; at a start they are of the dead.
    """
    found = await tx.fetch(_EVENTS, now)
    found += await tx.fetch(_RECEIPTS, now, now + _LONGEST_LEASE)
    found += await tx.fetch(_ENTRIES, now, now + _LONGEST_ASKED)
    if not back:
        found += await tx.fetch(_LEASES, now, now + _LONGEST_LEASE)
    known = back >= _EVIDENT if back else await _is_behind(tx, now)
    return len(found) + (await _tried(tx, now) if known else 0)


async def _is_behind(tx: Transaction, now: int) -> bool:
    """Whether something waits that was written by a later clock."""
    [row] = await tx.fetch(_BEHIND, now + _EVIDENT)
    return bool(row["behind"])


async def _tried(tx: Transaction, now: int) -> int:
    """Make due what is tried again later than by our own gaps; how much that was."""
    rows = await tx.fetch(_TRIED, now + _LONGEST_TRY)
    far = [row["id"] for row in rows if row["due_at"] > now + _longest_remedy(row["payload"])]
    await tx.fetch(_AT_ONCE, now, far)
    return len(far)


def _longest_remedy(payload: str) -> int:
    """Milliseconds that it may wait since it was accepted and failed."""
    try:
        return resend.longest(loads(payload))
    except (ValueError, AttributeError):  # whoever claims it tells that it cannot be read
        return 0


_EVENTS: Final = """
UPDATE inbox SET due_at = $1
WHERE state = 'pending' AND kind <> 'receipt' AND due_at > $1 AND kind NOT IN ('timer', 'poll')
RETURNING id"""
_RECEIPTS: Final = """
UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'receipt' AND due_at > $2 RETURNING id"""
# What was never tried waits for nothing but its customer's pace, which is looked at again.
_ENTRIES: Final = """
UPDATE outbox SET due_at = $1 WHERE finished_at IS NULL AND state = 'pending' AND (
    (attempts = 0 AND error IS NULL AND due_at > $1) OR due_at > $2
) RETURNING id"""
_LEASES: Final = """
UPDATE outbox SET due_at = $1 WHERE finished_at IS NULL AND state = 'sending' AND due_at > $2 RETURNING id"""

_BEHIND: Final = """
SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND received_at > $1)
    OR EXISTS (SELECT 1 FROM outbox WHERE finished_at IS NULL AND created_at > $1) AS behind"""
_TRIED: Final = """
SELECT id, payload, due_at FROM outbox WHERE finished_at IS NULL AND state = 'pending' AND due_at > $1
FOR UPDATE"""
_AT_ONCE: Final = "UPDATE outbox SET due_at = $1 WHERE id = ANY($2::bigint[])"
