"""Whether anything is due: one look without a transaction, so that a shop at rest takes no locks."""

from dataclasses import dataclass
from typing import Final

from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Due:
    """What is due now; some of it may still have to wait for another, or be in other hands."""

    events: bool
    """Events other than receipts."""
    receipts: bool
    lanes: frozenset[str]
    """Lanes of the outbox with an entry that is due."""


async def due(tx: Transaction, now: int) -> Due:
    """What is due at `now`, in milliseconds since 1970, UTC."""
    found = {row["what"] for row in await tx.fetch(_DUE, now)}
    return Due("events" in found, "receipts" in found, frozenset(found - {"events", "receipts"}))


# Each part is one look into a partial index.
_DUE: Final = " UNION ALL ".join(
    [
        "SELECT 'events' AS what WHERE EXISTS"
        " (SELECT 1 FROM inbox WHERE state = 'pending' AND kind <> 'receipt' AND due_at <= $1)",
        "SELECT 'receipts' WHERE EXISTS"
        " (SELECT 1 FROM inbox WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $1)",
        *(
            f"SELECT '{lane}' WHERE EXISTS (SELECT 1 FROM outbox WHERE state IN ('pending', 'sending')"  # noqa: S608
            f" AND lane = '{lane}' AND urgency IN (0, 1) AND due_at <= $1)"
            for lane in ("chat", "pay", "poll")
        ),
    ]
)
