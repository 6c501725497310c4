"""After the clock was set back: make due now what was due at once by the clock before.

A row's due time comes from the clock at the time of writing. Timers, polls and checks of
hand-overs keep their due times. Any other row whose due time is further away than it can be was written by a
clock that has been set back since. A row that may truly wait so long keeps its due time, unless the clock is
known to have been set back.
"""

from typing import Final

from storage.database.encoding import loads
from storage.database.transaction import Transaction
from storage.outbox import resend

_EVIDENT: Final = 60_000
"""Milliseconds that the clock must have been set back to count as set back. Less delays nothing for long, and
the clocks of two machines differ by as much."""
_LONGEST_TRY: Final = 90 * 60_000
"""Milliseconds: more than the longest gap between two tries, an hour and a quarter (`bot.retry`)."""
_LONGEST_ASKED: Final = 31 * 3_600_000
"""Milliseconds: more than any retry waits: the day that a provider may ask for, and a quarter."""
_LONGEST_TELLING: Final = 48 * 3_600_000
"""Milliseconds: more than an event out waits for its next try: 43 hours and a tenth. The day that a receiver
may ask for is less (`bot.workers.hooks`)."""
_LONGEST_LEASE: Final = 5 * 60_000
"""Milliseconds: more than a lease, and more than the wait of a receipt that came early."""


async def rewind(tx: Transaction, now: int, back: int = 0) -> int:
    """Make due at `now`, in milliseconds, the rows that cannot wait so long, and return their number.

    `back` is how many milliseconds the clock was just seen to be set back. It is 0 at a start: then a waiting
    row that is dated after `now` is the evidence. Running workers keep their leases; at a start, all leases
    are of dead processes.
    """
    rows = await tx.fetch(_EVENTS, now)
    rows += await tx.fetch(_RECEIPTS, now, now + _LONGEST_LEASE)
    rows += await tx.fetch(_ENTRIES, now, now + _LONGEST_ASKED)
    rows += await tx.fetch(_COPIES, now, now + _LONGEST_TRY)
    rows += await tx.fetch(_TOLD, now, now + _LONGEST_TELLING)
    if not back:
        rows += await tx.fetch(_LEASES, now, now + _LONGEST_LEASE)
    is_known = back >= _EVIDENT if back else await _is_behind(tx, now)
    return len(rows) + (await _rewind_retries(tx, now) if is_known else 0)


async def _is_behind(tx: Transaction, now: int) -> bool:
    """Return whether a waiting row was written by a clock ahead of `now`."""
    [row] = await tx.fetch(_BEHIND, now + _EVIDENT)
    return bool(row["behind"])


async def _rewind_retries(tx: Transaction, now: int) -> int:
    """Make due the entries whose retry is later than our own gaps allow, and return their number."""
    rows = await tx.fetch(_TRIED, now + _LONGEST_TRY)
    late = [row["id"] for row in rows if row["due_at"] > now + _longest_resend(row["payload"])]
    await tx.fetch(_AT_ONCE, now, late)
    return len(late)


def _longest_resend(payload: str) -> int:
    """Return how many milliseconds a message that was accepted and then failed may wait."""
    try:
        return resend.longest(loads(payload))
    except (ValueError, AttributeError):  # the next claim reports that it cannot be read
        return 0


_EVENTS: Final = """
UPDATE inbox SET due_at = $1
WHERE state = 'pending' AND kind <> 'receipt' AND due_at > $1 AND kind NOT IN ('timer', 'poll', 'handover')
RETURNING id"""
_RECEIPTS: Final = """
UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'receipt' AND due_at > $2 RETURNING id"""
# An entry that was never tried waits only for its customer's pace, which the next claim checks again.
_ENTRIES: Final = """
UPDATE outbox SET due_at = $1 WHERE finished_at IS NULL AND state = 'pending' AND (
    (attempts = 0 AND error IS NULL AND due_at > $1) OR due_at > $2
) RETURNING id"""
# When it was asked for decides when it is looked for; since when it fails, when people are told.
_COPIES: Final = """
UPDATE mirror SET due_at = CASE WHEN due_at > $2 THEN $1 ELSE due_at END,
    asked_at = CASE WHEN asked_at > $1 THEN $1 ELSE asked_at END,
    failing_since = CASE WHEN failing_since > $1 THEN $1 ELSE failing_since END
WHERE due_at IS NOT NULL AND due_at > $1 AND (due_at > $2 OR asked_at > $1 OR failing_since > $1)
RETURNING order_key"""
# One that was never tried is due at once, unless the receiver wants none. Its stream waits behind it.
_TOLD: Final = """
UPDATE hook SET due_at = $1 WHERE finished_at IS NULL AND due_at > $1 AND (
    (attempts = 0 AND error IS NULL) OR due_at > $2
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
