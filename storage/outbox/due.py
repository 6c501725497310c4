"""Whether anything is due: a look without a transaction, so that a shop at rest takes no locks."""

from dataclasses import dataclass
from typing import Final

from storage.database.lanes import Lane
from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Due:
    """What the inbox has for now; some of it may be in other hands."""

    events: bool
    """Events other than receipts."""
    receipts: bool


async def due(tx: Transaction, now: int) -> Due:
    """What of the inbox is due at `now`, in milliseconds since 1970, UTC."""
    [row] = await tx.fetch(_DUE, now)
    return Due(bool(row["events"]), bool(row["receipts"]))


async def due_lanes(tx: Transaction, now: int) -> frozenset[Lane]:
    """Lanes of the outbox with an entry that is due at `now`; it may still have to wait for another."""
    return frozenset(Lane(row["lane"]) for row in await tx.fetch(_DUE_LANES, now))


# Each part is one look into a partial index.
_DUE: Final = """
SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND kind <> 'receipt' AND due_at <= $1) AS events,
    EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $1) AS receipts"""
_DUE_LANES: Final = " UNION ALL ".join(
    f"SELECT '{lane}' AS lane WHERE EXISTS (SELECT 1 FROM outbox WHERE finished_at IS NULL"  # noqa: S608
    f" AND lane = '{lane}' AND urgency IN (0, 1) AND due_at <= $1)"
    for lane in Lane
)
