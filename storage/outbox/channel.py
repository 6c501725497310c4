"""The channel by which customers are written to, as far as the queues must know it."""

from collections.abc import Callable
from dataclasses import dataclass

from payments.processing.notice import Notice
from storage.inbox.customers import Naming
from storage.outbox.pace import Pace


@dataclass(frozen=True, slots=True)
class Channel:
    """What one channel hands to the queues: numbers, and what operators are told in its words."""

    naming: Naming
    pace: Pace
    word: int
    """Milliseconds that the receipt may take which says what became of a message."""
    unsent: Callable[[str, str], Notice]
    """(message, conversation): of a message that came too late to be sent as it is, and has no template."""
    undelivered: Callable[[str, str, str], Notice]
    """(message, conversation, why): of one that will never reach its customer."""
