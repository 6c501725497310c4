"""A truth that a step broke, as a value."""

from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """The truths that hold of every shop, as people read them."""

    CONFIRMED_UNPAID = "no order is confirmed before its whole total is captured"
    CONFIRMED_TWICE = "an order is confirmed once"
    MONEY_UNSAID = "money that comes or goes is spoken of"
    BOOKS = "captured = fulfilled + refunded + held"
    PARKED = "every event can be handled"
    UNANSWERED = "everything that a customer taps or types is answered"
    TOO_MANY = "one event brings four messages at most"
    NO_TEMPLATE = "what is said after 24 hours of silence has a template"
    NOT_TWICE = "a webhook that comes twice changes nothing"
    LOOP = "timers come to an end"
    NO_LINK = "while an order can be paid, its customer can get at the link"
    DEAD_END = "the customer can always come back to the first state"
    WAITS = "no order waits for ever"
    SHOP = "the shop's own truths hold"


@dataclass(frozen=True, slots=True)
class Broken:
    """One truth that does not hold."""

    name: Name
    said: str
    """What was wrong, in words for the operator."""
    line: int | None = None
    """Line of the flow that says it must hold; None if it holds of every shop."""
    file: str = ""
    """The included file with that line; empty if it is the flow file."""
