"""What becomes of the delivery fee of a paid order that was refused at the door. Pure.

Each function changes one order in a turn as those of `payments.processing.order_changes` do.
"""

from payments.ledger.state import OrderState
from payments.processing.order_changes import NotPossible, amended, called_off, named
from payments.processing.turn import Trace, Turn
from payments.shop.amendments import AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle


def refuse_keeping_delivery(
    turn: Turn, state: OrderState, by: str, *, expected: Stage | None = None, shelf: bool | None = None
) -> Trace:
    """End a paid order that its customer refused at the door: only the price of its goods goes back.

    What they paid for the delivery is held until a person decides about it.
    """
    if state.lifecycle is Lifecycle.PROMISED:
        raise NotPossible(f"{named(state)} is not paid, so no fee can be kept: say refuse alone")
    kept = min(state.order.delivery, state.fulfilled)
    if not kept:
        raise NotPossible(f"nothing was paid for the delivery of {named(state)}: say refuse alone")
    ended = called_off(turn, state, Stage.REFUSED, by, expected, shelf)
    return amended(turn, state, ended, AmendmentKind.REFUSED, by, amount=state.owed - kept)


def keep_delivery(turn: Turn, state: OrderState, by: str) -> Trace:
    """Decide that the shop keeps what was paid for the delivery of refused goods."""
    _require_delivery(state)
    if state.delivery_decided:
        raise NotPossible(f"that the shop keeps the delivery of {named(state)} is decided already")
    return amended(turn, state, state, AmendmentKind.KEPT, by)


def give_delivery_back(turn: Turn, state: OrderState, by: str) -> Trace:
    """Decide that what was paid for the delivery of refused goods goes back too."""
    _require_delivery(state)
    why = "delivery of refused goods"
    return amended(turn, state, state, AmendmentKind.ALLOWANCE, by, amount=state.owed, why=why)


def _require_delivery(state: OrderState) -> None:
    if not state.delivery_held:
        raise NotPossible(f"nothing is held for the delivery of {named(state)}")
