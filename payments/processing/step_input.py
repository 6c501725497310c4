"""The input of one step of one customer: the conversation, its waiting events and orders. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from flows.engine.conversation import Conversation
from payments.ledger.day import Day
from payments.ledger.state import OrderState
from payments.shop.business_day import Period
from payments.shop.staff import StaffMap


class EventKind(StrEnum):
    """What the body of an inbox row holds. A new kind needs a case in `bodies.read`."""

    CHAT = "chat"
    """`{"event": a flows.engine.events.Event, "name", "sent_at", "quote"}` from the customer. `sent_at` is 0
    if the channel does not say when they wrote. `quote` is the channel's id of the message that they replied
    to, if they did."""
    TIMER = "timer"
    """A `flows.engine.events.TimerDue`. The row is due when the timer is."""
    FACTS = "facts"
    """`{"event", "order_key", "facts": [payments.ledger.facts.Fact, …], "problems", "account", "mode"}` from
    a Razorpay webhook."""
    RESULT = "result"
    """`{"name": …, "fields": {…}}`: the result of a `payments.ledger.calls.Call`."""
    POLL = "poll"
    """A `payments.ledger.polling.Poll`. The row is due when Razorpay is to be asked."""
    REQUEST = "request"
    """`{"items": [{"sku", "quantity"}] | null}`: an order requested over our API."""
    JOINED = "joined"
    """`{"conversation", "heard_last", "snapshot"}`: another conversation was found to be of this customer and
    becomes a part of this one. Its public id, whether the customer wrote last in it, and its JSON text."""
    FORGET = "forget"
    """`{"by": "operator" | "customer"}`: the customer is to be forgotten."""
    STAFF = "staff"
    """A `payments.processing.bodies.StaffAction`: what the staff did about this customer or their order."""
    HANDOVER = "handover"
    """A `payments.shop.handover.HandoverCheck`. The row is due when the chat may be quiet."""
    PREFERENCE = "preference"
    """`{"stopped": whether the customer wants no offers}`: what they set at the channel."""
    OFFER = "offer"
    """`{"broadcast", "message"}`: an offer to many customers, by its id and its name in the flow, has reached
    this one."""
    RECEIPT = "receipt"
    """`{"provider_id", "status", "rank", "meaning", "opaque", "error", "code", "remedy"}`: the channel's
    later report about one of our messages. See `storage.outbox.receipts`."""
    OTHER = "other"
    """Signed, but nothing to act on. Kept as it arrived."""


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event waiting in the inbox."""

    number: int
    """Unique in the installation, and growing in order of arrival."""
    kind: EventKind
    body: Mapping[str, Any]
    received_at: int
    """Milliseconds since 1970, UTC."""


TO_DO: Final = 100
"""The most orders to do that a step is given."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """The orders that the shop still has to do something about."""

    orders: tuple[OrderState, ...]
    """At most TO_DO of them: the oldest whose goods are to be brought, then the oldest others."""
    count: int
    """Of all."""


class Quoted(NamedTuple):
    """A message of ours to one of the staff, which they quoted."""

    about: str
    """Public id of the conversation that it was about."""
    name: str


_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


class StepInput(NamedTuple):
    """One conversation and its waiting events, oldest first."""

    conversation: Conversation
    events: tuple[InboxEvent, ...]
    nonce: str
    """Ten random letters, drawn for this step alone and from no counter. They keep the keys that the step
    makes unique for ever, even after its database was restored or copied."""
    orders: Mapping[str, OrderState] = _NONE
    """By key: the conversation's current order, those whose goods are to come, and those that `events` name,
    as far as we have them.
    `EventKind.FORGET` names all orders of the conversation."""
    left: Mapping[str, int] = _NONE
    """Pieces left of each counted article."""
    off: frozenset[str] = frozenset()
    """Skus of products and variants that the shop has switched off."""
    taken: Mapping[str, int] = _NONE
    """How often each slot and coupon is taken, by name (`payments.shop.quotas`)."""
    next_number: int = 0
    """The number of the order that is placed next."""
    account: str | None = None
    """Razorpay's id of our account; None until a payment has named it, and where no order is given."""
    forgotten: bool = False
    """Whether the customer was forgotten: money is booked, and nothing is said any more."""
    phone: str = ""
    """The customer's phone number, digits with the country code; empty if it is not known."""
    heard_at: int | None = None
    """When the customer last wrote before `events`, in milliseconds since 1970, UTC; None if never."""
    staff: StaffMap = _NONE
    staff_heard: Mapping[str, int | None] = _NONE
    """When each of `staff` last wrote, in milliseconds since 1970, UTC; None if never. Who is not in it has
    just written."""
    in_hand: bool = False
    """Whether a person has some customer's chat. Given if a member of the staff writes in `events`."""
    quoted: Mapping[str, Quoted] = _NONE
    """Each message of ours to the staff that `events` quote, by the channel's id of it."""
    numbered: Mapping[str, str] = _NONE
    """The number of each order that the staff have typed in `events` -> the order's key."""
    to_do: ToDo | None = None
    """Given if a member of the staff asks for it in `events`."""
    days: Mapping[Period, Day] = _NONE
    """The figures of each day for which `events` ask, if they are a member of the staff's."""
    version: int | None = None
    """Number of the flow's version that the conversation stands on; None if it stands on none yet."""
