"""A message's outbox entry, as receipts change it."""

from dataclasses import dataclass
from typing import Any

from storage.database.queues import OutboxState, Urgency
from storage.database.transaction import Row


@dataclass(slots=True)
class Entry:
    """An outbox entry that is locked while receipts are applied to it."""

    id: int
    conversation_id: int
    name: str
    """The message's name in the flow."""
    order_key: str | None
    """Of a message that shows a card or changes it: the order."""
    state: OutboxState
    urgency: Urgency
    provider_id: str | None
    """The channel's id of the copy that was accepted or failed last."""
    receipt: str | None
    """The latest status, as the channel names it."""
    receipt_rank: int | None
    error: str | None
    finished_at: int | None
    """Milliseconds since 1970, UTC; None while it is not done and not given up."""
    attempts: int = 0
    """How often it was tried, as far as that counts."""
    payload: dict[str, Any] | None = None
    """The message. None until `resend.load` has loaded it, and if it cannot be read."""
    due_at: int = 0
    """Milliseconds since 1970, UTC; 0 until `resend.load` has loaded it."""
    goes_again: bool = False
    """Whether the message is to be sent again: then `payload` and `due_at` are new."""


def entry_of(row: Row) -> Entry:
    """Return the entry in a row of `outbox`, without what `resend.load` loads."""
    return Entry(
        id=row["id"],
        conversation_id=row["conversation_id"],
        name=row["name"],
        order_key=row["order_key"],
        state=OutboxState(row["state"]),
        urgency=Urgency(row["urgency"]),
        provider_id=row["provider_id"],
        receipt=row["receipt"],
        receipt_rank=row["receipt_rank"],
        error=row["error"],
        finished_at=row["finished_at"],
        attempts=row["attempts"],
    )
