"""One event's changes in the making: kept whole if the event can be handled, dropped whole if not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from flows.engine.conversation import Conversation
from flows.engine.effects import Act, Effect, Say, StartTimer
from flows.engine.events import Event, Received
from flows.engine.model import Flow
from flows.engine.step import step
from flows.messages.kinds import Text
from payments.ledger.balance import Verdict
from payments.ledger.calls import Call, CancelLink, CreateLink, FetchPayments
from payments.ledger.facts import Fact
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund
from payments.ledger.resolution import payable
from payments.ledger.state import OrderState
from payments.processing.case import Notice
from payments.processing.notifications import (
    earlier_links,
    order_of,
    status,
    with_earlier_links,
    with_link_as_of,
)
from payments.processing.silence import rule, withheld
from payments.shop import stock
from payments.shop.actions import ASK, CANCEL, CREATE, END, PLACE, REOPEN, UNPAID
from payments.shop.catalogue import Shop
from payments.shop.orders import (
    Attempt,
    AttemptStatus,
    Order,
    Standing,
    lines_from_json,
    order_key_of,
    withdrawn,
)
from payments.shop.stock import Move

Trace: TypeAlias = tuple[Mapping[str, Any], ...]


class CannotHandle(Exception):
    """An event that names what this database doesn't have. The message is for the operator."""


