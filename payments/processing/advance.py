"""One customer's waiting events, one after the other: the pure heart of the shop.

    advance(flow, case, now) -> Advanced

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
from payments.ledger.resolution import waits_for_capture
from payments.ledger.state import OrderState
from payments.processing.case import Advanced, Arrived, Case, Caused, Handled, Kind, Outcome
from payments.processing.deferred_links import follow, kept
from payments.processing.draft import CannotHandle, Draft, Trace, attempt_of, with_attempt
from payments.processing.merge import joined
from payments.processing.notifications import SETBACKS, earlier_links
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
from payments.processing.silence import withheld
from payments.processing.updates import learn, settle, uncaptured
from payments.shop.orders import LINK_STATUSES, Attempt, AttemptStatus, order_key_of

Done: TypeAlias = tuple[Trace, bool]
"""What a handler gives: the trace, and whether the event had an effect."""


def advance(flow: Flow, case: Case, now: int) -> Advanced:
    """What the waiting events of `case` do at `now` (milliseconds since 1970, UTC). Never raises."""
    drafts: list[Draft] = []
    handled: list[Handled] = []
    orders = dict(case.orders)
    last = Draft(flow, now, 0, False, case.conversation, orders, case.left, case.account, case.nonce)
    for event in case.events:
        draft = _next(last, event)
        handled.append(_take(draft, event))
        if handled[-1].outcome is Outcome.PARKED:
            draft = _parked(last, draft, event)
        drafts.append(draft)
        last = draft
    for place, draft in enumerate(drafts):
        if draft.reminding and draft.sends and draft.conversation.visits != last.conversation.visits:
            # Nobody has sent it yet, and what came with it is newer.
            draft.sends = []
            handled[place] = replace(handled[place], trace=withheld(handled[place].trace, _MOVED_ON))
    return _advanced(case, last, drafts, tuple(handled))


_MOVED_ON: Final = "the customer had moved on before it could be sent"


def _next(last: Draft, event: Arrived) -> Draft:
    return Draft(
        flow=last.flow,
        now=last.now,
        number=event.number,
        reminding=event.kind is Kind.TIMER,
        conversation=last.conversation,
        orders=dict(last.orders),
        left=last.left,
        account=last.account,
        nonce=last.nonce,
    )


def _take(draft: Draft, event: Arrived) -> Handled:
    try:
        trace, applied = _HANDLERS[event.kind](draft, event.body)
        trace += follow(draft)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is parked and shown, and the rest goes on
        what = f"{type(error).__name__}: {error}"[:2000]
        return Handled(event.number, Outcome.PARKED, error=what)
    return Handled(event.number, Outcome.APPLIED if applied else Outcome.IGNORED, trace)


def _parked(last: Draft, failed: Draft, event: Arrived) -> Draft:
    """Everything as it was, but for what `failed` learned of money; a customer gets an apology.

    A setback is not kept: it is told only when it is new, and shall be when the event is replayed.
    """
    draft = _next(last, event)
    for fact in failed.facts:
        if fact.order_key in draft.orders and (fact.entity, fact.state) not in SETBACKS:
            state = draft.orders[fact.order_key]
            draft.orders[fact.order_key] = replace(state, facts=(*state.facts, fact))
            draft.facts.append(fact)
    if event.kind is Kind.CHAT:
        draft.apologise()
    return draft


def _chat(draft: Draft, body: Mapping[str, Any]) -> Done:
    name = body.get("name")
    customer = draft.conversation.customer
    if name and customer.get("name") != name:
        draft.conversation = replace(draft.conversation, customer={**customer, "name": name})
    return draft.step(flow_events.from_json(body["event"]))


def _timer(draft: Draft, body: Mapping[str, Any]) -> Done:
    return draft.step(flow_events.from_json(body))


def _request(draft: Draft, body: Mapping[str, Any]) -> Done:
    return draft.step(Happened("order.requested", {"items": body["items"]}))


def _facts(draft: Draft, body: Mapping[str, Any]) -> Done:
    before = draft.order(body["order_key"])
    state, new = learn(draft, before, _read(body["facts"]), body)
    trace, applied = settle(draft, before, state, new)
    _refuse_problems(draft, before.order.key, body)
    return trace, applied or bool(new)


def _result(draft: Draft, body: Mapping[str, Any]) -> Done:
    name, fields = body["name"], body["fields"]
    if name in (REFUNDED, REFUND_REFUSED):
        return _refund(draft, name, fields)
    before = draft.order(order_key_of(fields["reference_id"]))
    if name == FETCHED:
        state, new = learn(draft, before, _read(fields["facts"]))
        asked = bool(fields.get("asked")) and _last_word(draft, before, fields["reference_id"])
        done = settle(draft, before, uncaptured(draft, state), new, asked=asked)
        _refuse_problems(draft, before.order.key, fields)
        return done[0], done[1] or bool(new)
    if name == FOUND:
        return _found(draft, before, fields)
    attempt = attempt_of(before, fields["reference_id"])
    if name == KEPT:
        return kept(draft, attempt), True
    attempt, facts = answered(attempt, name, fields)
    if unwanted(attempt, name, fields):
        draft.calls.append(CancelLink(attempt.reference_id, attempt.link_id))
    changed = with_attempt(before, attempt)
    state, new = learn(draft, changed, facts)
    refusal = Refusal(str(fields.get("reason") or ""), again=bool(fields.get("again", True)))
    trace, _ = settle(draft, before, state, new, refusal=refusal)
    return trace, True


def _found(draft: Draft, before: OrderState, fields: Mapping[str, Any]) -> Done:
    """Take over a link that lost books made for the order. One that can still be paid is cancelled."""
    reference, ended = fields["reference_id"], LINK_STATUSES.get(fields["status"])
    if any(attempt.reference_id == reference for attempt in before.attempts):
        return (), False
    made = Attempt(
        reference_id=reference,
        order_key=before.order.key,
        ordinal=1 + max((attempt.ordinal for attempt in before.attempts), default=0),
        amount=fields["amount"],
        currency=fields["currency"],
        expires_at=draft.now,
        status=ended or AttemptStatus.WITHDRAWING,
        link_id=fields["link_id"],
        short_url=fields["short_url"],
        mode=fields["mode"],
    )
    if ended is None:
        draft.calls.append(CancelLink(made.reference_id, made.link_id))
    with_link = replace(before, attempts=(*before.attempts, made))
    state, new = learn(draft, with_link, _read(fields["facts"]))
    trace, _ = settle(draft, before, state, new)
    _refuse_problems(draft, before.order.key, fields)
    return trace, True


def _last_word(draft: Draft, state: OrderState, reference: str) -> bool:
    """Whether the answer about this link tells a customer who asked that there is no payment.

    They have one answer: of the link that they can still pay for an earlier order, or else of the newest.
    """
    if earlier := earlier_links(draft.conversation):
        return reference == earlier[-1]
    made = [attempt for attempt in state.attempts if attempt.link_id]
    newest = max(made, key=lambda attempt: attempt.ordinal, default=None)
    return newest is not None and newest.reference_id == reference


def _refund(draft: Draft, name: str, fields: Mapping[str, Any]) -> Done:
    before = draft.order(fields["order_key"])
    if name == REFUNDED:
        state, new = learn(draft, before, _read(fields["facts"]))
        return settle(draft, before, state, new)[0], True
    refunds = tuple(
        replace(refund, status=RefundStatus.REFUSED)
        if refund.key == fields["key"] and refund.status is RefundStatus.ASKED
        else refund
        for refund in before.refunds
    )
    return settle(draft, before, replace(before, refunds=refunds))[0], True


def _poll(draft: Draft, body: Mapping[str, Any]) -> Done:
    poll = polling.from_json(body)
    state = draft.order(order_key_of(poll.reference_id))
    attempt = attempt_of(state, poll.reference_id)
    refunding = sorted({refund.payment_id for refund in state.refunds if refund.open})
    draft.calls.append(FetchPayments(attempt.reference_id, attempt.link_id, refunding=refunding))
    if polling.goes_on(
        attempt,
        settled=state.balance.settled,
        refunding=bool(refunding),
        since=poll.since,
        now=draft.now,
        late=draft.shop.late_window,
    ):
        draft.polls.append(poll.after(draft.now))
    elif waits_for_capture(state):
        # Nobody asks any more: the goods are free again, and a capture after all counts as a late one.
        over = [replace(f, state=RELEASED) for f in authorised(state.facts) if _paid_over(attempt, f, state)]
        known, new = learn(draft, state, over)
        if new:
            return settle(draft, state, known, new)[0], True
    return ({"event": "poll", "asked": attempt.reference_id},), True


def _paid_over(attempt: Attempt, payment: Fact, state: OrderState) -> bool:
    """Whether the payment is one of this attempt's link; one that names no link, of the newest's."""
    newest = max(may_have_taken(payment, state.attempts), key=lambda a: a.ordinal, default=None)
    return newest == attempt


_HANDLERS: Final[Mapping[Kind, Callable[[Draft, Mapping[str, Any]], Done]]] = {
    Kind.CHAT: _chat,
    Kind.TIMER: _timer,
    Kind.REQUEST: _request,
    Kind.FACTS: _facts,
    Kind.RESULT: _result,
    Kind.POLL: _poll,
    Kind.JOINED: joined,
}


def _read(values: Iterable[Mapping[str, Any]]) -> list[Fact]:
    return [fact_values.from_json(value) for value in values]


def _refuse_problems(draft: Draft, key: str, said: Mapping[str, Any]) -> None:
    """What Razorpay said and nobody can read may be money: it waits for a person."""
    problems = said.get("problems")
    if problems and not draft.order(key).balance.settled:
        raise CannotHandle(f"Razorpay said more than could be read: {'; '.join(problems)}")


def _with_caused(handled: Handled, draft: Draft) -> Handled:
    return replace(handled, caused=Caused(len(draft.sends), len(draft.calls), len(draft.facts)))


def _advanced(case: Case, last: Draft, drafts: list[Draft], handled: tuple[Handled, ...]) -> Advanced:
    attempts = {key: attempt for draft in drafts for key, attempt in draft.attempts.items()}
    settled = dict.fromkeys(key for draft in drafts for key in draft.settled)
    refunds = {key: refund for draft in drafts for key, refund in draft.refunds.items()}
    return Advanced(
        conversation=last.conversation,
        handled=tuple(_with_caused(*pair) for pair in zip(handled, drafts, strict=True)),
        sends=tuple(say for draft in drafts for say in draft.sends),
        timers=tuple(timer for draft in drafts for timer in draft.timers),
        calls=tuple(call for draft in drafts for call in draft.calls),
        orders=tuple(order for draft in drafts for order in draft.placed),
        attempts=tuple(attempts.values()),
        facts=tuple(fact for draft in drafts for fact in draft.facts),
        settled=tuple(last.orders[key] for key in settled),
        refunds=tuple(refunds.values()),
        moves=tuple(move for draft in drafts for move in draft.moves),
        polls=tuple(poll for draft in drafts for poll in draft.polls),
        notices=tuple(notice for draft in drafts for notice in draft.notices),
        account=last.account if last.account != case.account else None,
    )
