"""Prune what is older than the retention term: handled events, finished outbox entries and events out.

So are the counts of delivery slots that began long ago: nobody can take a place in them.

One process prunes at a time, by a lease in `installation.prune_at`. Between two runs the same column says
when the next one is due, so that a process that was killed, or did not run at the time, needs nothing else.
"""

from dataclasses import dataclass
from typing import Final

from storage.database.transaction import Transaction
from storage.outbox import hooks

EVERY: Final = 86_400_000
"""Milliseconds from the start of one run to the next."""
LEASE: Final = 5 * 60_000
"""Milliseconds after which a run that has not gone on counts as dead."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch deleted."""

    lease: int
    """The new end of the lease, in milliseconds since 1970, UTC."""
    events: int
    entries: int
    told: int = 0
    """Events out."""


async def begin(tx: Transaction, now: int) -> int | None:
    """Begin a run if one is due at `now`. Return the end of its lease; None if none is due, or one goes on.

    A time further ahead than a run can be due was written by a clock that has been set back since.
    """
    rows = await tx.fetch(_BEGIN, now, now + LEASE, now + EVERY)
    return now + LEASE if rows else None


async def prune(tx: Transaction, lease: int, before: int, now: int, limit: int) -> Pruned | None:
    """Delete up to `limit` events and `limit` entries that were done before `before`; renew the lease.

    Return None if another process has taken over the run; it deletes the same.
    """
    if not await tx.fetch(_IS_MINE, lease):
        return None
    events = await tx.fetch(_EVENTS, before, limit, f"{tx.installation}-%")
    if events:
        await tx.fetch(_DELETE_EVENTS, [row["id"] for row in events])
    await tx.fetch(_DELETE_QUOTAS, min(before, now - EVERY))
    entries = await tx.fetch(_ENTRIES, before, limit)
    if entries:
        await tx.fetch(_DELETE_ENTRIES, [row["id"] for row in entries])
    told = await hooks.prune(tx, before, limit)
    # Later than before, also if the clock stands still: an equal lease could be another process's. The last
    # statement, because whoever places an order waits for this row.
    renewed = max(now + LEASE, lease + 1)
    if not await tx.fetch(_MOVE_ON, lease, renewed):
        return None
    return Pruned(renewed, len(events), len(entries), told)


async def finish(tx: Transaction, lease: int, due: int) -> None:
    """End the run of `lease`. The next one is due at `due`, in milliseconds since 1970, UTC."""
    await tx.fetch(_MOVE_ON, lease, due)


_BEGIN: Final = """
UPDATE installation SET prune_at = $2 WHERE id = 1 AND (prune_at <= $1 OR prune_at > $3) RETURNING id"""
_IS_MINE: Final = "SELECT id FROM installation WHERE id = 1 AND prune_at = $1"
_MOVE_ON: Final = """
UPDATE installation SET prune_at = $2 WHERE id = 1 AND prune_at = $1 RETURNING id"""

# Kept webhooks about orders of ours stay: the ledger report compares the money that they name with them.
# Another process may hold a row while it merges conversations; the next batch takes it.
_EVENTS: Final = """
SELECT id FROM inbox
WHERE state IN ('applied', 'ignored', 'kept') AND COALESCE(handled_at, received_at) < $1
    AND NOT (state = 'kept' AND kind = 'facts' AND COALESCE(order_key, '') LIKE $3::text)
ORDER BY COALESCE(handled_at, received_at) LIMIT $2 FOR UPDATE SKIP LOCKED"""
_DELETE_EVENTS: Final = "DELETE FROM inbox WHERE id = ANY($1::bigint[])"
_ENTRIES: Final = """
SELECT id FROM outbox WHERE finished_at IS NOT NULL AND finished_at < $1
ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_DELETE_ENTRIES: Final = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"

# A late payment may still take a place after its slot has begun, and a cancellation may free one.
_DELETE_QUOTAS: Final = "DELETE FROM quota WHERE ends_at < $1"
