"""A link that waits for the end of an earlier one: made, or given up, once that end is known. Pure.

One customer shall never have two links that can be paid: both could be. So a new link is asked for only
when Razorpay has said of the one before that it is over. Until then its attempt is planned, and it is
looked at again after each event; the end of a link always comes with an event that names its order.
"""

from dataclasses import replace
from typing import Final

from payments.ledger.matching import UNSEEN
from payments.ledger.resolution import OVER, payable
from payments.ledger.state import OrderState
from payments.processing.case import Notice
from payments.processing.draft import Draft, Trace, attempt_of, link_of, with_attempt
from payments.processing.notifications import (
    PAYABLE,
    about,
    earlier_links,
    order_of,
    status,
    with_earlier_links,
)
from payments.processing.results import Refusal
from payments.processing.updates import settle
from payments.shop.orders import Attempt, AttemptStatus, Standing, order_key_of, withdrawn

EARLIER_PAID: Final = Refusal("earlier order paid")
"""Why there is no link: the earlier order was paid after all. Asked again, nothing stands in the way."""
EARLIER_OPEN: Final = Refusal("earlier link open")
"""Why there is no link: Razorpay would not cancel the earlier one, which can still be paid."""


def follow(draft: Draft) -> Trace:
    """Begin or give up what was planned, if the event of `draft` brought the end that it waits for."""
    trace: Trace = ()
    for key in draft.dropped:
        trace += settle(draft, draft.orders[key], draft.orders[key])[0]
    trace += _earlier(draft)
    found = _planned(draft)
    if found:
        _decide(draft, *found)
    return trace


def _decide(draft: Draft, state: OrderState, attempt: Attempt) -> None:
    """Ask for the planned link if nothing stands in its way; drop it if a payment came that does not fit.

    While a payment is under way (the bank said yes, or Razorpay has to say whether it is ours), it waits.
    """
    if status(state) in PAYABLE:
        if not earlier_links(draft.conversation) and not payable(state):
            _ask_for(draft, state, attempt)
    elif state.balance.misfit and state.balance.misfit != UNSEEN:
        after = with_attempt(state, withdrawn(attempt))
        draft.write(state, after)
        draft.conversation = about(draft.conversation, after)


def kept(draft: Draft, attempt: Attempt) -> Trace:
    """Razorpay would not cancel the link of `attempt`: while it can be paid, no other is made."""
    if not attempt.payable:
        return ()
    draft.notices.append(_notice(attempt))
    return _give_up(draft, EARLIER_OPEN)


def _earlier(draft: Draft) -> Trace:
    """Look which links of earlier orders are over by now, and how."""
    trace: Trace = ()
    for reference in earlier_links(draft.conversation):
        state = draft.orders.get(order_key_of(reference))
        attempt = attempt_of(state, reference) if state else None
        if state is None or attempt is None or attempt in payable(state):
            continue
        waiting = (other for other in earlier_links(draft.conversation) if other != reference)
        draft.conversation = with_earlier_links(draft.conversation, waiting)
        # What was paid for the earlier order may have to go back, its goods being this one's by now.
        unpaid = attempt.status in OVER or state.standing is Standing.RETURNED
        trace += () if unpaid else _give_up(draft, EARLIER_PAID)
    return trace


def _planned(draft: Draft) -> tuple[OrderState, Attempt] | None:
    """The current order's attempt that is planned, if one is."""
    state = draft.orders.get(order_of(draft.conversation).get("key", ""))
    found = (a for a in (state.attempts if state else ()) if a.status is AttemptStatus.PLANNED)
    attempt = next(found, None)
    return (state, attempt) if state and attempt else None


def _ask_for(draft: Draft, state: OrderState, attempt: Attempt) -> None:
    life = draft.shop.payment_link_life
    begun = replace(attempt, status=AttemptStatus.CREATING, expires_at=draft.now + life)
    draft.calls.append(link_of(state.order, begun))
    after = with_attempt(state, begun)
    draft.write(state, after)
    draft.conversation = about(draft.conversation, after)


def _give_up(draft: Draft, refusal: Refusal) -> Trace:
    """End the planned attempt, if there is one; the customer hears why, and can ask again."""
    found = _planned(draft)
    if not found:
        return ()
    state, attempt = found
    refused = with_attempt(state, replace(attempt, status=AttemptStatus.REFUSED))
    return settle(draft, state, refused, refusal=refusal)[0]


def _notice(attempt: Attempt) -> Notice:
    link = attempt.link_id or "of unknown id"
    return Notice(
        "link",
        attempt.reference_id,
        f"Razorpay would not cancel the payment link {link} ({attempt.reference_id}), so it can still be "
        "paid: cancel it in Razorpay Dashboard > Payment Links. If it is paid, Munshi sees it.",
    )
