"""What becomes of a card when its message, or the message that closes it, is sent or not. Pure.

The answer about a card is the same value as the answer about a link.
"""

from flows.messages.kinds import CardUpdate, Payment, Sendable
from payments.processing.results import CardArrived, LinkKept, LinkRefused, LinkWithdrawn, Result
from payments.shop.orders import LinkStatus, order_key_of


def order_of(message: Sendable) -> str | None:
    """Return the key of the order whose card the message shows or changes; None if it does neither."""
    match message:
        case Payment():
            return message.bill.order if message.bill else None
        case CardUpdate():
            return order_key_of(message.card)
        case _:
            return None


def decides(message: Sendable) -> bool:
    """Return whether it makes a card payable, or ends that. Nothing else that could be sent does so."""
    return isinstance(message, Payment) or (isinstance(message, CardUpdate) and message.closes)


def unsent(message: Sendable, reason: str, *, certain: bool, over: bool = False) -> Result | None:
    """Return the event that a message was not sent and never will be; None if it concerns no payment.

    `certain`: whether no try of it may have reached the customer. `over`: whether the reason is that the card
    is over already; if so, an earlier try may have closed it.
    """
    match message:
        case Payment() if message.bill:
            return LinkRefused(message.card, reason, certain=certain)
        case CardUpdate() if message.closes and over and not certain:
            return LinkWithdrawn(message.card, message.card, LinkStatus.CANCELLED)
        case CardUpdate() if message.closes:
            return LinkKept(message.card, reason)
        case _:
            return None


def arrived(message: Sendable, *, failed: bool) -> Result | None:
    """Return the event that a message reached the customer; None if that changes nothing.

    `failed`: whether it was said before that it did not reach them.
    """
    match message:
        case Payment() if failed and message.bill:
            return CardArrived(message.card)
        case CardUpdate() if message.closes:
            return LinkWithdrawn(message.card, message.card, LinkStatus.CANCELLED)
        case _:
            return None
