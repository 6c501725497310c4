"""Lanes of the outbox."""

from enum import StrEnum


class Lane(StrEnum):
    """Entries of one customer that go out one after another; another lane's entries do not wait for them."""

    CHAT = "chat"
    """Messages to the customer."""
    PAY = "pay"
    """Calls to the payment provider that a customer waits for."""
    POLL = "poll"
    """Calls to the payment provider that nobody waits for."""
