"""A whole shop in memory: a step's changes are saved and become the next step's input.

The simulator and the tests of processing keep their shop here, and the simulation compares each step on a
database with it. It keeps what steps read and write, and has no queues: see decision 30.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from payments.ledger.calls import Call
from payments.ledger.day import Day
from payments.ledger.mirrors import Concerned
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund
from payments.ledger.state import OrderState, Task
from payments.processing.changes import Caused, ChangeSet, Command, EventResult, Told, values
from payments.processing.conversation_data import in_hand, order_keys_in
from payments.processing.named_orders import (
    asks_for_to_do,
    may_answer_a_customer,
    numbers_in,
    order_keys,
    period_in,
    quote_in,
)
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import TO_DO, EventKind, InboxEvent, Quoted, StepInput, ToDo
from payments.shop import quotas, stock, switches
from payments.shop.business_day import Period
from payments.shop.fulfilment import to_do
from payments.shop.handover import HandoverCheck
from payments.shop.invoice import Invoice
from payments.shop.orders import FIRST_NUMBER, Attempt
from payments.shop.staff import StaffMap


@dataclass
class MemoryStore:
    """The stored state of all conversations of a shop."""

    left: Mapping[str, int] = field(default_factory=dict)
    """Pieces left of each article that is counted."""
    taken: Mapping[str, int] = field(default_factory=dict)
    """How often each slot and coupon is taken."""
    next_number: int = FIRST_NUMBER
    conversations: dict[str, Conversation] = field(default_factory=dict)
    """By id. One must be here before its first step."""
    orders: dict[str, OrderState] = field(default_factory=dict)
    """By key, of all conversations: each order names its own."""
    off: frozenset[str] = frozenset()
    """Skus of products and variants that the shop has switched off."""
    account: str | None = None
    forgotten: set[str] = field(default_factory=set)
    """Conversations whose customers were forgotten."""
    to_forget: list[int] = field(default_factory=list)
    """Events in which a customer asked to be forgotten."""
    results: dict[int, EventResult] = field(default_factory=dict)
    """What became of each event, by its number."""
    messages: list[Caused[Say]] = field(default_factory=list)
    """Everything that was said, oldest first."""
    calls: list[Caused[Call]] = field(default_factory=list)
    """Everything that was asked of the payment provider, oldest first."""
    timers: dict[tuple[str, str, str, int], StartTimer] = field(default_factory=dict)
    """By conversation, state, name and visit: a timer is started once in a visit."""
    polls: set[Poll] = field(default_factory=set)
    told: list[Caused[Told]] = field(default_factory=list)
    """Everything that the staff were told, oldest first."""
    commands: list[Caused[Command]] = field(default_factory=list)
    """Everything that the staff wanted done, oldest first. Each is to become an event of its conversation."""
    invoices: list[Caused[Invoice]] = field(default_factory=list)
    """Every invoice and credit note that was issued, oldest first."""
    checks: dict[tuple[str, HandoverCheck], HandoverCheck] = field(default_factory=dict)
    """By conversation: when to look whether a hand-over is over."""
    staff: StaffMap = field(default_factory=dict)
    staff_heard: Mapping[str, int | None] = field(default_factory=dict)
    """When members of the staff last wrote, by conversation. Who is not in it is always there."""
    phones: dict[str, str] = field(default_factory=dict)
    """Phone numbers, digits only, by conversation."""
    versions: dict[str, int] = field(default_factory=dict)
    """Numbers of the flow's versions that the conversations stand on."""
    heard: dict[str, int | None] = field(default_factory=dict)
    """When each customer last wrote, in milliseconds since 1970, UTC, by conversation."""
    quoted: Mapping[str, Quoted] = field(default_factory=dict)
    """Messages to the staff, by the channel's id."""
    mirrored: dict[str, Concerned] = field(default_factory=dict)
    """By order: what was last stored of those whose copies may have to follow."""
    notices: dict[tuple[NoticeKind, str], Notice] = field(default_factory=dict)
    """By kind and subject: operators are told once."""

    def given(self, id: str, events: Iterable[InboxEvent], nonce: str = "") -> StepInput:
        """Return what a step of `events` of the conversation `id` is given."""
        conversation, events = self.conversations[id], tuple(events)
        named = order_keys_in(conversation.data).union(*map(_named, events))
        if any(event.kind is EventKind.FORGET for event in events):
            named |= self.orders.keys()
        known = {key: self.orders[key] for key in sorted(named & self.orders.keys())}
        orders = {key: state for key, state in known.items() if state.order.conversation == id}
        quotes = {quote for event in events if (quote := quote_in(event))} if id in self.staff else set()
        asked = events if id in self.staff else ()
        return StepInput(
            conversation,
            events,
            nonce,
            orders,
            left=self.left,
            off=self.off,
            taken=self.taken,
            next_number=self.next_number,
            account=self.account if orders else None,
            forgotten=id in self.forgotten,
            phone=self.phones.get(id, ""),
            heard_at=self.heard.get(id),
            staff=self.staff,
            staff_heard=self.staff_heard,
            in_hand=any(may_answer_a_customer(event) for event in asked) and self._in_hand(),
            quoted={quote: self.quoted[quote] for quote in quotes if quote in self.quoted},
            numbered=self._numbered({number for event in asked for number in numbers_in(event)}),
            to_do=self._to_do() if any(asks_for_to_do(event) for event in asked) else None,
            days={day: self._day(day) for event in asked if (day := period_in(event))},
            version=self.versions.get(id),
        )

    def _numbered(self, numbers: Collection[str]) -> dict[str, str]:
        return {one.order.number: one.key for one in self.orders.values() if one.order.number in numbers}

    def _to_do(self) -> ToDo:
        orders = [one for one in self.orders.values() if one.tasks]
        goods_first = sorted(
            orders, key=lambda one: (Task.GOODS not in one.tasks, one.order.placed_at, one.key)
        )
        return ToDo(tuple(goods_first[:TO_DO]), len(orders))

    def _in_hand(self) -> bool:
        """Return whether a person has some customer's chat."""
        return any(in_hand(one.data) for one in self.conversations.values())

    def _day(self, period: Period) -> Day:
        stages = Counter(one.stage for one in self.orders.values() if one.stage and to_do(one.stage))
        day = Day(to_do=dict(stages))
        for state in self.orders.values():
            day.add(state, period)
        return day

    def save(self, changes: ChangeSet) -> None:
        """Keep what a step changed."""
        id = changes.conversation.id
        self.conversations[id] = changes.conversation
        if changes.version is not None:
            self.versions[id] = changes.version
        self.results |= {result.number: result for result in changes.results}
        self.messages += changes.messages
        self.calls += changes.calls
        for timer in changes.timers:
            self.timers.setdefault((id, timer.state, timer.timer, timer.visit), timer)
        self.polls.update(changes.polls)
        self.told += changes.told
        self.commands += changes.commands
        self.invoices += changes.invoices
        self.checks |= {(id, check): check for check in changes.checks}
        for notice in changes.notices:
            self.notices.setdefault((notice.kind, notice.subject), notice)
        for one in changes.mirrored:
            if one.is_new or one.order_key in self.mirrored:
                self.mirrored[one.order_key] = one
        self.left = stock.after(self.left, changes.moves)
        self.taken = quotas.after(self.taken, changes.bookings)
        self.off = switches.after(self.off, changes.switches)
        self.next_number += len(changes.placed)
        self.account = self.account or changes.account
        self.to_forget += changes.to_forget
        self._save_orders(changes)
        if changes.forgotten:
            self._forget(id)

    def _save_orders(self, changes: ChangeSet) -> None:
        orders = self.orders
        for order in changes.placed:
            orders[order.key] = OrderState(order)
        for attempt in changes.attempts.values():
            orders[attempt.order_key] = _with_attempt(orders[attempt.order_key], attempt)
        for fact in values(changes.facts):
            state = orders[fact.order_key]
            if all(known.identity != fact.identity for known in state.facts):
                orders[fact.order_key] = state.with_facts([fact])
        for refund in changes.refunds.values():
            orders[refund.order_key] = _with_refund(orders[refund.order_key], refund)
        for amendment in values(changes.amendments):
            orders[amendment.order_key] = orders[amendment.order_key].amended(amendment)
        for changed in changes.orders.values():
            orders[changed.key] = replace(
                orders[changed.key],
                lifecycle=changed.lifecycle,
                stage=changed.stage,
                stage_by=changed.stage_by,
                stage_at=changed.stage_at,
                fulfilled=changed.fulfilled,
                held=changed.held,
                held_for=changed.held_for,
                rating=changed.rating,
            )

    def _forget(self, id: str) -> None:
        """Forget the customer of a conversation, whose own data leaves their orders."""
        self.forgotten.add(id)
        for key, state in self.orders.items():
            if state.order.conversation == id:
                order = replace(state.order, to=state.order.to.of_nobody, terms=state.order.terms.of_nobody)
                amendments = tuple(one.of_nobody for one in state.amendments)
                self.orders[key] = replace(state, order=order, amendments=amendments)

    def join(self, other: str, survivor: str) -> None:
        """Give `survivor` the orders of `other`, which was found to be the same customer's.

        The survivor's next event is an `EventKind.JOINED`.
        """
        for key, state in self.orders.items():
            if state.order.conversation == other:
                self.orders[key] = replace(state, order=replace(state.order, conversation=survivor))


def _named(event: InboxEvent) -> set[str]:
    try:
        return order_keys(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        return set()  # it can't be read, and will be parked


def _with_attempt(state: OrderState, attempt: Attempt) -> OrderState:
    attempts = state.with_attempt(attempt).attempts
    return replace(state, attempts=tuple(sorted(attempts, key=lambda one: one.ordinal)))


def _with_refund(state: OrderState, refund: Refund) -> OrderState:
    refunds = {known.key: known for known in state.refunds} | {refund.key: refund}
    return replace(state, refunds=tuple(refunds[key] for key in sorted(refunds)))