@dataclass(slots=True)
class Draft:
    """What one event has changed so far."""

    flow: Flow
    now: int
    """Milliseconds since 1970, UTC."""
    number: int
    """Of the event."""
    reminding: bool
    """Whether the event is only time that passed."""
    conversation: Conversation
    orders: dict[str, OrderState]
    left: Mapping[str, int]
    account: str | None
    nonce: str
    sends: list[Say] = field(default_factory=list)
    timers: list[StartTimer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    """Keys of orders whose verdict, standing or money changed."""
    dropped: list[str] = field(default_factory=list)
    """Keys of orders that lost an attempt which was only planned: no answer will set them right."""
    refunds: dict[str, Refund] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        """The shop of the flow file."""
        shop: Shop = self.flow.sections["shop"]
        return shop

    def step(self, event: Event) -> tuple[Trace, bool]:
        """Let the conversation take `event`: its trace, and whether anything answered."""
        outside = {"left": self.left, "links": self._may_have_paid(), "nonce": self.nonce}
        known = with_link_as_of(self.conversation, self.now)
        done = step(self.flow, known, event, self.now, self.number, outside)
        says = sum(isinstance(effect, Say) for effect in done.effects)
        ruling = rule(self.flow, known, done.conversation, event, says, self.now)
        self.notices += ruling.notices
        trace = withheld(done.trace, ruling.because) if ruling.because else done.trace
        if not ruling.taken:
            self.conversation = replace(self.conversation, talk=ruling.talk)
            return tuple({**entry, "entered": [], "did": [], "undone": True} for entry in trace), False
        self.conversation = replace(done.conversation, talk=ruling.talk)
        for effect in done.effects:
            if ruling.because is None or not isinstance(effect, Say):
                self._keep(effect)
        return trace, done.applied

    def apologise(self) -> None:
        """Say that the customer's event could not be handled, unless they are to hear nothing."""
        apologies, conversation = self.flow.apologies, self.conversation
        said = apologies.get(conversation.language) or apologies[self.flow.languages[0]]
        ruling = rule(self.flow, conversation, conversation, Received("unhandled"), 1, self.now)
        self.conversation = replace(conversation, talk=ruling.talk)
        self.notices += ruling.notices
        if ruling.because is None:
            self.sends.append(Say("apology", Text(said)))

    def say_aside(self, conversation: Conversation, events: Iterable[Event]) -> tuple[Trace, bool]:
        """Tell of something that `conversation` is not about: only what is said counts, nothing moves."""
        trace: list[Mapping[str, Any]] = []
        applied = False
        for event in events:
            outside = {"left": self.left, "nonce": self.nonce}
            done = step(self.flow, conversation, event, self.now, self.number, outside)
            trace += [{**entry, "entered": [], "did": [], "aside": True} for entry in done.trace]
            applied = applied or done.applied
            for effect in done.effects:
                if isinstance(effect, Say):
                    self._keep(effect)
        return tuple(trace), applied

    def write(self, before: OrderState | None, after: OrderState) -> None:
        """The order as it is now, and the rows that differ from `before`."""
        self.orders[after.order.key] = after
        old = {attempt.reference_id: attempt for attempt in before.attempts} if before else {}
        self.attempts |= {a.reference_id: a for a in after.attempts if old.get(a.reference_id) != a}
        known = {refund.key: refund for refund in before.refunds} if before else {}
        self.refunds |= {r.key: r for r in after.refunds if known.get(r.key) != r}
        if before is not None and _standing_of(before) != _standing_of(after):
            self.settled.append(after.order.key)

    def move(self, moves: tuple[Move, ...]) -> None:
        """Change what is left."""
        self.moves += moves
        self.left = stock.after(self.left, moves)

    def begin(self, state: OrderState, attempt: Attempt) -> OrderState:
        """`state` with `attempt`, whose link is asked for if the customer can pay no other; else planned.

        What they can pay is asked to end, although it may have been before: Razorpay may have refused it.
        """
        open_links, earlier = payable(state), earlier_links(self.conversation)
        for other in open_links:
            self._ask_to_end(other.reference_id, other.link_id)
        for reference in earlier:
            self._withdraw(reference)
        over = tuple(
            withdrawn(a) if a in open_links or a.status is AttemptStatus.PLANNED else a
            for a in state.attempts
        )
        if open_links or earlier:
            attempt = replace(attempt, status=AttemptStatus.PLANNED)
        else:
            self.calls.append(link_of(state.order, attempt))
        return replace(state, attempts=(*over, attempt))

    def _may_have_paid(self) -> bool:
        """Whether there is a link over which the customer can have paid what the chat is about."""
        state = self.orders.get(order_of(self.conversation).get("key", ""))
        made = state is not None and any(attempt.link_id for attempt in state.attempts)
        return made or bool(earlier_links(self.conversation))

    def _keep(self, effect: Effect) -> None:
        match effect:
            case Say():
                self.sends.append(replace(effect, reminder=self.reminding))
            case StartTimer():
                self.timers.append(effect)
            case Act(kind=kind, payload=payload):
                self._act(kind, payload)

    def _act(self, kind: str, payload: Mapping[str, Any]) -> None:
        acts = {
            PLACE: self._place,
            CREATE: self._create,
            CANCEL: self._cancel,
            REOPEN: self._reopen,
            END: self._end,
            ASK: self._ask,
        }
        if kind not in acts:
            raise CannotHandle(f"no one performs '{kind}'")
        acts[kind](payload)

    def _place(self, payload: Mapping[str, Any]) -> None:
        order = Order(
            key=payload["key"],
            number=payload["number"],
            conversation=self.conversation.id,
            lines=lines_from_json(payload["lines"]),
            total=payload["total"],
            currency=payload["currency"],
            placed_at=self.now,
            placed_by=self.number,
        )
        self.placed.append(order)
        for state in tuple(self.orders.values()):
            self._give_up_plans(state)
        self._leave(self.orders.values())
        self.orders[order.key] = OrderState(order, (), Verdict.UNPAID, ())
        self.move(stock.reserve(self.left, order.lines))

    def displace(self, state: OrderState) -> None:
        """End an order that the chat is not about, as if the customer had just placed another one.

        Where money is on its way, or waits for a person, that goes on.
        """
        ended = status(state) in UNPAID
        self._give_up_plans(state)
        self._leave([state])
        if ended:
            for attempt in payable(state):
                self._withdraw(attempt.reference_id)
            self._end({"key": state.order.key})

    def _leave(self, states: Iterable[OrderState]) -> None:
        """Wait for the end of what the customer can still pay of these orders."""
        open_links = [attempt.reference_id for state in states for attempt in payable(state)]
        if open_links:
            references = (*earlier_links(self.conversation), *open_links)
            self.conversation = with_earlier_links(self.conversation, references)

    def _give_up_plans(self, state: OrderState) -> None:
        for attempt in state.attempts:
            if attempt.status is AttemptStatus.PLANNED:
                self._withdraw(attempt.reference_id)

    def _create(self, payload: Mapping[str, Any]) -> None:
        before = self.order(payload["order_key"])
        self.write(before, self.begin(before, Attempt(currency=before.order.currency, **payload)))

    def _cancel(self, payload: Mapping[str, Any]) -> None:
        self._withdraw(payload["reference_id"])

    def _withdraw(self, reference: str) -> None:
        before = self.orders.get(order_key_of(reference))
        if before is None:  # an earlier order's, of which no event tells: it is on its way out already
            self._ask_to_end(reference, None)
            return
        attempt = attempt_of(before, reference)
        if attempt.status is AttemptStatus.PLANNED:
            self.dropped.append(before.order.key)
        else:
            self._ask_to_end(reference, attempt.link_id)
        self.write(before, with_attempt(before, withdrawn(attempt)))

    def _ask_to_end(self, reference: str, link_id: str | None) -> None:
        asked = [call.reference_id for call in self.calls if isinstance(call, CancelLink)]
        if reference not in asked:
            self.calls.append(CancelLink(reference, link_id))

    def _reopen(self, payload: Mapping[str, Any]) -> None:
        before = self.order(payload["key"])
        if before.standing is Standing.LAPSED:
            self.move(stock.reserve(self.left, before.order.lines))
            self.write(before, replace(before, standing=Standing.OPEN))

    def _end(self, payload: Mapping[str, Any]) -> None:
        before = self.order(payload["key"])
        if before.standing is Standing.OPEN:
            self.move(stock.release(self.left, before.order.lines))
            self.write(before, replace(before, standing=Standing.LAPSED))

    def _ask(self, payload: Mapping[str, Any]) -> None:
        attempts = [a for a in self.order(payload["key"]).attempts if a.link_id]
        self.calls += [FetchPayments(a.reference_id, a.link_id, asked=True) for a in attempts]
        for reference in earlier_links(self.conversation):
            self.calls.append(FetchPayments(reference, None, asked=True))

    def order(self, key: str) -> OrderState:
        """The order with `key`. Raises CannotHandle if this database doesn't have it."""
        state = self.orders.get(key)
        if state is None:
            raise CannotHandle(f"order {key} is named, which this database doesn't have")
        return state


def link_of(order: Order, attempt: Attempt) -> CreateLink:
    """What makes the link of `attempt`."""
    rest = "" if attempt.amount == order.total else ": the rest"
    return CreateLink(
        reference_id=attempt.reference_id,
        order_key=order.key,
        amount=attempt.amount,
        currency=attempt.currency,
        description=f"Order #{order.number}{rest}",
        expires_at=attempt.expires_at,
    )


def attempt_of(state: OrderState, reference: str) -> Attempt:
    """The attempt with this reference id. Raises CannotHandle if the order has none."""
    attempt = next((a for a in state.attempts if a.reference_id == reference), None)
    if attempt is None:
        raise CannotHandle(f"there is talk of link {reference}, which this database doesn't have")
    return attempt


def with_attempt(state: OrderState, attempt: Attempt) -> OrderState:
    """`state` with `attempt` in the place of the one with its reference id."""
    attempts = (attempt if a.reference_id == attempt.reference_id else a for a in state.attempts)
    return replace(state, attempts=tuple(attempts))


def _standing_of(state: OrderState) -> tuple[object, ...]:
    return (state.verdict, state.standing, state.fulfilled, state.held, state.held_for)
