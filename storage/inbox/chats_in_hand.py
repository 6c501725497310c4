"""Whether a person has a customer's chat, as a step of the staff is given it."""

from typing import Final

from storage.database.transaction import Transaction


async def is_any(tx: Transaction) -> bool:
    """Return whether a person has some customer's chat."""
    return bool(await tx.fetch(_ANY))


# The condition and the order are those of the partial index.
_ANY: Final = """
SELECT id FROM conversation WHERE in_hand IS NOT NULL
ORDER BY COALESCE(last_inbound_at, created_at) DESC, id DESC LIMIT 1"""
