"""Why a customer cannot be forgotten yet: mostly, whether an order of theirs is still under way. Pure."""

from enum import StrEnum
from typing import Final

from payments.ledger.holds import HoldReason, needs_person
from payments.ledger.state import OrderState
from payments.shop.orders import AttemptStatus, Lifecycle


class Unfinished(StrEnum):
    """Why somebody cannot be forgotten yet, as a flow and people read it."""

    STAFF = "one of the staff"
    """The shop tells them of its orders: they are to be taken out of the staff first."""
    OPEN = "open order"
    """It can be paid, and its goods are reserved."""
    GOODS = "goods on their way"
    """Its goods are due, and not delivered yet."""
    OWED = "cash to come"
    """Its goods are delivered, and not paid yet."""
    HELD = "held money"
    """Money of it waits for a person, for an answer or for the rest."""
    REFUNDING = "refund under way"
    CAPTURE = "payment under way"
    """A payment is authorised or reported, and not captured."""
    LINK = "open link"
    """A link of it can be paid, is being made, or is being cancelled."""


_LIVE: Final = frozenset(
    {AttemptStatus.PLANNED, AttemptStatus.CREATING, AttemptStatus.CREATED, AttemptStatus.WITHDRAWING}
)


def unfinished(state: OrderState) -> Unfinished | None:
    """Return why the order is under way; None if nothing more is expected of it.

    Held money with which nobody can do anything, such as a remainder under ₹1, is no reason.

    A payment that comes all the same, after its link has ended, is booked and refunded by the usual rules.
    """
    if state.lifecycle is Lifecycle.OPEN:
        return Unfinished.OPEN
    if state.goods_due and state.stage is not None and not state.stage.ended:
        return Unfinished.GOODS
    if state.lifecycle is Lifecycle.PROMISED:
        return Unfinished.OWED
    hold = state.held_for
    if hold is not None and (needs_person(hold) or hold.reason is HoldReason.WAITING):
        return Unfinished.HELD
    if any(refund.open for refund in state.refunds):
        return Unfinished.REFUNDING
    if state.waits_for_capture or state.lacks_capture:
        return Unfinished.CAPTURE
    taken = state.taken
    if any(attempt.status in _LIVE and attempt not in taken for attempt in state.attempts):
        return Unfinished.LINK
    return None
