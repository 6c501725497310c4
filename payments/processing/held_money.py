"""A person decides that the shop keeps money that was held for them to decide about. Pure.

`keep` changes one order in a turn as the functions of `payments.processing.order_changes` do.
"""

from payments.ledger.holds import may_be_kept
from payments.ledger.state import OrderState
from payments.processing.order_changes import NotPossible, amended, named
from payments.processing.turn import Trace, Turn
from payments.shop import stock
from payments.shop.amendments import Amendment, AmendmentKind, key_of
from payments.shop.orders import Lifecycle


def keep(turn: Turn, state: OrderState, by: str, why: str) -> Trace:
    """Decide that the shop keeps the held money.

    If the goods are not due yet, and money for them has come, they are due from now on, for what was paid.
    """
    if state.held_for is None or not state.waiting or not may_be_kept(state.held_for):
        raise NotPossible(f"no money of {named(state)} waits that the shop could keep")
    if not why:
        raise NotPossible("say why the shop keeps it: keep <why>")
    pays_for_goods = not state.goods_due and state.lifecycle is not Lifecycle.RETURNED and state.balance.paid
    after = _for_what_was_paid(turn, state, by, why) if pays_for_goods else state
    return amended(turn, state, after, AmendmentKind.SETTLED, by, amount=state.waiting, why=why)


def _for_what_was_paid(turn: Turn, state: OrderState, by: str, why: str) -> OrderState:
    """Return the order with what is missing taken off its price. Raises NotPossible without the goods."""
    if not state.reserves and not stock.enough(turn.shop.left, state.lines):
        raise NotPossible(f"not enough is left for {named(state)}: give the money back")
    if not state.due:
        return state
    key = key_of(state.key, len(state.amendments) + 1)
    return state.amended(Amendment(key, state.key, AmendmentKind.ALLOWANCE, by, turn.now, state.due, why=why))
