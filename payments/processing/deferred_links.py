"""Deferred links: a new link waits until an earlier one is over, then it is requested or given up. Pure.

One customer must never have two links that can be paid, because both might be; a card in the chat counts as
one. So a new one is asked for only when the earlier one is known to be over. Until then the new attempt is
planned. It is looked at again after each event: the end of a link always comes with an event that names its
order.
"""

from dataclasses import replace
from typing import Final

from flows.engine.events import Happened
from payments.ledger.calls import link_for
from payments.ledger.holds import Mismatch
from payments.ledger.resolution import ENDED_UNPAID
from payments.ledger.state import PAYABLE, OrderState
from payments.processing.card_messages import unshown_cards
from payments.processing.notice import Notice, NoticeKind
from payments.processing.results import Refusal
from payments.processing.turn import Trace, Turn
from payments.processing.updates import apply
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, order_key_of, withdrawn

EARLIER_PAID: Final = Refusal("earlier order paid")
"""There is no link because the earlier order was paid after all. The customer can ask for it again."""
EARLIER_OPEN: Final = Refusal("earlier link open")
"""There is no link because Razorpay would not cancel the earlier one, which can still be paid."""


def follow(turn: Turn) -> Trace:
    """Request or give up the planned link, if the event ended the link that it waits for.

    Orders that an action left unresolved are updated first.
    """
    trace: Trace = ()
    for key, before in turn.shop.unresolved.items():
        trace += apply(turn, before, turn.shop.known(key))[0]
    trace += _end_earlier(turn)
    order = turn.shop.order
    if order and order.planned:
        trace += _decide(turn, order, order.planned)
    for state, card in unshown_cards(turn.shop):
        refused = replace(card, status=AttemptStatus.REFUSED)
        turn.shop = turn.shop.begin(state.with_attempt(refused), card.amount)
    return trace


def _decide(turn: Turn, state: OrderState, attempt: Attempt) -> Trace:
    """Request the planned link if nothing stands in its way. Drop it if a payment arrived that does not fit.

    Drop it, too, if the payer's bank disputes a part payment: a dispute lasts for weeks, and the rest cannot
    be asked for meanwhile, so the order ends. While a payment is under way (authorised, or Razorpay has to
    say whether it is ours), the link waits.
    """
    if state.status in PAYABLE:
        if not turn.shop.earlier_links and not state.payable:
            return _request(turn, state, attempt)
    elif state.balance.mismatch not in (None, Mismatch.UNVERIFIED):
        turn.shop = turn.shop.with_order(state.with_attempt(withdrawn(attempt)))
    elif state.balance.disputes:
        return apply(turn, state, state.with_attempt(withdrawn(attempt)))[0]
    return ()


def keep_waiting(turn: Turn, attempt: Attempt) -> Trace:
    """Give up the planned link if that of `attempt`, which could not be ended, can still be paid.

    A card ends by itself, and operators can do nothing about it before.
    """
    if not attempt.payable:
        return ()
    if not attempt.is_card:
        turn.notices.append(_notice(attempt))
    return _give_up(turn, EARLIER_OPEN)


def _end_earlier(turn: Turn) -> Trace:
    """Stop waiting for links of earlier orders that are over. Give up the planned link if one was paid."""
    trace: Trace = ()
    for reference in turn.shop.earlier_links:
        state = turn.shop.orders.get(order_key_of(reference))
        attempt = state.attempt(reference) if state else None
        if state is None or attempt is None or attempt in state.payable:
            continue
        turn.shop = turn.shop.waiting_for(link for link in turn.shop.earlier_links if link != reference)
        # A returned order counts as unpaid: its money goes back, as this order may have its goods.
        unpaid = attempt.status in ENDED_UNPAID or state.lifecycle is Lifecycle.RETURNED
        trace += () if unpaid else _give_up(turn, EARLIER_PAID)
    return trace


def _request(turn: Turn, state: OrderState, attempt: Attempt) -> Trace:
    """Ask for the planned link. A card has only to be shown, which the flow does as it shows a link."""
    life = turn.shop.at.shop.payment_link_life
    requested = replace(attempt, status=AttemptStatus.CREATING, expires_at=turn.now + life)
    turn.shop = turn.shop.with_order(state.with_attempt(requested))
    if attempt.is_card:
        return turn.run(Happened("payment_link.created", {"short_url": ""}))[0]
    turn.shop = turn.shop.asking(link_for(state.order, requested))
    return ()


def _give_up(turn: Turn, refusal: Refusal) -> Trace:
    """End the planned attempt, if there is one. The customer hears why, and can ask again."""
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
