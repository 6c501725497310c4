"""What happened to an order, in words: payments, moves of the staff, changes. In no order of time."""

from collections.abc import Iterator

from bot.amounts import shown
from bot.order_words import money_of
from bot.staff_words import in_words
from payments.ledger.methods import paid_by
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.orders import hand_ordinal, is_by_hand
from storage.reports.desk import DeskOrder


def happened(order: DeskOrder) -> Iterator[tuple[int, str]]:
    """Yield what happened, each with its time in milliseconds since 1970, UTC."""
    state = order.state
    yield state.order.placed_at, "placed"
    for payment in state.balance.payments:
        by = f", taken by {payment.by}, payment {hand_ordinal(payment.id)}" if is_by_hand(payment.id) else ""
        # Razorpay dates a payment in whole seconds: a card may be paid in the second of its order.
        yield (
            max(payment.at * 1000, state.order.placed_at),
            f"{shown(payment.amount, payment.currency)} {paid_by(payment.method)}{by}",
        )
    for slip in state.undone:
        number = hand_ordinal(slip.entity_id)
        yield slip.at * 1000, f"payment {number} of {money_of(state, slip.amount)} undone: a mistake"
    for move in order.moves:
        ended = f"not done: {move.refused}" if move.refused else f"now {move.stage}" if move.stage else ""
        yield move.at, f"{move.by} {in_words(move.verb, move.value)}{f' ({ended})' if ended else ''}"
    known = {move.at for move in order.moves if not move.refused}
    if state.stage is not None and state.stage_by and state.stage_at not in known:
        yield state.stage_at, f"{state.stage}, by {state.stage_by}"
    yield from ((amendment.at, _amendment(state, amendment)) for amendment in state.amendments)


def _amendment(state: OrderState, amendment: Amendment) -> str:
    worth = f"{money_of(state, amendment.amount)} less is owed"
    why = f" ({amendment.why})" if amendment.why else ""
    match amendment.kind:
        case AmendmentKind.LESS:
            return f"{amendment.pieces} × {amendment.sku} gone: {worth}{why}"
        case AmendmentKind.ALLOWANCE:
            return f"{worth}{why}"
        case AmendmentKind.ADDRESS:
            return f"address or note changed by {amendment.by}"
        case AmendmentKind.REFUSED:
            return f"refused at the door: {worth}, and the delivery is held"
        case AmendmentKind.KEPT:
            return f"the shop keeps the delivery, says {amendment.by}"
