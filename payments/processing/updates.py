"""Update an order: record facts, apply the rules, request calls, and tell the customer. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from flows.engine.events import Happened
from flows.messages.stored import STORED
from payments.ledger import link_ends
from payments.ledger.calls import FetchCard, FetchPayments, RefundPayment, fetch_of
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.fees import with_fee_on_top
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.ledger.matching import judged, known_account, may_have_taken
from payments.ledger.polling import MISSED, Poll
from payments.ledger.refunds import Refund
from payments.ledger.resolution import resolve, wants_rest
from payments.ledger.state import OrderState, PaymentStatus
from payments.processing import money_notices
from payments.processing.bodies import FactsTold
from payments.processing.notice import Notice, NoticeKind
from payments.processing.notifications import NOT_FOUND, Issued, events_for
from payments.processing.quoting import cannot_come
from payments.processing.results import Refusal
from payments.processing.shop_state import CannotHandle
from payments.processing.turn import Trace, Turn
from payments.shop.catalogue import Repairs
from payments.shop.invoice import InvoiceKind
from payments.shop.kept_documents import DocumentName
from payments.shop.orders import moved

TOLD_CUSTOMER: Final = 10 * 60_000
"""Milliseconds until a customer hears of an authorised payment. A capture usually takes a second."""
TOLD_OPERATOR: Final = 3 * 3600_000
"""Milliseconds until an operator hears that a payment is not captured."""

_MISSED: Final = Notice(
    NoticeKind.WEBHOOK,
    "razorpay",
    "Payments were found by asking Razorpay that no webhook had told of. The webhook may be disabled, as "
    "Razorpay does after 24 hours of failures, or this server could not be reached: see Razorpay Dashboard > "
    "Account & Settings > Webhooks, enable it, and check that its address ends in /payments/webhook.",
)


def record_facts(
    turn: Turn, before: OrderState, facts: Iterable[Fact], webhook: FactsTold | None = None
) -> tuple[OrderState, tuple[Fact, ...]]:
    """Add what is new among `facts` to the order `before`. Return the order and the new facts.

    `webhook` is the one that told them, for its `account` and `mode`; None if we asked Razorpay.
    Raises CannotHandle if a fact contradicts what is known.
    """
    account = webhook.account if webhook else None
    checked = list(facts)
    if webhook is not None:
        checked = judged(checked, before, ours=turn.account, account=account, mode=webhook.mode)
    else:
        checked += _confirmed(checked, before)
    new = _new(with_fee_on_top(checked, before.attempts), before)
    if turn.account is None:
        turn.account = known_account(checked, before, account)
    if webhook is None and any(_missed(fact, turn.now) for fact in new):
        turn.notices.append(_MISSED)
    state = before.with_facts(new)
    # Stored at once: the facts are kept even if the event cannot be handled.
    turn.shop = turn.shop.with_order(state)
    return state, new


def _confirmed(facts: list[Fact], before: OrderState) -> list[Fact]:
    """Return facts that confirm payments which were marked as not fitting, and are ours after all.

    A payment is ours if a look-up with our own keys finds it, or if our own keys made the link that it names.
    """
    captured = [fact for fact in before.facts if fact.reports(EntityType.PAYMENT, FactState.CAPTURED)]
    doubted = {fact.entity_id: fact.detail.mismatch for fact in captured if fact.detail.mismatch}
    own = {attempt.link_id for attempt in before.attempts if attempt.link_id}
    seen = [fact for fact in facts if fact.reports(EntityType.PAYMENT, FactState.CAPTURED)]
    seen += [f for f in captured if f.detail.mismatch is Mismatch.UNVERIFIED and f.detail.link in own]
    return [replace(fact, state=FactState.CONFIRMED) for fact in seen if fact.entity_id in doubted]


def _missed(fact: Fact, now: int) -> bool:
    return (
        fact.entity is EntityType.PAYMENT
        and fact.state is FactState.CAPTURED
        and fact.at * 1000 < now - MISSED
    )


def _new(facts: list[Fact], state: OrderState) -> tuple[Fact, ...]:
    """Return the `facts` that are not known yet. Raises CannotHandle if one contradicts what is known."""
    known = {fact.identity: fact for fact in state.facts}
    for fact in facts:
        same = known.setdefault(fact.identity, fact)
        money = fact.entity in (EntityType.PAYMENT, EntityType.REFUND)
        if money and (same.amount, same.currency) != (fact.amount, fact.currency):
            raise CannotHandle(
                f"Razorpay told two amounts for {fact.entity_id}: {same.amount} and {fact.amount}"
            )
    before = {fact.identity for fact in state.facts}
    return tuple({fact.identity: fact for fact in facts if fact.identity not in before}.values())


def apply(
    turn: Turn,
    before: OrderState,
    known: OrderState,
    new: tuple[Fact, ...] = (),
    *,
    asked: bool = False,
    refusal: Refusal | None = None,
) -> tuple[Trace, bool]:
    """Apply the rules to the order `known`, request calls, and tell the customer what changed since `before`.

    `asked`: the customer asked for their payment and waits for an answer. `refusal`: why there is no link.
    Return the trace, and whether anything answered.
    """
    current = turn.shop.current in (None, known.key)
    rules = _rules(turn, known, current)
    resolution = resolve(_move_attempts(known), rules, turn.shop.left)
    state = resolution.state
    # What a person took by hand, a person gives back.
    refunds = [refund for refund in resolution.asked if not refund.by_hand]
    turn.shop = (
        turn.shop.moving(resolution.moves)
        .asking(*resolution.withdrawn, *map(_refund, refunds))
        .with_order(state)
    )
    if wants_rest(state, rules):
        turn.shop = turn.shop.begin(state, state.due)
        state = turn.shop.known(state.key)
    turn.shop = turn.shop.asking(*_look_ups(state, new))
    turn.polls += _polls(turn, before, state, tuple(refunds))
    turn.notices += money_notices.given_twice(before, state)
    if turn.forgotten:
        turn.notices += money_notices.of_nobody(before, state)
    events = events_for(
        before, state, new, turn.now, refusal=refusal, current=current, issued=_issued(turn, state)
    )
    if asked and not events and not new and state.status is PaymentStatus.UNPAID:
        events.append(Happened(NOT_FOUND))
    if not current:
        return turn.notify_only(state.key, events)
    turn.shop = turn.shop.about(state.key)
    return _run_events(turn, events)


def _issued(turn: Turn, state: OrderState) -> Issued:
    document = turn.issues(state)
    if document is None:
        return Issued()
    if document.kind is InvoiceKind.CREDIT_NOTE:
        return Issued(credit_note=f"{STORED}{DocumentName(state.key, turn.event.number)}")
    return Issued(invoice=f"{STORED}{DocumentName(state.key)}")


def uncaptured(turn: Turn, state: OrderState) -> OrderState:
    """Return `state` marked as waiting for a capture that takes too long.

    Call this only after asking Razorpay. A late webhook tells an old state: the next may bring the capture.
    """
    since = state.balance.authorised_at
    if since is None or not state.waits_for_capture:
        return state
    waited = turn.now - since * 1000
    if waited >= TOLD_OPERATOR:
        turn.notices.append(_capture_notice(state))
    return (
        replace(state, held_for=Hold(HoldReason.UNCAPTURED))
        if waited >= TOLD_CUSTOMER and state.held_for is None
        else state
    )


def _capture_notice(state: OrderState) -> Notice:
    said = (
        f"The bank allowed the payment for order #{state.order.number} hours ago, and nobody has captured it:"
        " until then it is not yours, and in a few days it goes back. Capture it in Razorpay Dashboard >"
        " Payments, and switch on automatic capture in Account & Settings > Payment capture."
    )
    return Notice(NoticeKind.CAPTURE, state.order.key, said)


def _run_events(turn: Turn, events: Iterable[Happened]) -> tuple[Trace, bool]:
    trace: list[Mapping[str, Any]] = []
    applied = False
    for event in events:
        done, answered = turn.run(event)
        trace += done
        applied = applied or answered
    return tuple(trace), applied


def _rules(turn: Turn, state: OrderState, current: bool) -> Repairs:
    """Return the shop's rules for the order `state`: those that held when it was placed.

    A customer cannot be offered a link for the rest of an order that is not the current one: a part payment
    of it is refunded. So is a late payment for goods that cannot come any more. Who was forgotten can be
    offered no link, and gets no goods.
    """
    placed, changed = state.order.terms.repairs, dict[str, str]()
    rules = Repairs.model_validate(placed) if placed else turn.shop.at.shop.repairs
    if (turn.forgotten or not current) and rules.short == "top up":
        changed["short"] = "refund"
    no_goods = state.lapsed and (turn.forgotten or cannot_come(turn.shop, state))
    if rules.late == "fulfil" and no_goods:
        changed["late"] = "refund"
    return rules.model_copy(update=changed) if changed else rules


def _move_attempts(state: OrderState) -> OrderState:
    """Return `state` with its attempts moved to the ends that the facts report."""
    ends = [
        (fact.entity_id, link_ends.ENDS[fact.state])
        for fact in state.facts
        if fact.entity is EntityType.PAYMENT_LINK and fact.state in link_ends.ENDS
    ]
    attempts = {attempt.ordinal: attempt for attempt in state.attempts}
    for link_id, end in ends:
        for ordinal, attempt in attempts.items():
            if attempt.link_id == link_id:
                attempts[ordinal] = moved(attempt, end)
    return replace(state, attempts=tuple(attempts[ordinal] for ordinal in sorted(attempts)))


def _refund(refund: Refund) -> RefundPayment:
    return RefundPayment(refund.key, refund.payment_id, refund.order_key, refund.amount)


def _look_ups(state: OrderState, new: tuple[Fact, ...]) -> tuple[FetchPayments | FetchCard, ...]:
    """Return calls to look up payments that are not verified, or links reported as paid without a capture.

    An order at Razorpay that is reported as paid may be that of a card, which is asked about by its id.
    """
    paid = [fact for fact in new if _says_paid(fact)]
    orders = tuple(fact.entity_id for fact in paid if fact.entity is EntityType.ORDER)
    unverified = [fact for fact in new if fact.detail.mismatch is Mismatch.UNVERIFIED]
    if unverified:
        attempts = dict.fromkeys(a for fact in unverified for a in may_have_taken(fact, state.attempts))
        return tuple(fetch_of(a.reference_id, a.link_id, hinted=orders) for a in attempts)
    if state.balance.paid_in_full or not paid:
        return ()
    reported = [a for a in state.attempts if any(a.link_id in (f.entity_id, f.detail.link) for f in paid)]
    return tuple(
        fetch_of(a.reference_id, a.link_id, hinted=orders) for a in (reported or state.attempts)[-1:]
    )


def _says_paid(fact: Fact) -> bool:
    return fact.entity in (EntityType.PAYMENT_LINK, EntityType.ORDER) and fact.state is FactState.PAID


def _polls(turn: Turn, before: OrderState, state: OrderState, refunds: tuple[Refund, ...]) -> list[Poll]:
    """Return the first polls of new chains: for each link that was made, and each with a new refund."""
    had_link = {attempt.reference_id for attempt in before.attempts if attempt.link_id}
    links = {payment.id: payment.link for payment in state.balance.payments}
    refunded_links = {links.get(refund.payment_id) for refund in refunds}
    with_link = [attempt for attempt in state.attempts if attempt.link_id]
    begun = [a for a in with_link if a.reference_id not in had_link or a.link_id in refunded_links]
    # If a refunded payment's link is unknown, any link of the order leads to its refunds.
    return [Poll(a.reference_id, turn.now, 0) for a in begun or (with_link[-1:] if refunds else ())]
