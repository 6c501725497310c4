"""How a call that a step asks for is stored in the outbox: what of it, and in which lane."""

from typing import Any

from flows.messages import kinds
from flows.messages.kinds import CardUpdate
from flows.messages.payment import CLOSED
from payments.ledger.calls import Call, CloseCard, FetchCard, FetchPayments, to_json
from storage.database.queues import Lane


def payload(call: Call) -> dict[str, Any]:
    """Return what is stored of a call. A card is closed by a message to its customer."""
    if isinstance(call, CloseCard):
        return kinds.to_json(CardUpdate(call.words, call.reference_id, CLOSED))
    return to_json(call)


def lane(call: Call) -> Lane:
    """Return the lane of `call`. Background polls have their own, so that they delay no other call.

    A card is closed in its chat, after the message that shows it.
    """
    if isinstance(call, CloseCard):
        return Lane.CHAT
    return Lane.POLL if isinstance(call, FetchPayments | FetchCard) and not call.asked else Lane.PAY
