"""Everything one step of one customer needs, and everything it changes. Values only.

`storage` loads a `Case`, hands it to a pure function, and writes the `Advanced` that comes back,
all in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from payments.ledger.calls import Call
from payments.ledger.facts import Fact
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund
from payments.ledger.state import OrderState
from payments.shop.orders import Attempt, Order
from payments.shop.stock import Move


class Kind(StrEnum):
    """What an inbox row holds in its body. Closed: a new kind needs a reader."""

    CHAT = "chat"
    """`{"event": a flows.engine.events.Event, "name", "sent_at"}` from the customer."""
    TIMER = "timer"
    """A `flows.engine.events.TimerDue`; the row is due when the timer is."""
    FACTS = "facts"
    """`{"event", "order_key", "facts": [payments.ledger.facts.Fact, …], "problems", "account", "mode"}` from
    a Razorpay webhook."""
    RESULT = "result"
    """`{"name": …, "fields": {…}}`: what a `payments.ledger.calls.Call` answered."""
    POLL = "poll"
    """A `payments.ledger.polling.Poll`; the row is due when Razorpay is to be asked."""
    REQUEST = "request"
    """`{"items": [{"sku", "quantity"}] | null}`: an order asked for over our own API."""
    JOINED = "joined"
    """`{"conversation", "heard_last", "snapshot"}`: another conversation was found to be this customer's too,
    and is this one from now on. Its public id, whether the customer last wrote in it, and its JSON text."""
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
class Case:
    """One conversation and the events that wait for it, oldest first."""

    conversation: Conversation
    events: tuple[Arrived, ...]
    nonce: str
    """Ten random letters, drawn for this step alone and from no counter: they make what the step mints unique
    for ever, also after its database was restored or copied."""
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    """By key: the conversation's current one and those that `events` name, where we have them."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Pieces left of each product that is counted."""
    account: str | None = None
    """Razorpay's id of our account; None until a payment has told us."""


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    IGNORED = "ignored"
    """Recognised, and rightly without effect (late timer, duplicate fact)."""
    PARKED = "parked"
    """Could not be handled; waits for a person, with its error."""


@dataclass(frozen=True, slots=True)
class Caused:
    """How many of a step's effects came of one event; they stand in the order of the events."""

    sends: int = 0
    calls: int = 0
    facts: int = 0


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one event, and why."""

    number: int
    outcome: Outcome
    trace: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    caused: Caused = Caused()
    """What of the step came of it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an operator must know and do something about; told once for each (kind, subject)."""

    kind: str
    """What it is about, for machines: `webhook`, `window`, `token`, …"""
    subject: str
    """What it is about, within its kind (an order, a message's name); holds no personal data."""
    said: str
    """What happened and what to do, for people."""


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
    settled: tuple[OrderState, ...] = ()
    """Orders whose verdict, standing or money changed, as they are now."""
    refunds: tuple[Refund, ...] = ()
    """New or changed; the last one of a key holds."""
    moves: tuple[Move, ...] = ()
    """Changes of stock."""
    polls: tuple[Poll, ...] = ()
    notices: tuple[Notice, ...] = ()
    account: str | None = None
    """Razorpay's id of our account, if it was learned now."""
