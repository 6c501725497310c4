"""An order after something was learned of it: set right, asked for what that takes, and told. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from flows.engine.events import Happened
from payments.ledger.balance import CONFIRMED, MISMATCH
from payments.ledger.calls import FetchPayments, RefundPayment
from payments.ledger.facts import Fact
from payments.ledger.fees import with_fee_on_top
from payments.ledger.holds import HoldReason
from payments.ledger.matching import UNVERIFIED, judged, known_account, may_have_taken
from payments.ledger.polling import MISSED, Poll
from payments.ledger.refunds import Refund
from payments.ledger.resolution import resolve, wants_rest
from payments.ledger.state import OrderState, PaymentStatus
from payments.processing.bodies import FactsTold
from payments.processing.notice import Notice, NoticeKind
from payments.processing.notifications import NOT_FOUND, events_for
from payments.processing.results import Refusal
from payments.processing.shop_state import CannotHandle
from payments.processing.turn import Trace, Turn
from payments.shop.catalogue import Repairs
from payments.shop.orders import LINK_STATUSES, moved

TOLD_CUSTOMER: Final = 10 * 60_000
"""Milliseconds after which a customer hears that their bank said yes: a capture usually takes a second."""
TOLD_OPERATOR: Final = 3 * 3600_000
"""Milliseconds after which an operator hears that a payment is not captured."""

_MISSED: Final = Notice(
    NoticeKind.WEBHOOK,
    "razorpay",
    "Payments were found by asking Razorpay that no webhook had told of. The webhook may be disabled, as "
    "Razorpay does after 24 hours of failures, or this server could not be reached: see Razorpay Dashboard > "
    "Account & Settings > Webhooks, enable it, and check that its address ends in /payments/webhook.",
)


def record_facts(
    turn: Turn, before: OrderState, facts: Iterable[Fact], said: FactsTold | None = None
) -> tuple[OrderState, tuple[Fact, ...]]:
    """`before` with what is new among `facts`, and what that is.

    `said` is the webhook that told them, for its `account` and `mode`; None if we asked ourselves.
    Raises CannotHandle if a fact contradicts what is known.
    """
    account = said.account if said else None
    told = list(facts)
    if said is not None:
        told = judged(told, before, ours=turn.account, account=account, mode=said.mode)
    else:
        told += _confirmed(told, before)
    new = _new(with_fee_on_top(told, before.attempts), before)
    if turn.account is None:
        turn.account = known_account(told, before, account)
    if said is None and any(_missed(fact, turn.now) for fact in new):
        turn.notices.append(_MISSED)
    state = before.with_facts(new)
    # Kept even if the event cannot be handled.
    turn.shop = turn.shop.with_order(state)
    return state, new


def _confirmed(told: list[Fact], before: OrderState) -> list[Fact]:
    """That payments which an event gave reason to doubt are ours after all.

    Our own keys see them, or have turned out to have made the link that they name.
    """
    captured = [fact for fact in before.facts if fact.entity == "payment" and fact.state == "captured"]
    doubted = {fact.entity_id: fact.detail.get(MISMATCH) for fact in captured if fact.detail.get(MISMATCH)}
    made = {attempt.link_id for attempt in before.attempts if attempt.link_id}
    seen = [fact for fact in told if fact.entity == "payment" and fact.state == "captured"]
    seen += [f for f in captured if doubted.get(f.entity_id) == UNVERIFIED and f.detail.get("link") in made]
    return [replace(fact, state=CONFIRMED) for fact in seen if fact.entity_id in doubted]


def _missed(fact: Fact, now: int) -> bool:
    return fact.entity == "payment" and fact.state == "captured" and fact.at * 1000 < now - MISSED


def _new(told: list[Fact], state: OrderState) -> tuple[Fact, ...]:
    """Those of `told` that are not known yet. Raises CannotHandle if one contradicts what is known."""
    known = {fact.identity: fact for fact in state.facts}
    for fact in told:
        same = known.setdefault(fact.identity, fact)
        money = fact.entity in ("payment", "refund")
        if money and (same.amount, same.currency) != (fact.amount, fact.currency):
            raise CannotHandle(
                f"Razorpay told two amounts for {fact.entity_id}: {same.amount} and {fact.amount}"
            )
    before = {fact.identity for fact in state.facts}
    return tuple({fact.identity: fact for fact in told if fact.identity not in before}.values())


def apply(
    turn: Turn,
    before: OrderState,
    known: OrderState,
    new: tuple[Fact, ...] = (),
    *,
    asked: bool = False,
    refusal: Refusal | None = None,
) -> tuple[Trace, bool]:
    """Set the order right, ask for what that takes and tell the customer what changed since `before`.

    `asked`: the customer waits for word of their payment, whatever it is. `refusal`: why there
    is no link.
    """
    current = turn.shop.current in (None, known.key)
    rules = _rules(turn, current)
    resolution = resolve(_moved_on(known), rules, turn.shop.left)
    state = resolution.state
    refunds = [_refund(refund) for refund in resolution.asked]
    turn.shop = turn.shop.moving(resolution.moves).asking(*resolution.withdrawn, *refunds).with_order(state)
    if wants_rest(state, rules):
        turn.shop = turn.shop.begin(state, state.due)
        state = turn.shop.known(state.key)
    turn.shop = turn.shop.asking(*_unexplained(state, new))
    turn.polls += _polls(turn, before, state, resolution.asked)
    events = events_for(before, state, new, turn.now, refusal=refusal, current=current)
    if asked and not events and not new and state.status is PaymentStatus.UNPAID:
        events.append(Happened(NOT_FOUND))
    if not current:
        return turn.notify_only(state.key, events)
    turn.shop = turn.shop.about(state.key)
    return _tell(turn, events)


def uncaptured(turn: Turn, state: OrderState) -> OrderState:
    """`state`, of which Razorpay was just asked, marked as waiting for a capture that takes too long.

    A webhook that comes late tells how things were: the capture may be in the next one.
    """
    since = state.balance.authorised_at
    if since is None or not state.waits_for_capture:
        return state
    waited = turn.now - since * 1000
    if waited >= TOLD_OPERATOR:
        turn.notices.append(_capture_it(state))
    return (
        replace(state, held_for=HoldReason.UNCAPTURED)
        if waited >= TOLD_CUSTOMER and state.held_for is None
        else state
    )


def _capture_it(state: OrderState) -> Notice:
    said = (
        f"The bank allowed the payment for order #{state.order.number} hours ago, and nobody has captured it:"
        " until then it is not yours, and in a few days it goes back. Capture it in Razorpay Dashboard >"
        " Payments, and switch on automatic capture in Account & Settings > Payment capture."
    )
    return Notice(NoticeKind.CAPTURE, state.order.key, said)


def _tell(turn: Turn, events: Iterable[Happened]) -> tuple[Trace, bool]:
    trace: list[Mapping[str, Any]] = []
    applied = False
    for event in events:
        done, answered = turn.run(event)
        trace += done
        applied = applied or answered
    return tuple(trace), applied


def _rules(turn: Turn, current: bool) -> Repairs:
    """The shop's. Nobody can be offered the rest of an order that the chat is not about: it goes back."""
    rules = turn.shop.at.shop.repairs
    if current or rules.short != "top up":
        return rules
    return rules.model_copy(update={"short": "refund"})


