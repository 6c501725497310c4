"""Check whether anything is due, without a transaction, so that an idle shop takes no locks."""

from dataclasses import dataclass
from typing import Final

from storage.database.queues import Lane
from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Due:
    """What the inbox has due. Other processes may be handling some of it."""

    events: bool
    """Whether events other than receipts are due."""
    receipts: bool


async def due(tx: Transaction, now: int) -> Due:
    """Return what the inbox has due at `now`, in milliseconds since 1970, UTC."""
    [row] = await tx.fetch(_DUE, now)
    return Due(bool(row["events"]), bool(row["receipts"]))


async def due_lanes(tx: Transaction, now: int) -> frozenset[Lane]:
    """Return the lanes of the outbox with an entry due at `now`; it may still have to wait for another."""
    return frozenset(Lane(row["lane"]) for row in await tx.fetch(_DUE_LANES, now))


# Each EXISTS reads one partial index.
_DUE: Final = """
SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND kind <> 'receipt' AND due_at <= $1) AS events,
    EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $1) AS receipts"""
_DUE_LANES: Final = " UNION ALL ".join(
    f"SELECT '{lane}' AS lane WHERE EXISTS (SELECT 1 FROM outbox WHERE finished_at IS NULL"  # noqa: S608
    f" AND lane = '{lane}' AND urgency IN (0, 1, 2) AND due_at <= $1)"
    for lane in Lane
)
