"""What customers wrote to people of the shop, and the channel would not take because they were long silent.

It stays in the outbox as failed. As soon as the member writes anything, the channel takes messages for them
again, and it is sent.
"""

from collections.abc import Iterable
from typing import Final

from payments.processing.step_input import EventKind, StepInput
from storage.database.transaction import Transaction

_LATEST: Final = 7 * 86_400_000
"""Milliseconds. What is older is not sent any more."""


async def send(tx: Transaction, stepped: Iterable[StepInput], now: int) -> None:
    """Send what members of the staff did not get, if they write in this step and nobody has answered it."""
    for given in stepped:
        own = given.conversation.id
        if own in given.staff and any(event.kind is EventKind.CHAT for event in given.events):
            await tx.fetch(_SEND, int(own.rpartition("-")[2]), now - _LATEST, now)


# The conditions on state and name are those of the partial index, word for word.
_SEND: Final = """
UPDATE outbox SET state = 'pending', due_at = $3, finished_at = NULL, attempts = 0, error = NULL,
    provider_id = NULL, receipt = NULL, receipt_rank = NULL
WHERE state = 'failed' AND name = 'from a customer' AND conversation_id = $1 AND created_at > $2
    AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.id = outbox.about AND c.in_hand = 'answered')"""
