"""What becomes of an order and its money, now that more is known. Pure.

The rules are the shop's, not the flow's: whatever the chat does, each captured rupee stands for goods,
goes back, or is held for a reason that a person can read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from payments.ledger.balance import Balance, Captured
from payments.ledger.calls import CancelLink
from payments.ledger.holds import HoldReason
from payments.ledger.refunds import SMALLEST, Refund, RefundStatus, accounted, wanted
from payments.ledger.state import OrderState
from payments.shop import stock
from payments.shop.catalogue import Repairs
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, withdrawn
from payments.shop.stock import Move

OVER: Final = frozenset({AttemptStatus.REFUSED, AttemptStatus.EXPIRED, AttemptStatus.CANCELLED})
"""Statuses of an attempt that ended unpaid."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """An order set right, and what that takes."""

    state: OrderState
    asked: tuple[Refund, ...] = ()
    """Refunds to ask Razorpay for, already among the state's."""
    withdrawn: tuple[CancelLink, ...] = ()
    """Links to make unpayable, already marked so in the state."""
    moves: tuple[Move, ...] = ()


def resolve(state: OrderState, rules: Repairs, left: Mapping[str, int]) -> Resolution:
    """Set `state` right after its facts, attempts or refunds changed.

    `left` has the pieces left of each product that is counted. Doing it again changes nothing.
    """
    balance = state.balance
    refunds = accounted(state.refunds, state.order.key, balance)
    lifecycle = _lifecycle(state, balance, refunds, rules, left)
    asked = _asked(state.order.key, lifecycle, balance, refunds, rules)
    attempts, ended = _withdrawn(state, lifecycle, balance)
    resolved = replace(state, lifecycle=lifecycle, refunds=(*refunds, *asked), attempts=attempts)
    moves = _moves(state, lifecycle, left)
    most = balance.total if _may_stand_for_all(state, refunds) else state.fulfilled
    return Resolution(_booked(resolved, most, balance, rules), asked, ended, moves)


def _may_stand_for_all(state: OrderState, refunds: tuple[Refund, ...]) -> bool:
    """Whether money may stand for all the goods: now that they become due, or if a refund came to nothing."""
    back = {refund.key for refund in refunds if refund.goes_back}
    failed = any(refund.goes_back and refund.key not in back for refund in state.refunds)
    return failed or state.lifecycle is not Lifecycle.FULFILLED


def wants_rest(state: OrderState, rules: Repairs) -> bool:
    """Whether a link for what is missing must be made: money came, too little, and none was made yet."""
    short = 0 < state.balance.paid < state.order.total and not state.balance.mismatch
    asked = any(attempt.amount == state.due for attempt in state.attempts)
    return short and state.lifecycle is Lifecycle.OPEN and rules.short == "top up" and not asked


def _lifecycle(
    state: OrderState,
    balance: Balance,
    refunds: tuple[Refund, ...],
    rules: Repairs,
    left: Mapping[str, int],
) -> Lifecycle:
    if state.lifecycle in (Lifecycle.FULFILLED, Lifecycle.RETURNED):
        return state.lifecycle
    back = _back(refunds, balance.fitting)
    if back and (back == balance.paid or not balance.settled):
        # Somebody gave back what came before it could stand for goods: so shall the rest.
        return Lifecycle.RETURNED
    if balance.settled:
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
    over = bool(rest) and all(attempt.status in OVER for attempt in rest)
    possible = rules.short == "top up" and state.due >= SMALLEST
    waits = state.lifecycle is Lifecycle.OPEN and possible and not over
    return state.lifecycle if waits else Lifecycle.RETURNED


def _asked(
    key: str, lifecycle: Lifecycle, balance: Balance, refunds: tuple[Refund, ...], rules: Repairs
) -> tuple[Refund, ...]:
    """The refunds that are wanted and were not asked for yet."""
    if lifecycle is Lifecycle.RETURNED:
        return wanted(key, _returnable(balance), refunds, balance.paid, "order returned")
    if lifecycle is not Lifecycle.FULFILLED or rules.surplus == "hold":
        return ()
    fitting = {payment.id for payment in balance.fitting}
    before = sum(refund.amount for refund in refunds if refund.payment_id in fitting)
    surplus = balance.paid - before - balance.total
    return wanted(key, _returnable(balance), refunds, surplus, "surplus")