def _moved_on(state: OrderState) -> OrderState:
    """`state` with its attempts as far on as its facts say."""
    ends = [
        (fact.entity_id, LINK_STATUSES[fact.state])
        for fact in state.facts
        if fact.entity == "payment_link" and fact.state in LINK_STATUSES
    ]
    attempts = {attempt.ordinal: attempt for attempt in state.attempts}
    for link_id, end in ends:
        for ordinal, attempt in attempts.items():
            if attempt.link_id == link_id:
                attempts[ordinal] = moved(attempt, end)
    return replace(state, attempts=tuple(attempts[ordinal] for ordinal in sorted(attempts)))


def _refund(refund: Refund) -> RefundPayment:
    return RefundPayment(refund.key, refund.payment_id, refund.order_key, refund.amount)


def _unexplained(state: OrderState, new: tuple[Fact, ...]) -> tuple[FetchPayments, ...]:
    """Asks for payments that our own keys have not seen, or of what is said to be paid without a capture."""
    unseen = [fact for fact in new if fact.detail.get(MISMATCH) == UNVERIFIED]
    if unseen:
        asked = dict.fromkeys(a for fact in unseen for a in may_have_taken(fact, state.attempts))
        return tuple(FetchPayments(a.reference_id, a.link_id) for a in asked)
    if state.balance.settled or not any(_says_paid(fact) for fact in new):
        return ()
    named = [a for a in state.attempts if any(fact.entity_id == a.link_id for fact in new)]
    return tuple(FetchPayments(a.reference_id, a.link_id) for a in (named or state.attempts)[-1:])


def _says_paid(fact: Fact) -> bool:
    return fact.entity in ("payment_link", "order") and fact.state == "paid"


def _polls(turn: Turn, before: OrderState, state: OrderState, asked: tuple[Refund, ...]) -> list[Poll]:
    """The chains of polls that begin: for each link that was made, and each of which money goes back."""
    known = {attempt.reference_id for attempt in before.attempts if attempt.link_id}
    links = {payment.id: payment.link for payment in state.balance.payments}
    refunded = {links.get(refund.payment_id) for refund in asked}
    made = [attempt for attempt in state.attempts if attempt.link_id]
    begun = [a for a in made if a.reference_id not in known or a.link_id in refunded]
    # Where nobody said which link a payment was made on, any of the order's leads to its refunds.
    return [Poll(a.reference_id, turn.now, 0) for a in begun or (made[-1:] if asked else ())]
