"""Everything one step of one customer needs, and everything it changes. Values only.

`storage` loads a `Case`, hands it to a pure function, and writes the `Advanced` that comes back,
all in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flows.conversation import Conversation
from flows.effects import Say, StartTimer
from payments.calls import Call
from payments.facts import Fact
from payments.ledger import Verdict
from payments.orders import Attempt, Order


class Kind(StrEnum):
    """What an inbox row holds in its body. Closed: a new kind needs a reader."""

    CHAT = "chat"
    """A `flows.events.Event` from the customer."""
    TIMER = "timer"
    """A `flows.events.TimerDue`; the row is due when the timer is."""
    FACTS = "facts"
    """`{"event": …, "facts": [payments.facts.Fact, …]}` from a Razorpay webhook."""
    RESULT = "result"
    """`{"name": …, "fields": {…}}`: what a `payments.calls.Call` answered."""
    REQUEST = "request"
    """`{"items": [{"sku", "quantity"}] | null}`: an order asked for over our own API."""
    RECEIPT = "receipt"
    """`{"wamid", "status", "opaque", "error"}`: WhatsApp's later word about one of our messages."""
    OTHER = "other"
    """Signed, but nothing for us to act on; kept as it came."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event that waits in the inbox."""

    number: int
    """Unique in the installation and growing in order of arrival."""
    kind: Kind
    body: Mapping[str, Any]
    received_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order with what is known of its money."""

    order: Order
    facts: tuple[Fact, ...]
    verdict: Verdict
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation and the events that wait for it, oldest first."""

    conversation: Conversation
    events: tuple[Arrived, ...]
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    """By key: those that a FACTS or RESULT event in `events` names, where we have them."""


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    IGNORED = "ignored"
    """Recognised, and rightly without effect (late timer, duplicate fact)."""
    PARKED = "parked"
    """Could not be handled; waits for a person, with its error."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one event, and why."""

    number: int
    outcome: Outcome
    trace: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a step decided: stored as one, then performed."""

    conversation: Conversation
    handled: tuple[Handled, ...]
    sends: tuple[Say, ...] = ()
    timers: tuple[StartTimer, ...] = ()
    calls: tuple[Call, ...] = ()
    orders: tuple[Order, ...] = ()
    """Newly placed."""
    attempts: tuple[Attempt, ...] = ()
    """New or changed; the last one of a reference id holds."""
    facts: tuple[Fact, ...] = ()
    """Newly learned."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """Changed, by order key."""
