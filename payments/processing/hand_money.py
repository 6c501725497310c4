"""What people say of money that they took or gave back themselves, for a placed order. Pure.

Each function changes one order in a turn as those of `payments.processing.order_changes` do.
"""

from collections.abc import Iterator
from dataclasses import replace

from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.refunds import Refund, RefundStatus, not_made
from payments.ledger.resolution import staying
from payments.ledger.state import OrderState
from payments.processing.order_changes import (
    NotPossible,
    Settlement,
    applied,
    named,
    payment_by_hand,
    require_owed,
)
from payments.processing.turn import Trace, Turn
from payments.processing.updates import apply
from payments.shop import stock
from payments.shop.orders import Lifecycle, hand_ordinal, hand_payment, hand_refund, is_by_hand


def take_money(turn: Turn, state: OrderState, amount: int, settlement: Settlement, by: str) -> Trace:
    """Record that a person took `amount` paise for the order."""
    require_owed(state)
    if amount <= 0 or settlement is Settlement.OWED:
        raise NotPossible("say what was taken, by cash or by upi")
    return applied(turn, state, state, (payment_by_hand(state, amount, settlement, by, turn.now),))


def give_back_by_hand(turn: Turn, state: OrderState, by: str) -> Trace:
    """Record that a person gave back what was taken by hand and has to go back.

    If nothing of that waits: what the provider would not give back, and is still held.
    """
    waiting = {one.key: one for one in state.refunds if is_by_hand(one.payment_id) and one.open}
    if not waiting:
        waiting = {hand_refund(refund.key): refund for refund in _held_for_want_of_a_refund(state)}
    if not waiting:
        raise NotPossible(f"nothing of {named(state)} waits to be given back by hand")
    facts = (_given_back(turn, refund, key, by) for key, refund in waiting.items())
    return applied(turn, state, state, tuple(facts))


def _held_for_want_of_a_refund(state: OrderState) -> Iterator[Refund]:
    """Yield the refunds that the provider did not make, as far as their money is still held.

    A disputed payment is left out: the payer's bank has it, or decides about it.
    """
    rest = state.held
    for refund in not_made(state.refunds):
        if refund.amount <= rest and refund.payment_id not in state.balance.disputes:
            rest -= refund.amount
            yield refund


def _given_back(turn: Turn, refund: Refund, key: str, by: str) -> Fact:
    """Return the fact that a person gave the money of `refund`, recorded under `key`."""
    return Fact(
        order_key=refund.order_key,
        entity=EntityType.REFUND,
        entity_id=key,
        state=FactState.PROCESSED,
        amount=refund.amount,
        currency=turn.shop.known(refund.order_key).order.currency,
        at=turn.now // 1000,
        detail=Detail(payment_id=refund.payment_id, key=key, by=by),
    )


def undo_payment(turn: Turn, state: OrderState, ordinal: int | None, by: str) -> Trace:
    """Record that a payment which a person had recorded was a mistake: nobody took that money.

    `ordinal` is its number among the payments by hand, from 1; None names the only one. What it paid for is
    owed again.
    """
    slip = _recorded(state, ordinal)
    given_back = [one for one in state.refunds if one.status is RefundStatus.PROCESSED]
    if any(refund.payment_id == slip.entity_id for refund in given_back):
        raise NotPossible(f"some of that payment of {named(state)} was given back, so somebody had taken it")
    detail = Detail(method=slip.detail.method, by=by)
    fact = replace(slip, state=FactState.UNDONE, at=turn.now // 1000, detail=detail)
    # Whether cash has to be given back is decided anew, without the payment.
    refunds = tuple(_withdrawn(refund) for refund in state.refunds)
    after = _owed_again(turn, replace(state, refunds=refunds).with_facts((fact,)))
    return apply(turn, state, after, (fact,))[0]


def _withdrawn(refund: Refund) -> Refund:
    """Return the refund as withdrawn, if a person was asked for it and has not given it yet."""
    asked = refund.status is RefundStatus.ASKED and is_by_hand(refund.payment_id)
    return replace(refund, status=RefundStatus.WITHDRAWN) if asked else refund


def _recorded(state: OrderState, ordinal: int | None) -> Fact:
    """Return the fact of a payment by hand. Raises NotPossible if there is none, or it is undone already."""
    payments = [
        fact
        for fact in state.facts
        if fact.reports(EntityType.PAYMENT, FactState.CAPTURED) and is_by_hand(fact.entity_id)
    ]
    gone = {fact.entity_id for fact in state.undone}
    standing = [hand_ordinal(fact.entity_id) for fact in payments if fact.entity_id not in gone]
    if ordinal is None and len(payments) > 1:
        # Even if one is left: whoever says undo twice does not mean another payment.
        which = " or ".join(f"undo {number}" for number in sorted(standing))
        left = f"{len(standing)} left to undo: say {which}" if standing else "none left to undo"
        raise NotPossible(f"of its payments by hand, {named(state)} has {left}")
    id = hand_payment(state.key, 1 if ordinal is None else ordinal)
    found = next((fact for fact in payments if fact.entity_id == id), None)
    if found is None:
        raise NotPossible(f"{named(state)} has no such payment by hand: it has {len(payments)} of them")
    if undone := next((fact for fact in state.undone if fact.entity_id == id), None):
        raise NotPossible(f"that payment of {named(state)} was undone already (by {undone.detail.by})")
    return found


def _owed_again(turn: Turn, state: OrderState) -> OrderState:
    """Return the order as promised, if it was fulfilled and its money does not pay for its goods any more."""
    if state.lifecycle is not Lifecycle.FULFILLED or staying(state) >= state.fulfilled:
        return state
    turn.shop = turn.shop.moving(stock.reserve_sold(turn.shop.left, state.lines))
    return replace(state, lifecycle=Lifecycle.PROMISED)
