"""A link that waits for the end of an earlier one: made, or given up, once that end is known. Pure.

One customer shall never have two links that can be paid: both could be. So a new link is asked for only
when Razorpay has said of the one before that it is over. Until then its attempt is planned, and it is
looked at again after each event; the end of a link always comes with an event that names its order.
"""

from dataclasses import replace
from typing import Final

from payments.ledger.matching import UNVERIFIED
from payments.ledger.resolution import OVER
from payments.ledger.state import PAYABLE, OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.processing.results import Refusal
from payments.processing.shop_state import link_of
from payments.processing.turn import Trace, Turn
from payments.processing.updates import apply
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, order_key_of, withdrawn

EARLIER_PAID: Final = Refusal("earlier order paid")
"""Why there is no link: the earlier order was paid after all. Asked again, nothing stands in the way."""
EARLIER_OPEN: Final = Refusal("earlier link open")
"""Why there is no link: Razorpay would not cancel the earlier one, which can still be paid."""


def follow(turn: Turn) -> Trace:
    """Begin or give up what was planned, if the event brought the end that it waits for."""
    trace: Trace = ()
    for key in turn.shop.dropped:
        state = turn.shop.known(key)
        trace += apply(turn, state, state)[0]
    trace += _end_earlier(turn)
    order = turn.shop.order
    if order and order.planned:
        _decide(turn, order, order.planned)
    return trace


def _decide(turn: Turn, state: OrderState, attempt: Attempt) -> None:
    """Ask for the planned link if nothing stands in its way; drop it if a payment came that does not fit.

    While a payment is under way (the bank said yes, or Razorpay has to say whether it is ours), it waits.
    """
    if state.status in PAYABLE:
        if not turn.shop.earlier_links and not state.payable:
            _ask_for(turn, state, attempt)
    elif state.balance.mismatch and state.balance.mismatch != UNVERIFIED:
        turn.shop = turn.shop.with_order(state.with_attempt(withdrawn(attempt)))


def keep_waiting(turn: Turn, attempt: Attempt) -> Trace:
    """Razorpay would not cancel the link of `attempt`: while it can be paid, no other is made."""
    if not attempt.payable:
        return ()
    turn.notices.append(_notice(attempt))
    return _give_up(turn, EARLIER_OPEN)


def _end_earlier(turn: Turn) -> Trace:
    """Look which links of earlier orders are over by now, and how."""
    trace: Trace = ()
    for reference in turn.shop.earlier_links:
        state = turn.shop.orders.get(order_key_of(reference))
        attempt = state.attempt(reference) if state else None
        if state is None or attempt is None or attempt in state.payable:
            continue
        turn.shop = turn.shop.waiting_for(other for other in turn.shop.earlier_links if other != reference)
        # What was paid for the earlier order may have to go back, its goods being this one's by now.
        unpaid = attempt.status in OVER or state.lifecycle is Lifecycle.RETURNED
        trace += () if unpaid else _give_up(turn, EARLIER_PAID)
    return trace


def _ask_for(turn: Turn, state: OrderState, attempt: Attempt) -> None:
    life = turn.shop.at.shop.payment_link_life
    begun = replace(attempt, status=AttemptStatus.CREATING, expires_at=turn.now + life)
    turn.shop = turn.shop.with_order(state.with_attempt(begun)).asking(link_of(state.order, begun))


def _give_up(turn: Turn, refusal: Refusal) -> Trace:
    """End the planned attempt, if there is one; the customer hears why, and can ask again."""
    state = turn.shop.order
    if state is None or state.planned is None:
        return ()
    refused = state.with_attempt(replace(state.planned, status=AttemptStatus.REFUSED))
    return apply(turn, state, refused, refusal=refusal)[0]


def _notice(attempt: Attempt) -> Notice:
    link = attempt.link_id or "of unknown id"
    return Notice(
        NoticeKind.LINK,
        attempt.reference_id,
        f"Razorpay would not cancel the payment link {link} ({attempt.reference_id}), so it can still be "
        "paid: cancel it in Razorpay Dashboard > Payment Links. If it is paid, Munshi sees it.",
    )
