"""What one step of one customer is given: the conversation, its waiting events and orders. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flows.engine.conversation import Conversation
from payments.ledger.state import OrderState


class Kind(StrEnum):
    """What an inbox row holds in its body. Closed: a new kind needs a reader."""

    CHAT = "chat"
    """`{"event": a flows.engine.events.Event, "name", "sent_at"}` from the customer; `sent_at` is 0 where the
    channel does not say when they wrote."""
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
    """`{"provider_id", "status", "rank", "meaning", "opaque", "error", "code", "remedy"}`: the channel's
    later word about one of our messages; see `storage.outbox.receipts`."""
    OTHER = "other"
    """Signed, but nothing for us to act on; kept as it came."""


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event that waits in the inbox."""

    number: int
    """Unique in the installation and growing in order of arrival."""
    kind: Kind
    body: Mapping[str, Any]
    received_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class StepInput:
    """One conversation and the events that wait for it, oldest first."""

    conversation: Conversation
    events: tuple[InboxEvent, ...]
    nonce: str
    """Ten random letters, drawn for this step alone and from no counter: they make what the step mints unique
    for ever, also after its database was restored or copied."""
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    """By key: the conversation's current one and those that `events` name, where we have them."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Pieces left of each product that is counted."""
    account: str | None = None
    """Razorpay's id of our account; None until a payment has told us, and where no order is given."""
