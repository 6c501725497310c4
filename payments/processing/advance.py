"""One customer's waiting events, one after the other: the pure heart of the shop.

    advance(flow, given, now) -> ChangeSet

An event that can't be handled is parked with its error and leaves everything as it was; the events
after it go on. Facts are kept even then: what Razorpay said is true whatever the flow does, and
because an order only moves together with the conversation, the next event about the order (or the
same one, replayed) sets it right and tells the customer after all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from flows.engine import events as flow_events
from flows.engine.events import Happened
from flows.engine.model import Flow
from payments.ledger import facts as fact_values
from payments.ledger import polling
from payments.ledger.balance import RELEASED, authorised
from payments.ledger.calls import CancelLink, FetchPayments
from payments.ledger.facts import Fact
from payments.ledger.matching import may_have_taken
from payments.ledger.refunds import RefundStatus
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.deferred_links import follow, keep_waiting
from payments.processing.merge import join
from payments.processing.notifications import SETBACKS
from payments.processing.results import (
    FETCHED,
    FOUND,
    KEPT,
    REFUND_REFUSED,
    REFUNDED,
    Refusal,
    answered,
    unwanted,
)
from payments.processing.shop_state import CannotHandle
from payments.processing.silence import withheld
from payments.processing.step_input import InboxEvent, Kind, StepInput
from payments.processing.turn import Trace, Turn, begin, following
from payments.processing.updates import apply, record_facts, uncaptured
from payments.shop.orders import LINK_STATUSES, Attempt, AttemptStatus, order_key_of

Done: TypeAlias = tuple[Trace, bool]
"""What a handler gives: the trace, and whether the event had an effect."""


def advance(flow: Flow, given: StepInput, now: int) -> ChangeSet:
    """What the waiting events of `given` do at `now` (milliseconds since 1970, UTC). Never raises."""
    turns: list[Turn] = []
    results: list[EventResult] = []
    last = begin(flow, given, now)
    for event in given.events:
        turn = following(last, event)
        result = _take(turn, event)
        if result.outcome is Outcome.PARKED:
            turn = _parked(last, turn, event)
        turns.append(turn)
        results.append(result)
        last = turn
    for place, turn in enumerate(turns):
        if turn.reminding and turn.messages and turn.conversation.visits != last.conversation.visits:
            # Nobody has sent it yet, and what came with it is newer.
            turn.messages = []
            results[place] = replace(results[place], trace=withheld(results[place].trace, _MOVED_ON))
    changes = ChangeSet(given.conversation, results)
    for turn in turns:
        changes.add(turn.changes())
    return changes


_MOVED_ON: Final = "the customer had moved on before it could be sent"


def _take(turn: Turn, event: InboxEvent) -> EventResult:
    try:
        trace, applied = _HANDLERS[event.kind](turn, event.body)
        trace += follow(turn)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is parked and shown, and the rest goes on
        what = f"{type(error).__name__}: {error}"[:2000]
        return EventResult(event.number, Outcome.PARKED, error=what)
    return EventResult(event.number, Outcome.APPLIED if applied else Outcome.IGNORED, trace)


def _parked(last: Turn, failed: Turn, event: InboxEvent) -> Turn:
    """Everything as it was, but for what `failed` learned of money; a customer gets an apology.

    A setback is not kept: it is told only when it is new, and shall be when the event is replayed.
    """
    turn = following(last, event)
    for key, before in last.shop.orders.items():
        learned = failed.shop.orders[key].facts[len(before.facts) :]
        money = [fact for fact in learned if (fact.entity, fact.state) not in SETBACKS]
        turn.kept += money
        turn.shop = turn.shop.with_order(before.with_facts(money))
    turn.before = turn.shop.orders
    if event.kind is Kind.CHAT:
        turn.apologise()
    return turn


def _chat(turn: Turn, body: Mapping[str, Any]) -> Done:
    name = body.get("name")
    customer = turn.conversation.customer
    if name and customer.get("name") != name:
        turn.conversation = replace(turn.conversation, customer={**customer, "name": name})
    return turn.run(flow_events.from_json(body["event"]))


def _timer(turn: Turn, body: Mapping[str, Any]) -> Done:
    return turn.run(flow_events.from_json(body))


def _request(turn: Turn, body: Mapping[str, Any]) -> Done:
    return turn.run(Happened("order.requested", {"items": body["items"]}))


def _facts(turn: Turn, body: Mapping[str, Any]) -> Done:
    before = turn.shop.known(body["order_key"])
    state, new = record_facts(turn, before, _read(body["facts"]), body)
    trace, applied = apply(turn, before, state, new)
    _refuse_problems(turn, before.order.key, body)
    return trace, applied or bool(new)


def _result(turn: Turn, body: Mapping[str, Any]) -> Done:
    name, fields = body["name"], body["fields"]
    if name in (REFUNDED, REFUND_REFUSED):
        return _refund(turn, name, fields)
    before = turn.shop.known(order_key_of(fields["reference_id"]))
    if name == FETCHED:
        state, new = record_facts(turn, before, _read(fields["facts"]))
        asked = bool(fields.get("asked")) and _last_word(turn, before, fields["reference_id"])
        done = apply(turn, before, uncaptured(turn, state), new, asked=asked)
        _refuse_problems(turn, before.order.key, fields)
        return done[0], done[1] or bool(new)
    if name == FOUND:
        return _found(turn, before, fields)
    attempt = before.attempt(fields["reference_id"])
    if name == KEPT:
        return keep_waiting(turn, attempt), True
    attempt, facts = answered(attempt, name, fields)
    if unwanted(attempt, name, fields):
        turn.shop = turn.shop.asking(CancelLink(attempt.reference_id, attempt.link_id))
    changed = before.with_attempt(attempt)
    state, new = record_facts(turn, changed, facts)
    refusal = Refusal(str(fields.get("reason") or ""), again=bool(fields.get("again", True)))
    trace, _ = apply(turn, before, state, new, refusal=refusal)
    return trace, True


def _found(turn: Turn, before: OrderState, fields: Mapping[str, Any]) -> Done:
    """Take over a link that lost books made for the order. One that can still be paid is cancelled."""
    reference, ended = fields["reference_id"], LINK_STATUSES.get(fields["status"])
    if any(attempt.reference_id == reference for attempt in before.attempts):
        return (), False
    made = Attempt(
        reference_id=reference,
        order_key=before.order.key,
        ordinal=before.next_ordinal,
        amount=fields["amount"],
        currency=fields["currency"],
        expires_at=turn.now,
        status=ended or AttemptStatus.WITHDRAWING,
        link_id=fields["link_id"],
        short_url=fields["short_url"],
        mode=fields["mode"],
    )
    if ended is None:
        turn.shop = turn.shop.asking(CancelLink(made.reference_id, made.link_id))
    state, new = record_facts(turn, before.with_attempt(made), _read(fields["facts"]))
    trace, _ = apply(turn, before, state, new)
    _refuse_problems(turn, before.order.key, fields)
    return trace, True


def _last_word(turn: Turn, state: OrderState, reference: str) -> bool:
    """Whether the answer about this link tells a customer who asked that there is no payment.

    They have one answer: of the link that they can still pay for an earlier order, or else of the newest.
    """
    if earlier := turn.shop.earlier_links:
        return reference == earlier[-1]
    made = [attempt for attempt in state.attempts if attempt.link_id]
    newest = max(made, key=lambda attempt: attempt.ordinal, default=None)
    return newest is not None and newest.reference_id == reference


def _refund(turn: Turn, name: str, fields: Mapping[str, Any]) -> Done:
    before = turn.shop.known(fields["order_key"])
    if name == REFUNDED:
        state, new = record_facts(turn, before, _read(fields["facts"]))
        return apply(turn, before, state, new)[0], True
    refunds = tuple(
        replace(refund, status=RefundStatus.REFUSED)
        if refund.key == fields["key"] and refund.status is RefundStatus.ASKED
        else refund
        for refund in before.refunds
    )
    return apply(turn, before, replace(before, refunds=refunds))[0], True


def _poll(turn: Turn, body: Mapping[str, Any]) -> Done:
    poll = polling.from_json(body)
    state = turn.shop.known(order_key_of(poll.reference_id))
    attempt = state.attempt(poll.reference_id)
    refunding = sorted({refund.payment_id for refund in state.refunds if refund.open})
    fetch = FetchPayments(attempt.reference_id, attempt.link_id, refunding=refunding)
    turn.shop = turn.shop.asking(fetch)
    if polling.goes_on(
        attempt,
        settled=state.balance.settled,
        refunding=bool(refunding),
        since=poll.since,
        now=turn.now,
        late=turn.shop.at.shop.late_window,
    ):
        turn.polls.append(poll.after(turn.now))
    elif state.waits_for_capture:
        # Nobody asks any more: the goods are free again, and a capture after all counts as a late one.
        over = [replace(f, state=RELEASED) for f in authorised(state.facts) if _paid_over(attempt, f, state)]
        known, new = record_facts(turn, state, over)
        if new:
            return apply(turn, state, known, new)[0], True
    return ({"event": "poll", "asked": attempt.reference_id},), True


def _paid_over(attempt: Attempt, payment: Fact, state: OrderState) -> bool:
    """Whether the payment is one of this attempt's link; one that names no link, of the newest's."""
    newest = max(may_have_taken(payment, state.attempts), key=lambda a: a.ordinal, default=None)
    return newest == attempt


_HANDLERS: Final[Mapping[Kind, Callable[[Turn, Mapping[str, Any]], Done]]] = {
    Kind.CHAT: _chat,
    Kind.TIMER: _timer,
    Kind.REQUEST: _request,
    Kind.FACTS: _facts,
    Kind.RESULT: _result,
    Kind.POLL: _poll,
    Kind.JOINED: join,
}


def _read(values: Iterable[Mapping[str, Any]]) -> list[Fact]:
    return [fact_values.from_json(value) for value in values]


def _refuse_problems(turn: Turn, key: str, said: Mapping[str, Any]) -> None:
    """What Razorpay said and nobody can read may be money: it waits for a person."""
    problems = said.get("problems")
    if problems and not turn.shop.known(key).balance.settled:
        raise CannotHandle(f"Razorpay said more than could be read: {'; '.join(problems)}")
