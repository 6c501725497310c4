"""Lanes of the outbox."""

from enum import StrEnum


class Lane(StrEnum):
    """A queue of one customer's outbox entries, performed in order. Lanes do not wait for each other."""

    CHAT = "chat"
    """Messages to the customer."""
    PAY = "pay"
    """Calls to the payment provider that a customer waits for."""
    POLL = "poll"
    """Calls to the payment provider in the background."""
