"""A customer is forgotten: what keeps them from it, and what remains of their shop state. Pure."""

from payments.ledger.unfinished import Unfinished, unfinished
from payments.processing.shop_state import ShopState
from payments.shop.orders import Order


def unfinished_of(shop: ShopState) -> tuple[Order | None, Unfinished] | None:
    """Return why the customer cannot be forgotten, with the order, if it is one, among those that are loaded.

    None if they can. The order is None too if only its link is known here.
    """
    if shop.at.conversation in shop.at.staff:
        return None, Unfinished.STAFF
    for _, state in sorted(shop.orders.items()):
        if (reason := unfinished(state)) is not None:
            return state.order, reason
    return (None, Unfinished.LINK) if shop.earlier_links else None


def of_nobody(shop: ShopState) -> ShopState:
    """Return the state without anything that a customer said or did. Ordinals of orders go on."""
    return ShopState(
        shop.at,
        placed=shop.placed,
        orders=shop.orders,
        left=shop.left,
        taken=shop.taken,
        next_number=shop.next_number,
        calls=shop.calls,
        moves=shop.moves,
        bookings=shop.bookings,
    )
