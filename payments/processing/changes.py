"""The change set of one step: filled event by event, stored in one transaction, then performed.

A new kind of change is a field here (a list or a dict, which `ChangeSet.add` merges), a table of
`storage.inbox.changes`, a line of `MemoryStore.save` and a test in `tests/storage/test_step_suite.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from flows.messages.kinds import Message
from payments.ledger.calls import Call
from payments.ledger.facts import Fact
from payments.ledger.mirrors import Concerned
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund
from payments.ledger.state import OrderState
from payments.processing.bodies import StaffAction
from payments.processing.events_out import EventOut, HookEvent
from payments.processing.notice import Notice
from payments.shop.amendments import Amendment
from payments.shop.handover import HandoverCheck
from payments.shop.invoice import Invoice
from payments.shop.orders import Attempt, Order
from payments.shop.quotas import Booking
from payments.shop.stock import StockMove
from payments.shop.switches import Switch

T = TypeVar("T")


class Outcome(StrEnum):
    """How the processing of an event ended."""

    APPLIED = "applied"
    IGNORED = "ignored"
    """Recognised, and rightly without effect (late timer, duplicate fact)."""
    PARKED = "parked"
    """Could not be handled. It waits for a person, with its error."""


@dataclass(frozen=True, slots=True)
class EventResult:
    """Outcome of one event, with its trace or its error."""

    number: int
    outcome: Outcome
    trace: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    where: str = ""
    """Where in the flow file the error happened, if it did there. Unlike the error, it quotes no customer."""


class Caused(NamedTuple, Generic[T]):
    """A value, with the number of the event that caused it."""

    event: int
    """The event's number."""
    value: T


@dataclass(frozen=True, slots=True)
class Told:
    """A message to the staff."""

    to: tuple[str, ...]
    """Public ids of the conversations of those who get it."""
    name: str
    message: Message


@dataclass(frozen=True, slots=True)
class Command:
    """What a member of the staff wants done in a customer's conversation. It becomes an event there."""

    conversation: str
    """Public id of the customer's conversation."""
    action: StaffAction


@dataclass(slots=True)
class ChangeSet:
    """All that a step changes. If a key occurs twice, the last value counts."""

    conversation: Conversation
    results: list[EventResult] = field(default_factory=list)
    messages: list[Caused[Say]] = field(default_factory=list)
    timers: list[StartTimer] = field(default_factory=list)
    calls: list[Caused[Call]] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    """New orders."""
    attempts: dict[str, Attempt] = field(default_factory=dict)
    """New or changed, by reference id."""
    facts: list[Caused[Fact]] = field(default_factory=list)
    """New facts."""
    orders: dict[str, OrderState] = field(default_factory=dict)
    """Orders whose lifecycle, money or stage changed, by key, in their new state."""
    refunds: dict[str, Refund] = field(default_factory=dict)
    """New or changed, by key."""
    amendments: list[Caused[Amendment]] = field(default_factory=list)
    """New amendments."""
    invoices: list[Caused[Invoice]] = field(default_factory=list)
    """Invoices and credit notes that are issued. Each gets its number when it is stored."""
    moves: list[StockMove] = field(default_factory=list)
    """Changes of stock."""
    switches: list[Switch] = field(default_factory=list)
    """Products and variants that were switched off or on."""
    bookings: list[Booking] = field(default_factory=list)
    """Places of slots and coupons that were taken or freed."""
    polls: list[Poll] = field(default_factory=list)
    told: list[Caused[Told]] = field(default_factory=list)
    commands: list[Caused[Command]] = field(default_factory=list)
    """At most one of each event."""
    checks: list[HandoverCheck] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    to_forget: list[int] = field(default_factory=list)
    """Numbers of events in which the customer asked to be forgotten. An `EventKind.FORGET` follows each."""
    forgotten: list[int] = field(default_factory=list)
    """Numbers of the events that forgot the customer."""
    happened: list[EventOut] = field(default_factory=list)
    """What other programs may hear of, in order."""
    hooks: list[HookEvent] = field(default_factory=list)
    """The same as it is stored. Filled by the worker, if the shop has such a program."""
    shelved: list[str] = field(default_factory=list)
    """Keys of the orders that were called off and whose goods can be sold again. It is not stored."""
    mirrored: list[Concerned] = field(default_factory=list)
    """Orders whose copies in the shop's other system may have to follow. The worker fills it, if the shop has
    one."""
    account: str | None = None
    """Razorpay's id of our account, if this step learned it."""
    version: int | None = None
    """Number of the flow's version that the conversation goes over to; None if it stays where it is."""

    def add(self, later: "ChangeSet") -> None:
        """Add the changes of later events."""
        self.conversation = later.conversation
        for name in _LISTS:
            if found := getattr(later, name):
                getattr(self, name).extend(found)
        for name in _MAPPINGS:
            if found := getattr(later, name):
                getattr(self, name).update(found)

    def compare(self, event: int, before: Mapping[str, OrderState], after: Mapping[str, OrderState]) -> None:
        """Add the differences between the orders before and after `event`."""
        for key, order in after.items():
            if (known := before.get(key)) is not order:
                self._add_order(event, known, order)

    def _add_order(self, event: int, before: OrderState | None, after: OrderState) -> None:
        if before is None:
            self.placed.append(after.order)
            before = OrderState(after.order)
        known = {attempt.reference_id: attempt for attempt in before.attempts}
        self.attempts |= {a.reference_id: a for a in after.attempts if known.get(a.reference_id) != a}
        refunds = {refund.key: refund for refund in before.refunds}
        self.refunds |= {r.key: r for r in after.refunds if refunds.get(r.key) != r}
        self.facts += [Caused(event, fact) for fact in after.facts[len(before.facts) :]]
        self.amendments += [Caused(event, one) for one in after.amendments[len(before.amendments) :]]
        if books(before) != books(after):
            self.orders[after.key] = after


_LISTS = tuple(f.name for f in fields(ChangeSet) if str(f.type).startswith("list"))
_MAPPINGS = tuple(f.name for f in fields(ChangeSet) if str(f.type).startswith("dict"))
assert {*_LISTS, *_MAPPINGS, "conversation", "account", "version"} == {f.name for f in fields(ChangeSet)}


def books(state: OrderState) -> tuple[object, ...]:
    """Return what is stored of an order's lifecycle, money, stage and tasks."""
    money = (state.fulfilled, state.held, state.held_for, state.balance.paid_in_full)
    stage = (state.stage, state.stage_by, state.stage_at, state.tasks, state.rating)
    return (state.status, state.lifecycle, *stage, *money)


def values(caused: list[Caused[T]]) -> Iterator[T]:
    """Return the values without the numbers of their events."""
    return (one.value for one in caused)
