"""Cards: an order that is paid in the chat. When there can be one, what it shows, and when it is over. Pure.

A card is an attempt like a link. It can be paid from the moment in which a message shows it, so it is made in
the step that says that message, and named by its own reference id from then on.
"""

from collections.abc import Collection
from typing import Final

from flows.document.shape import text_in
from flows.messages.payment import Bill, BillLine
from payments.ledger.state import OrderState
from payments.shop.catalogue import Shop
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import Attempt, Order
from payments.shop.states import STATES
from payments.shop.whatsapp_pay import WhatsAppPay, switch_of

LONGEST_REFERENCE: Final = 35
"""Characters of the reference id of a card. Source: Meta, Payments API India, "Order details"."""
GRACE: Final = 60_000
"""Milliseconds after the end of a card's time in which its payment may still be seen for the first time."""
_INDIA: Final = "91"


def possible(state: OrderState, shop: Shop, phone: str, off: Collection[str]) -> bool:
    """Return whether the customer can be given a card for the order.

    Not outside India, nor while Meta says that the configuration is out of use. One card for an order: who
    had one gets a link. A card shows all of an order, so there is none once a part was taken away or paid.
    """
    terms = shop.whatsapp_pay
    if terms is None or switch_of(terms.configuration) in off or not phone.startswith(_INDIA):
        return False
    had_card = any(attempt.is_card for attempt in state.attempts)
    whole = state.owed == state.order.total and not state.balance.payments
    return whole and not had_card and _can_be_delivered(state.to, terms)


def _can_be_delivered(to: Destination, terms: WhatsAppPay) -> bool:
    """Return whether Meta can be told where the goods go. It asks for that if they are delivered."""
    return to.how is not Fulfilment.DELIVERY or bool(terms.city and to.pincode and to.address)


def is_over(card: Attempt, now: int) -> bool:
    """Return whether the card's time is over, so that nobody can begin to pay it."""
    return card.expires_at + GRACE <= now


def bill(order: Order, card: Attempt, shop: Shop) -> Bill | None:
    """Return what the card shows of an order, as it was placed; None if the shop has no cards any more."""
    terms = shop.whatsapp_pay
    if terms is None or len(card.reference_id) > LONGEST_REFERENCE:
        return None
    return Bill(
        reference=card.reference_id,
        order=order.key,
        configuration=terms.configuration,
        expires_at=card.expires_at,
        lines=tuple(BillLine(line.sku, line.name, line.price, line.quantity) for line in order.lines),
        goods=order.goods,
        discount=order.discount,
        discount_name=order.terms.coupon,
        delivery=order.delivery,
        total=order.total,
        catalogue=terms.catalogue,
        origin=terms.origin.told if terms.origin else (),
        address=_address(order.to, shop, terms),
    )


def closing_words(shop: Shop, language: str) -> str:
    """Return what customers read when a card is closed."""
    terms = shop.whatsapp_pay or WhatsAppPay(configuration="-")
    return text_in(terms.closed, language, language)


def _address(to: Destination, shop: Shop, terms: WhatsAppPay) -> tuple[str, ...]:
    """Return name, address, town, state and pincode of where the goods go; empty if nobody brings them."""
    if to.how is not Fulfilment.DELIVERY:
        return ()
    code = to.state or (shop.gst.state if shop.gst else "")
    return (to.name, to.address, terms.city, STATES.get(code) or STATES.get(terms.state, ""), to.pincode)
