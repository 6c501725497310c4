"""One customer's waiting events, one after the other: the pure heart of the shop.

    advance(flow, case, now) -> Advanced

An event that can't be handled is parked with its error and leaves the conversation as it was; the
events after it go on. Facts are kept even then: what Razorpay said is true whatever the flow does,
and because an order's verdict only moves together with the conversation, the next event about the
order (or the same one, replayed) tells the customer after all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from flows import events as flow_events
from flows.conversation import Conversation
from flows.effects import Act, Effect, Say, StartTimer
from flows.engine import step
from flows.events import Happened
from flows.messages import Text
from flows.model import Flow
from payments import facts as fact_values
from payments import ledger
from payments.calls import Call, CancelLink, CreateLink
from payments.case import Advanced, Arrived, Case, Handled, Kind, OrderState, Outcome
from payments.facts import Fact
from payments.ledger import Verdict
from payments.orders import LINK_STATUSES, Attempt, Order, lines_from_json, moved, order_key_of
from payments.shop import CANCEL, CREATE, PLACE
from payments.telling import FETCHED, after_facts, after_result, displaced, unexplained

Trace = tuple[Mapping[str, Any], ...]


class CannotHandle(Exception):
    """An event that names what this database doesn't have. The message is for the operator."""


def advance(flow: Flow, case: Case, now: int) -> Advanced:
    """What the waiting events of `case` do at `now` (milliseconds since 1970, UTC). Never raises."""
    progress = _Progress(flow, case, now)
    for event in case.events:
        progress.take(event)
    return progress.advanced()


