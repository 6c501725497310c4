"""Process one customer's waiting events, one after the other. Pure.

    advance(flow, given, now) -> ChangeSet

An event that cannot be handled is parked with its error and changes nothing; the events after it go on.
Its facts about money are kept even then: what Razorpay said is true whatever the flow does, and the order's
payment status shows it from then on. What the order becomes, and what its customer hears, waits for the next
event about the order, or for a replay of the parked one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias, assert_never

from flows.document.errors import StepFailed
from flows.engine.events import Happened, TimerDue
from flows.engine.model import Flow
from payments.ledger import polling
from payments.ledger.balance import authorised
from payments.ledger.calls import end_of, fetch_of
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.holds import Mismatch
from payments.ledger.matching import may_have_taken
from payments.ledger.polling import Poll
from payments.ledger.refunds import RefundStatus
from payments.ledger.state import OrderState
from payments.processing import cards, handover
from payments.processing.bodies import (
    Body,
    Chat,
    FactsTold,
    Forget,
    Joined,
    Offered,
    OrderRequested,
    PreferenceSet,
    StaffAction,
    read,
    request_to_json,
)
from payments.processing.broadcasts import offer
from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.chat import chat, preference
from payments.processing.conversation_join import join
from payments.processing.customer_actions import refusal
from payments.processing.deferred_links import follow, keep_waiting
from payments.processing.forgetting import unfinished_of
from payments.processing.notifications import SETBACKS
from payments.processing.results import (
    CardArrived,
    CardPaidElsewhere,
    LinkCreated,
    LinkFound,
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Refusal,
    Result,
    answered,
    order_of,
    unwanted,
)
from payments.processing.shop_state import CannotHandle
from payments.processing.silence import withheld
from payments.processing.staff_actions import act
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.processing.turn import Trace, Turn, begin, following
from payments.processing.updates import apply, record_facts, uncaptured
from payments.shop.handover import HandoverCheck
from payments.shop.orders import LINK_STATUSES, Attempt, AttemptStatus, is_card, moved, order_key_of

Done: TypeAlias = tuple[Trace, bool]
"""What a handler returns: the trace, and whether the event had an effect."""


def advance(flow: Flow, given: StepInput, now: int) -> ChangeSet:
    """Return what the events of `given` change at `now` (milliseconds since 1970, UTC). Never raises."""
    turns: list[Turn] = []
    results: list[EventResult] = []
    last = begin(flow, given, now)
    for event in given.events:
        turn = following(last, event)
        result = _process(turn, event)
        if result.outcome is Outcome.PARKED:
            turn = _parked(last, turn, event)
        turns.append(turn)
        results.append(result)
        last = turn
    for index, turn in enumerate(turns):
        if turn.reminding and turn.messages and (because := _overtaken(turn, last)):
            turn.messages = []
            results[index] = replace(results[index], trace=withheld(results[index].trace, because))
    changes = ChangeSet(given.conversation, results)
    for turn in turns:
        changes.add(turn.changes())
    changes.account = last.account if given.account is None else None
    return changes


def _overtaken(turn: Turn, last: Turn) -> str | None:
    """Return why a reminder is not sent after all that a later event of its step has done; None if it is."""
    if turn.conversation.visits != last.conversation.visits:
        return "the customer had moved on before it could be sent"
    return last.unwanted_reminders


def _process(turn: Turn, event: InboxEvent) -> EventResult:
    try:
        trace, applied = _handle(turn, read(event.kind, event.body))
        trace += follow(turn)
    except Exception as error:  # noqa: BLE001 - any error parks its event and is shown; the others go on
        message = f"{type(error).__name__}: {error}"[:2000]
        where = ", ".join(error.where) if isinstance(error, StepFailed) else ""
        return EventResult(event.number, Outcome.PARKED, error=message, where=where)
    return EventResult(event.number, Outcome.APPLIED if applied else Outcome.IGNORED, trace)


def _parked(last: Turn, failed: Turn, event: InboxEvent) -> Turn:
    """Return a turn that changes nothing but the money facts that `failed` learned. A chat gets an apology.

    A setback is not kept: it is told only when it is new, and a replay of the event must tell it.
    """
    turn = following(last, event)
    for key, before in last.shop.orders.items():
        learned = failed.shop.orders[key].facts[len(before.facts) :]
        kept = [fact for fact in learned if (fact.entity, fact.state) not in SETBACKS]
        turn.shop = turn.shop.with_order(before.with_facts(kept))
    if event.kind is EventKind.CHAT:
        turn.apologise()
    return turn


def _handle(turn: Turn, body: Body) -> Done:
    match body:
        case Chat():
            return chat(turn, body)
        case TimerDue():
            return turn.run(body)
        case OrderRequested():
            turn.shop = turn.shop.requested()
            return turn.run(Happened("order.requested", {"pays": "online", **request_to_json(body)}))
        case FactsTold():
            return _facts(turn, body)
        case Poll():
            return _poll(turn, body)
        case Joined():
            return join(turn, body)
        case Forget():
            return _forget(turn, body)
        case StaffAction():
            return act(turn, body)
        case HandoverCheck():
            return handover.check(turn, body)
        case PreferenceSet():
            return preference(turn, body)
        case Offered():
            return offer(turn, body)
        case _:
            return _result(turn, body)


def _result(turn: Turn, body: Result) -> Done:
    match body:
        case PaymentsFetched():
            return _fetched(turn, body)
        case RefundMade():
            return _refund_made(turn, body)
        case RefundRefused():
            return _refund_refused(turn, body)
        case LinkFound():
            return _link_found(turn, body)
        case LinkKept():
            before = turn.shop.known(order_of(body))
            return keep_waiting(turn, before.attempt(body.reference_id)), True
        case CardPaidElsewhere():
            return _paid_elsewhere(turn, body)
        case CardArrived():
            return _card_arrived(turn, body)
        case LinkRefused():
            return _link_refused(turn, body)
        case LinkCreated() | LinkWithdrawn():
            return _link_answered(turn, body)
        case _:
            assert_never(body)


def _forget(turn: Turn, body: Forget) -> Done:
    """Forget the customer, unless an order of theirs is under way. The step is given all their orders."""
    if turn.forgotten:
        return ({"event": "forget", "ignored": "they were forgotten before"},), False
    found = unfinished_of(turn.shop)
    if found is None:
        turn.forget()
        return ({"event": "forget", "forgotten": True},), True
    entry = {"event": "forget", "refused": found[1], **refusal(*found)}
    if not body.by_customer:
        return (entry,), False
    trace, _ = turn.run(Happened("customer.refused", refusal(*found)))
    return (entry, *trace), True


def _facts(turn: Turn, body: FactsTold) -> Done:
    before = turn.shop.known(body.order_key)
    state, new = record_facts(turn, before, body.facts, body)
    trace, applied = apply(turn, before, state, new)
    _refuse_problems(turn, before.key, body.problems)
    return trace, applied or bool(new)


def _fetched(turn: Turn, body: PaymentsFetched) -> Done:
    before = turn.shop.known(order_of(body))
    state, new = record_facts(turn, before, body.facts)
    asked = body.asked and _answers_customer(turn, before, body.reference_id)
    trace, applied = apply(turn, before, uncaptured(turn, state), new, asked=asked)
    _refuse_problems(turn, before.key, body.problems)
    return trace, applied or bool(new)


def _answers_customer(turn: Turn, state: OrderState, reference: str) -> bool:
    """Return whether the answer about this link may tell the customer who asked that there is no payment.

    Several links may be asked about, but the customer hears one answer: about the newest link of an earlier
    order that can still be paid, or else about the order's newest link.
    """
    if earlier := turn.shop.earlier_links:
        return reference == earlier[-1]
    with_link = [attempt for attempt in state.attempts if attempt.link_id]
    newest = max(with_link, key=lambda attempt: attempt.ordinal, default=None)
    return newest is not None and newest.reference_id == reference


def _link_answered(turn: Turn, body: LinkCreated | LinkWithdrawn) -> Done:
    before = turn.shop.known(order_of(body))
    attempt, facts = answered(before.attempt(body.reference_id), body)
    if unwanted(attempt, body):
        turn.shop = turn.shop.asking(end_of(attempt.reference_id, attempt.link_id))
    state, new = record_facts(turn, before.with_attempt(attempt), facts)
    return apply(turn, before, state, new)[0], True


def _link_refused(turn: Turn, body: LinkRefused) -> Done:
    before = turn.shop.known(order_of(body))
    if is_card(body.reference_id):
        return _card_refused(turn, before, before.attempt(body.reference_id), body)
    refused = moved(before.attempt(body.reference_id), AttemptStatus.REFUSED)
    refusal = Refusal(body.reason, body.again)
    return apply(turn, before, before.with_attempt(refused), refusal=refusal)[0], True


def _card_refused(turn: Turn, before: OrderState, card: Attempt, body: LinkRefused) -> Done:
    """Request a link in place of a card that did not reach the customer.

    A card that may have reached them is closed first: the link waits for its end.
    """
    wanted = card == before.link and before.open_to_pay
    state = before if not body.certain else before.with_attempt(moved(card, AttemptStatus.REFUSED))
    turn.shop = turn.shop.with_order(state)
    if wanted:
        turn.shop = turn.shop.begin(state, card.amount)
    return apply(turn, before, turn.shop.known(state.key))[0], True


def _card_arrived(turn: Turn, body: CardArrived) -> Done:
    """Close a card that counted as refused and reached the customer after all.

    A link may have been made in its place, so both can be paid until the card is closed.
    """
    before = turn.shop.known(order_of(body))
    card = before.attempt(body.reference_id)
    if card.status is not AttemptStatus.REFUSED:
        return (), False
    state = before.with_attempt(replace(card, status=AttemptStatus.WITHDRAWING))
    turn.shop = turn.shop.with_order(state).asking(end_of(card.reference_id, card.link_id))
    return apply(turn, before, state)[0], True


def _paid_elsewhere(turn: Turn, body: CardPaidElsewhere) -> Done:
    """Hold what is said to have been paid to an account that is not ours, until a person looks."""
    before = turn.shop.known(order_of(body))
    hints = (fact for fact in before.facts if fact.reports(EntityType.ORDER, FactState.PAID))
    hint = next((fact for fact in hints if fact.entity_id == body.order_id), None)
    if hint is None or before.balance.paid_in_full:
        return (), False
    detail = Detail(link=body.reference_id, mismatch=Mismatch.ACCOUNT)
    claimed = replace(hint, entity=EntityType.PAYMENT, state=FactState.CAPTURED, detail=detail)
    state, new = record_facts(turn, before, [claimed], FactsTold(before.key, (claimed,)))
    return apply(turn, before, state, new)[0], True


def _link_found(turn: Turn, body: LinkFound) -> Done:
    """Adopt a link or a card that lost books made for the order. If it can still be paid, it is ended.

    If these books had planned the very same link, the customer waits for it: they get another in its place.
    """
    before, ended = turn.shop.known(order_of(body)), LINK_STATUSES.get(body.status)
    card = is_card(body.reference_id)
    known = next((a for a in before.attempts if a.reference_id == body.reference_id), None)
    if known and (known.link_id or known.status in _ASKED_FOR):
        return (), False
    adopted = Attempt(
        reference_id=body.reference_id,
        order_key=before.key,
        ordinal=known.ordinal if known else before.next_ordinal,
        amount=body.amount,
        currency=body.currency,
        expires_at=turn.now + (turn.shop.at.shop.payment_link_life if card else 0),
        status=ended or AttemptStatus.WITHDRAWING,
        link_id=body.link_id,
        short_url=body.short_url,
        mode=None if card else body.mode,
    )
    if ended is None:
        turn.shop = turn.shop.asking(end_of(adopted.reference_id, adopted.link_id))
    state, new = record_facts(turn, before.with_attempt(adopted), body.facts)
    trace, _ = apply(turn, before, state, new)
    _refuse_problems(turn, before.key, body.problems)
    after = turn.shop.known(before.key)
    if known and known.status is AttemptStatus.PLANNED and after.open_to_pay and after.link is None:
        turn.shop = turn.shop.begin(after, known.amount)
    return trace, True


_ASKED_FOR: Final = frozenset({AttemptStatus.CREATING, AttemptStatus.WITHDRAWING})
"""Statuses in which a call is under way whose result will tell what became of the link."""


def _refund_made(turn: Turn, body: RefundMade) -> Done:
    before = turn.shop.known(body.order_key)
    state, new = record_facts(turn, before, body.facts)
    return apply(turn, before, state, new)[0], True


def _refund_refused(turn: Turn, body: RefundRefused) -> Done:
    before = turn.shop.known(body.order_key)
    refunds = tuple(
        replace(refund, status=RefundStatus.REFUSED)
        if refund.key == body.key and refund.status is RefundStatus.ASKED
        else refund
        for refund in before.refunds
    )
    return apply(turn, before, replace(before, refunds=refunds))[0], True


def _poll(turn: Turn, poll: Poll) -> Done:
    state = turn.shop.known(order_key_of(poll.reference_id))
    attempt = state.attempt(poll.reference_id)
    waiting = (refund for refund in state.refunds if refund.open and not refund.by_hand)
    refunding = sorted({refund.payment_id for refund in waiting})
    over = attempt.payable and cards.is_over(attempt, turn.now)
    fetch = fetch_of(attempt.reference_id, attempt.link_id, refunding=refunding, over=over)
    turn.shop = turn.shop.asking(fetch)
    if polling.goes_on(
        attempt,
        paid_in_full=state.balance.paid_in_full,
        refunding=bool(refunding),
        since=poll.since,
        now=turn.now,
        late=turn.shop.at.shop.late_window,
    ):
        turn.polls.append(polling.following(poll, attempt, turn.now))
    elif state.lets_go and not state.goods_due:
        # This was the last poll: the goods are free again, and a capture after it counts as late.
        released = [
            replace(f, state=FactState.RELEASED)
            for f in authorised(state.facts)
            if _made_on(attempt, f, state)
        ]
        after, new = record_facts(turn, state, released)
        if new:
            return apply(turn, state, after, new)[0], True
    return ({"event": "poll", "asked": attempt.reference_id},), True


def _made_on(attempt: Attempt, payment: Fact, state: OrderState) -> bool:
    """Return whether the payment was made on this attempt's link. Without a link, it is on the newest."""
    newest = max(may_have_taken(payment, state.attempts), key=lambda a: a.ordinal, default=None)
    return newest == attempt


def _refuse_problems(turn: Turn, key: str, problems: Sequence[str]) -> None:
    """Raise CannotHandle if unreadable parts may be money for an unpaid order: a person must look."""
    if problems and not turn.shop.known(key).balance.paid_in_full:
        raise CannotHandle(f"Razorpay said more than could be read: {'; '.join(problems)}")
