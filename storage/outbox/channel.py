"""What the queues need to know of the channel to customers."""

from collections.abc import Callable
from dataclasses import dataclass

from payments.processing.notice import Notice
from storage.inbox.customers import Naming
from storage.outbox.pace import Pace


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel's rules for the queues, and the notices that it words for operators."""

    naming: Naming
    pace: Pace
    receipt_wait: int
    """Milliseconds to wait for the receipt of a message whose answer was lost."""
    card_is_over: int
    """The error code with which it does not change an order card that is closed or has run out."""
    unsent: Callable[[str, str], Notice]
    """(message, conversation) -> notice of a message that was too late to be sent and has no template."""
    undelivered: Callable[[str, str, str], Notice]
    """(message, conversation, why) -> notice of a message that will never reach its customer."""
    undelivered_offer: Callable[[str, str], Notice]
    """(message, why) -> notice of an offer that did not reach a customer: one for all of them."""
