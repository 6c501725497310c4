"""States of the rows in inbox and outbox, and the lanes of the outbox."""

from enum import IntEnum, StrEnum


class InboxState(StrEnum):
    """What became of an event. SQL writes the words; a test compares them."""

    PENDING = "pending"
    """It waits to be handled, now or when it is due."""
    APPLIED = "applied"
    IGNORED = "ignored"
    """It was handled, and rightly changed nothing."""
    PARKED = "parked"
    """It could not be handled, and waits for a person."""
    KEPT = "kept"
    """It is stored for the record, and nothing handles it."""


class OutboxState(StrEnum):
    """Where a message or a call stands."""

    PENDING = "pending"
    """It waits to be claimed, now or when it is due."""
    SENDING = "sending"
    """A worker has leased it."""
    DONE = "done"
    FAILED = "failed"
    """It was given up."""
    SUPERSEDED = "superseded"
    """An answer that was not sent, because newer answers were to be."""


class Urgency(IntEnum):
    """What a message waits for: all others of a lower number go first, to any customer."""

    ANSWER = 0
    """An answer, news of an order, or a call."""
    REMINDER = 1
    """Only a timer caused it."""
    OFFER = 2


class Lane(StrEnum):
    """A queue of one customer's outbox entries, performed in order. Lanes do not wait for each other."""

    CHAT = "chat"
    """Messages to the customer."""
    PAY = "pay"
    """Calls to the payment provider that a customer waits for."""
    POLL = "poll"
    """Calls to the payment provider in the background."""