class _Progress:
    """What has come of the events so far."""

    def __init__(self, flow: Flow, case: Case, now: int) -> None:
        self._flow, self._now = flow, now
        self._conversation = case.conversation
        self._orders = dict(case.orders)
        self._handled: list[Handled] = []
        self._sends: list[Say] = []
        self._timers: list[StartTimer] = []
        self._placed: list[Order] = []
        self._calls: list[Call] = []
        self._facts: list[Fact] = []
        self._attempts: dict[str, Attempt] = {}
        self._verdicts: dict[str, Verdict] = {}

    def take(self, event: Arrived) -> None:
        try:
            trace, applied = _HANDLERS[event.kind](self, event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is parked and shown, and the rest goes on
            self._park(event, error)
        else:
            outcome = Outcome.APPLIED if applied else Outcome.IGNORED
            self._handled.append(Handled(event.number, outcome, trace))

    def _park(self, event: Arrived, error: Exception) -> None:
        what = f"{type(error).__name__}: {error}"[:2000]
        self._handled.append(Handled(event.number, Outcome.PARKED, error=what))
        if event.kind is Kind.CHAT:
            apologies = self._flow.apologies
            said = apologies.get(self._conversation.language) or apologies[self._flow.languages[0]]
            self._sends.append(Say("apology", Text(said)))

    def chat(self, event: Arrived) -> tuple[Trace, bool]:
        name = event.body.get("name")
        conversation = self._conversation
        if name and conversation.customer.get("name") != name:
            conversation = replace(conversation, customer={**conversation.customer, "name": name})
        return self._step(conversation, flow_events.from_json(event.body["event"]), event.number)

    def timer(self, event: Arrived) -> tuple[Trace, bool]:
        return self._step(self._conversation, flow_events.from_json(event.body), event.number)

    def request(self, event: Arrived) -> tuple[Trace, bool]:
        happened = Happened("order.requested", {"items": event.body["items"]})
        return self._step(self._conversation, happened, event.number)

    def facts(self, event: Arrived) -> tuple[Trace, bool]:
        return self._told(event.body["order_key"], event.body, event.number)

    def result(self, event: Arrived) -> tuple[Trace, bool]:
        name, fields = event.body["name"], event.body["fields"]
        reference = fields["reference_id"]
        state = self._orders.get(order_key_of(reference))
        attempt = next((a for a in state.attempts if a.reference_id == reference), None) if state else None
        if state is None or attempt is None:
            raise CannotHandle(f"a call answered for {reference}, which this database doesn't have")
        if name == FETCHED:
            return self._told(state.order.key, fields, event.number)
        changed, conversation, happened, calls = after_result(
            self._conversation, attempt, name, fields, settled=state.verdict.settled
        )
        trace, _ = self._tell(conversation, happened, event.number)
        self._change(state, changed)
        self._calls.extend(calls)
        return trace, True

    def _told(self, key: str, said: Mapping[str, Any], number: int) -> tuple[Trace, bool]:
        """Learn the facts in `said`. What Razorpay said and nobody can read may be money: it is parked."""
        done = self._learn(key, said["facts"], number)
        problems = said.get("problems")
        if problems and not self._orders[key].verdict.settled:
            raise CannotHandle(f"Razorpay said more than could be read: {'; '.join(problems)}")
        return done

    def _learn(self, key: str, values: Iterable[Mapping[str, Any]], number: int) -> tuple[Trace, bool]:
        """Add what is new among the facts in `values` to the order's, and tell what changed."""
        before = self._orders.get(key)
        if before is None:
            raise CannotHandle(f"Razorpay names order {key}, which this database doesn't have")
        new = _new([fact_values.from_json(value) for value in values], before)
        self._facts.extend(new)
        state = self._moved_on(before, new)
        verdict = ledger.verdict(state.order.total, state.order.currency, state.facts)
        conversation, happened = after_facts(self._conversation, state, verdict, new)
        calls: list[Call] = [*displaced(self._conversation, conversation), *unexplained(state, verdict, new)]
        trace, applied = self._tell(conversation, happened, number)
        self._calls.extend(calls)
        if verdict is not before.verdict:
            self._verdicts[key] = verdict
        self._orders[key] = replace(state, verdict=verdict)
        return trace, applied or bool(new)

    def _moved_on(self, state: OrderState, new: tuple[Fact, ...]) -> OrderState:
        """`state` with new facts, and the attempts they are about moved on."""
        said = {
            fact.entity_id: LINK_STATUSES.get(fact.state) for fact in new if fact.entity == "payment_link"
        }
        state = replace(state, facts=(*state.facts, *new))
        for attempt in state.attempts:
            if attempt.link_id and (status := said.get(attempt.link_id)):
                state = self._change(state, moved(attempt, status))
        self._orders[state.order.key] = state
        return state

    def _change(self, state: OrderState, attempt: Attempt) -> OrderState:
        self._attempts[attempt.reference_id] = attempt
        others = tuple(a for a in state.attempts if a.reference_id != attempt.reference_id)
        changed = replace(state, attempts=(*others, attempt))
        self._orders[state.order.key] = changed
        return changed

    def _tell(
        self, conversation: Conversation, happened: tuple[Happened, ...], number: int
    ) -> tuple[Trace, bool]:
        """Step the conversation with every event in `happened`, or keep it as given."""
        trace: list[Mapping[str, Any]] = []
        applied = False
        effects: list[Effect] = []
        for event in happened:
            done = step(self._flow, conversation, event, self._now, number)
            conversation = done.conversation
            effects.extend(done.effects)
            trace.extend(done.trace)
            applied = applied or done.applied
        self._conversation = conversation
        self._keep(effects, number)
        return tuple(trace), applied

    def _step(self, conversation: Conversation, event: flow_events.Event, number: int) -> tuple[Trace, bool]:
        done = step(self._flow, conversation, event, self._now, number)
        self._conversation = done.conversation
        self._keep(done.effects, number)
        return done.trace, done.applied

    def _keep(self, effects: Iterable[Effect], number: int) -> None:
        """Sort what a step asked for by who performs it."""
        for effect in effects:
            match effect:
                case Say():
                    self._sends.append(effect)
                case StartTimer():
                    self._timers.append(effect)
                case Act(kind=kind, payload=payload):
                    self._act(kind, payload, number)

    def _act(self, kind: str, payload: Mapping[str, Any], number: int) -> None:
        if kind == PLACE:
            self._placed.append(_order(payload, self._conversation.id, self._now, number))
        elif kind == CREATE:
            self._calls.append(call := CreateLink(**payload))
            self._attempts[call.reference_id] = _attempt(call)
        elif kind == CANCEL:
            self._calls.append(CancelLink(**payload))
        else:
            raise CannotHandle(f"no one performs '{kind}'")

    def advanced(self) -> Advanced:
        return Advanced(
            conversation=self._conversation,
            handled=tuple(self._handled),
            sends=tuple(self._sends),
            timers=tuple(self._timers),
            calls=tuple(self._calls),
            orders=tuple(self._placed),
            attempts=tuple(self._attempts.values()),
            facts=tuple(self._facts),
            verdicts=self._verdicts,
        )


_HANDLERS: Final[Mapping[Kind, Callable[[_Progress, Arrived], tuple[Trace, bool]]]] = {
    Kind.CHAT: _Progress.chat,
    Kind.TIMER: _Progress.timer,
    Kind.REQUEST: _Progress.request,
    Kind.FACTS: _Progress.facts,
    Kind.RESULT: _Progress.result,
}


def _new(told: list[Fact], state: OrderState) -> tuple[Fact, ...]:
    """Those of `told` that are not known yet. Raises CannotHandle if one contradicts what is known."""
    known = {fact.identity: fact for fact in state.facts}
    for fact in told:
        same = known.setdefault(fact.identity, fact)
        if (same.amount, same.currency) != (fact.amount, fact.currency):
            raise CannotHandle(
                f"Razorpay told two amounts for {fact.entity_id}: {same.amount} and {fact.amount}"
            )
    before = {fact.identity for fact in state.facts}
    return tuple({fact.identity: fact for fact in told if fact.identity not in before}.values())


def _attempt(call: CreateLink) -> Attempt:
    ordinal = int(call.reference_id.rsplit(".", 1)[1])
    return Attempt(call.reference_id, call.order_key, ordinal, call.amount, call.currency, call.expires_at)


def _order(placed: Mapping[str, Any], conversation: str, now: int, number: int) -> Order:
    return Order(
        key=placed["key"],
        number=placed["number"],
        conversation=conversation,
        lines=lines_from_json(placed["lines"]),
        total=placed["total"],
        currency=placed["currency"],
        placed_at=now,
        placed_by=number,
    )
