"""The customers whose chats a person has, as a step of the staff is given them."""

from typing import Final

from payments.processing.step_input import IN_HAND
from storage.database.encoding import loads
from storage.database.transaction import Transaction


async def names(tx: Transaction) -> tuple[str, ...]:
    """Return the names of some customers whose chats a person has; empty for one without a name."""
    rows = await tx.fetch(_NEWEST, IN_HAND)
    return tuple(str((loads(row["snapshot"]).get("customer") or {}).get("name") or "") for row in rows)


# The condition and the order are those of the partial index.
_NEWEST: Final = """
SELECT snapshot FROM conversation WHERE in_hand IS NOT NULL
ORDER BY COALESCE(last_inbound_at, created_at) DESC, id DESC LIMIT $1"""