def _returnable(balance: Balance) -> tuple[Captured, ...]:
    """The payments that can go back: the bank sees to one that is disputed, or has taken it already."""
    return tuple(payment for payment in balance.fitting if payment.id not in balance.disputes)


def _withdrawn(
    state: OrderState, lifecycle: Lifecycle, balance: Balance
) -> tuple[tuple[Attempt, ...], tuple[CancelLink, ...]]:
    """The attempts, with those that must not be paid any more on their way out."""
    wanted = state.due if balance.paid else state.order.total
    taken = state.taken
    needless = [
        attempt
        for attempt in state.attempts
        if attempt.live
        and attempt.status is not AttemptStatus.WITHDRAWING
        and (lifecycle is not Lifecycle.OPEN or attempt.amount != wanted or state.lacks_capture)
        and attempt not in taken
    ]
    attempts = tuple(withdrawn(attempt) if attempt in needless else attempt for attempt in state.attempts)
    links = [attempt for attempt in needless if attempt.payable]
    return attempts, tuple(CancelLink(attempt.reference_id, attempt.link_id) for attempt in links)


def _moves(state: OrderState, lifecycle: Lifecycle, left: Mapping[str, int]) -> tuple[Move, ...]:
    lines, before = state.order.lines, state.lifecycle
    if lifecycle is before:
        return ()
    if lifecycle is Lifecycle.FULFILLED:
        sold = stock.sell_reserved if before is Lifecycle.OPEN else stock.sell
        return sold(left, lines)
    return stock.release(left, lines) if before is Lifecycle.OPEN else ()


def _booked(state: OrderState, most: int, balance: Balance, rules: Repairs) -> OrderState:
    """Where each captured rupee is: in goods, on its way back, or held for a reason.

    `most` is what may stand for goods: once somebody gave goods' money back, no other takes its place.
    """
    kept = balance.paid - _back(state.refunds, balance.fitting)
    fulfilled = max(0, min(most, kept)) if state.lifecycle is Lifecycle.FULFILLED else 0
    held = balance.captured - _back(state.refunds, balance.own) - fulfilled
    booked = replace(state, fulfilled=fulfilled, held=held, held_for=None)
    if not (held or balance.disputes or balance.mismatch):
        uncaptured = state.held_for == HoldReason.UNCAPTURED and state.waits_for_capture
        return replace(booked, held_for=HoldReason.UNCAPTURED) if uncaptured else booked
    return replace(booked, held_for=_reason(booked, balance, rules))


def _unrefunded(state: OrderState) -> HoldReason | None:
    """Why a refund came to nothing, if one did."""
    statuses = {refund.status for refund in state.refunds}
    if RefundStatus.REFUSED in statuses:
        return HoldReason.REFUND_REFUSED
    return HoldReason.REFUND_FAILED if RefundStatus.FAILED in statuses else None


def _back(refunds: Iterable[Refund], payments: Iterable[Captured]) -> int:
    """What of `payments` went back, or is on its way."""
    back = Counter[str]()
    for refund in refunds:
        back[refund.payment_id] += refund.amount if refund.goes_back else 0
    # More than a payment took can't go back: word that an earlier refund failed is still to come.
    return sum(min(payment.amount, back[payment.id]) for payment in payments)


def _reason(state: OrderState, balance: Balance, rules: Repairs) -> str:
    """Why money is held, with what else there is to say of it."""
    refund = _unrefunded(state)
    if balance.disputes:
        dispute = HoldReason.DISPUTED if balance.disputed else HoldReason.DISPUTE_LOST
        return f"{dispute}; {refund}" if refund else dispute
    if balance.mismatch:
        return f"{HoldReason.MISMATCH}: {balance.mismatch}"
    return refund or _own_reason(state, balance, rules)


def _own_reason(state: OrderState, balance: Balance, rules: Repairs) -> HoldReason:
    """Why money that fits the order is held."""
    if not wanted(state.order.key, balance.own, state.refunds, state.held, "any"):
        return HoldReason.REMAINDER
    if not balance.settled:
        waits = state.lifecycle is Lifecycle.OPEN and rules.short == "top up"
        return HoldReason.WAITING if waits else HoldReason.SHORT
    if state.lifecycle is Lifecycle.LAPSED:
        return HoldReason.LATE
    if rules.surplus == "hold":
        return HoldReason.SURPLUS
    by_hand = state.fulfilled < balance.total and state.lifecycle is Lifecycle.FULFILLED
    return HoldReason.PAID_AGAIN if by_hand else HoldReason.UNEXPLAINED
