"""Decide what becomes of an order and its money when more is known of it. Pure.

The rules are the shop's, not the flow's. Whatever the chat does, each captured rupee pays for goods, is
refunded, or is held for a reason that a person can read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from payments.ledger.balance import Balance, Captured
from payments.ledger.calls import CancelLink, CloseCard, end_of
from payments.ledger.holds import Hold, HoldReason, reason_of
from payments.ledger.refunds import SMALLEST, Refund, RefundStatus, accounted, asked_for, not_made, wanted
from payments.ledger.state import OrderState
from payments.shop import stock
from payments.shop.catalogue import Repairs
from payments.shop.fulfilment import Stage
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, withdrawn
from payments.shop.stock import StockMove

ENDED_UNPAID: Final = frozenset({AttemptStatus.REFUSED, AttemptStatus.EXPIRED, AttemptStatus.CANCELLED})
"""Statuses of an attempt that ended unpaid."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """An order after the rules were applied, and the refunds, cancellations and stock moves that follow."""

    state: OrderState
    asked: tuple[Refund, ...] = ()
    """Refunds to ask Razorpay for. `state` has them already."""
    withdrawn: tuple[CancelLink | CloseCard, ...] = ()
    """Links and cards to end. `state` has them as withdrawn already."""
    moves: tuple[StockMove, ...] = ()


def resolve(state: OrderState, rules: Repairs, left: Mapping[str, int]) -> Resolution:
    """Apply the rules to `state` after its facts, attempts or refunds changed. Idempotent.

    `left` has the pieces left of each counted product.
    """
    balance = state.balance
    refunds = accounted(state.refunds, state.order.key, balance)
    lifecycle = _lifecycle(state, balance, refunds, rules, left)
    asked = _asked(state, lifecycle, refunds, rules)
    attempts, ended = _withdrawn(state, lifecycle, balance)
    stage = (state.stage or Stage.PLACED) if lifecycle is Lifecycle.FULFILLED else state.stage
    resolved = replace(state, lifecycle=lifecycle, refunds=(*refunds, *asked), attempts=attempts, stage=stage)
    moves = _moves(state, lifecycle, left)
    may_pay_for_all = _may_pay_for_all(state, refunds)
    most_for_goods = balance.total if may_pay_for_all else min(balance.total, state.fulfilled)
    return Resolution(_booked(resolved, most_for_goods, balance, rules), asked, ended, moves)


def _may_pay_for_all(state: OrderState, refunds: tuple[Refund, ...]) -> bool:
    """Return whether money may pay for all goods: they become due only now, or a refund has just failed."""
    outgoing = {refund.key for refund in refunds if refund.goes_back}
    failed = any(refund.goes_back and refund.key not in outgoing for refund in state.refunds)
    return failed or state.lifecycle is not Lifecycle.FULFILLED


def wants_rest(state: OrderState, rules: Repairs) -> bool:
    """Return whether to make a link for the missing amount: too little was paid, and there is none yet."""
    short = 0 < state.balance.paid < state.owed and not state.balance.mismatch
    requested = any(attempt.amount == state.due for attempt in state.attempts)
    return short and state.lifecycle is Lifecycle.OPEN and rules.short == "top up" and not requested


def _lifecycle(
    state: OrderState,
    balance: Balance,
    refunds: tuple[Refund, ...],
    rules: Repairs,
    left: Mapping[str, int],
) -> Lifecycle:
    """Return what becomes of the order: paid in full it is fulfilled, without any hope of payment it lapses.

    Fulfilled and returned are final. While money may still come or waits for a person, nothing changes.
    An order whose cash is promised waits for it, whatever becomes of its links. What went back of its money
    is still to come.
    """
    if state.lifecycle in (Lifecycle.FULFILLED, Lifecycle.RETURNED):
        return state.lifecycle
    if state.lifecycle is Lifecycle.PROMISED:
        enough = _staying(refunds, balance) >= balance.total
        return Lifecycle.FULFILLED if enough else Lifecycle.PROMISED
    refunded = _refunded(refunds, balance.fitting)
    if refunded and (refunded == balance.paid or not balance.paid_in_full):
        # Money was refunded before it could pay for goods, so the rest is refunded too.
        return Lifecycle.RETURNED
    if balance.paid_in_full:
        return _paid(state, rules, left)
    if balance.paid:
        return _short(state, balance, rules)
    ended = state.attempts and not any(attempt.live for attempt in state.attempts)
    waiting = balance.authorised or balance.mismatch or state.lacks_capture
    return Lifecycle.LAPSED if ended and not waiting else state.lifecycle


def _paid(state: OrderState, rules: Repairs, left: Mapping[str, int]) -> Lifecycle:
    if state.lifecycle is Lifecycle.OPEN:
        return Lifecycle.FULFILLED
    if rules.late == "hold":
        return state.lifecycle
    possible = rules.late == "fulfil" and stock.enough(left, state.order.lines)
    return Lifecycle.FULFILLED if possible else Lifecycle.RETURNED


def _short(state: OrderState, balance: Balance, rules: Repairs) -> Lifecycle:
    if rules.short == "hold" or balance.mismatch:
        return state.lifecycle
    rest = [attempt for attempt in state.attempts if attempt.amount == state.due]
    over = bool(rest) and all(attempt.status in ENDED_UNPAID for attempt in rest)
    possible = rules.short == "top up" and state.due >= SMALLEST
    waits = state.lifecycle is Lifecycle.OPEN and possible and not over
    return state.lifecycle if waits else Lifecycle.RETURNED


def _asked(
    state: OrderState, lifecycle: Lifecycle, refunds: tuple[Refund, ...], rules: Repairs
) -> tuple[Refund, ...]:
    """Return the refunds that are wanted and were not asked for yet.

    What an amendment made too much is always given back: the rule is about payers who pay too much.
    """
    key, balance = state.key, state.balance
    if lifecycle is Lifecycle.RETURNED:
        rest = max(0, _unasked(balance, refunds) - state.delivery_kept_back)
        return wanted(key, _returnable(balance), refunds, rest, "order returned")
    if lifecycle is not Lifecycle.FULFILLED:
        return ()
    fitting = {payment.id for payment in balance.fitting}
    earlier = asked_for(refund for refund in refunds if refund.payment_id in fitting)
    surplus = balance.paid - earlier - balance.total
    if rules.surplus == "hold":
        surplus = min(surplus, state.order.total - state.owed - earlier)
    return wanted(key, _returnable(balance), refunds, max(0, surplus), "surplus")


def _unasked(balance: Balance, refunds: tuple[Refund, ...]) -> int:
    """Return the paise of payments that can be refunded and for which no refund was asked."""
    earlier = Counter[str]()
    for refund in refunds:
        earlier[refund.payment_id] += asked_for([refund])
    return sum(max(0, payment.amount - earlier[payment.id]) for payment in _returnable(balance))


def _returnable(balance: Balance) -> tuple[Captured, ...]:
    """Return the payments that can be refunded.

    A disputed payment cannot: the payer's bank handles it, or has taken it back already.
    """
    return tuple(payment for payment in balance.fitting if payment.id not in balance.disputes)


def _withdrawn(
    state: OrderState, lifecycle: Lifecycle, balance: Balance
) -> tuple[tuple[Attempt, ...], tuple[CancelLink | CloseCard, ...]]:
    """Return the attempts, with those that must not be paid any more as withdrawn, and the calls for that."""
    due = state.due if balance.paid else state.owed
    taken = state.taken
    unneeded = [
        attempt
        for attempt in state.attempts
        if attempt.live
        and attempt.status is not AttemptStatus.WITHDRAWING
        and (lifecycle is not Lifecycle.OPEN or attempt.amount != due or state.lacks_capture)
        and attempt not in taken
    ]
    attempts = tuple(withdrawn(attempt) if attempt in unneeded else attempt for attempt in state.attempts)
    links = [attempt for attempt in unneeded if attempt.payable]
    return attempts, tuple(end_of(attempt.reference_id, attempt.link_id) for attempt in links)


def _moves(state: OrderState, lifecycle: Lifecycle, left: Mapping[str, int]) -> tuple[StockMove, ...]:
    lines, reserved = state.lines, state.reserves
    if lifecycle is state.lifecycle:
        return ()
    if lifecycle is Lifecycle.FULFILLED:
        sold = stock.sell_reserved if reserved else stock.sell
        return sold(left, lines)
    return stock.release(left, lines) if reserved else ()


def _booked(state: OrderState, most_for_goods: int, balance: Balance, rules: Repairs) -> OrderState:
    """Return `state` with each captured rupee booked: for goods, as refunded, or held for a reason.

    `most_for_goods` is what may pay for goods: once money for goods was refunded, no other takes its place.
    """
    remaining = _staying(state.refunds, balance)
    fulfilled = max(0, min(most_for_goods, remaining)) if state.goods_due else 0
    held = balance.captured - _refunded(state.refunds, balance.own) - fulfilled
    booked = replace(state, fulfilled=fulfilled, held=held, held_for=None)
    if not (held or balance.disputes or balance.mismatch):
        uncaptured = reason_of(state.held_for) is HoldReason.UNCAPTURED and state.waits_for_capture
        return replace(booked, held_for=state.held_for) if uncaptured else booked
    return replace(booked, held_for=_hold(booked, balance, rules))


def staying(state: OrderState) -> int:
    """Return the paise that were paid for the order and do not go back."""
    return _staying(state.refunds, state.balance)


def _staying(refunds: Iterable[Refund], balance: Balance) -> int:
    return balance.paid - _refunded(refunds, balance.fitting)


def _refund_problem(state: OrderState) -> HoldReason | None:
    """Return the reason for a refund that was refused or failed; None if there is none that still matters."""
    statuses = {refund.status for refund in not_made(state.refunds)}
    if RefundStatus.REFUSED in statuses:
        return HoldReason.REFUND_REFUSED
    return HoldReason.REFUND_FAILED if RefundStatus.FAILED in statuses else None


def _refunded(refunds: Iterable[Refund], payments: Iterable[Captured]) -> int:
    """Return the paise of `payments` that were refunded, or are on their way back."""
    by_payment = Counter[str]()
    for refund in refunds:
        by_payment[refund.payment_id] += refund.amount if refund.goes_back else 0
    # No more than the payment can go back: the fact that an earlier refund failed is still to come.
    return sum(min(payment.amount, by_payment[payment.id]) for payment in payments)


def _hold(state: OrderState, balance: Balance, rules: Repairs) -> Hold:
    """Return why money is held. A dispute also names a refund that failed."""
    refund = _refund_problem(state)
    if balance.disputes:
        return Hold(HoldReason.DISPUTED if balance.disputed else HoldReason.DISPUTE_LOST, refund=refund)
    if balance.mismatch:
        return Hold(HoldReason.MISMATCH, mismatch=balance.mismatch)
    if refund and state.held > state.delivery_kept_back:
        return Hold(refund)
    return Hold(_own_reason(state, balance, rules))


def _own_reason(state: OrderState, balance: Balance, rules: Repairs) -> HoldReason:
    """Return why money that fits the order is held."""
    if state.delivery_kept_back:
        return HoldReason.DELIVERY_KEPT if state.delivery_decided else HoldReason.DELIVERY
    if not wanted(state.order.key, balance.own, state.refunds, state.held, "any"):
        return HoldReason.REMAINDER
    if not balance.paid_in_full:
        waits = state.lifecycle is Lifecycle.OPEN and rules.short == "top up"
        return HoldReason.WAITING if waits else HoldReason.SHORT
    if state.lifecycle is Lifecycle.LAPSED:
        return HoldReason.LATE
    if rules.surplus == "hold":
        return HoldReason.SURPLUS
    goods_refunded = state.fulfilled < balance.total and state.lifecycle is Lifecycle.FULFILLED
    return HoldReason.PAID_AGAIN if goods_refunded else HoldReason.UNEXPLAINED
