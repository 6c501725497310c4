"""The staff change where an order goes, and what is noted with it, under the rules for customers. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from payments.processing import order_changes
from payments.processing.checkout_changes import say
from payments.processing.order_changes import NotPossible
from payments.processing.order_request import Request
from payments.processing.turn import Trace
from payments.shop.checkout import LONGEST_ADDRESS, Checkout, CheckoutFault, CheckoutField
from payments.shop.delivery import area_of, fee_of
from payments.shop.money import money
from payments.shop.orders import Lifecycle


def change_address(request: Request) -> Trace:
    """`address <new address>`: for the same price."""
    _require_somebody(request)
    if not request.words:
        raise NotPossible("say the new address")
    said = _said(request, CheckoutField.ADDRESS)
    to = replace(request.state.to, address=said.address, pincode=said.pincode)
    _require_same_price(request, to.pincode)
    return order_changes.send_elsewhere(request.turn, request.state, to, request.who)


def change_note(request: Request) -> Trace:
    """`note <text>`: in place of what the customer wrote."""
    _require_somebody(request)
    to = replace(request.state.to, note=_said(request, CheckoutField.NOTE).note)
    return order_changes.send_elsewhere(request.turn, request.state, to, request.who)


def _require_same_price(request: Request, pincode: str) -> None:
    """Raise NotPossible if the order would not be delivered there at its price, or not for cash."""
    delivery, state = request.turn.shop.at.shop.delivery, request.state
    if delivery is None or not delivery.areas:
        return
    old = area_of(delivery, state.to.pincode) if state.to.pincode else None
    new = area_of(delivery, pincode)
    goods = state.order.goods
    if old is None or new is None or (fee_of(new, goods), new.state) != (fee_of(old, goods), old.state):
        raise NotPossible("delivery there has another price: cancel the order, and let them order anew")
    if goods < new.minimum:
        raise NotPossible(f"an order there must come to {money(new.minimum)} at least")
    if state.lifecycle is Lifecycle.PROMISED and not new.cash:
        raise NotPossible("no cash is taken there: cancel the order, and let them pay online")


def _require_somebody(request: Request) -> None:
    """Raise NotPossible if the customer was forgotten: their order gets no personal data again."""
    if request.turn.forgotten:
        raise NotPossible("the customer was forgotten: there is nobody to bring it to")


def _said(request: Request, field: CheckoutField) -> Checkout:
    """Return the checkout in which the customer had said the words of the request."""
    turn = request.turn
    found = say(turn.shop, {str(field): " ".join(request.words)}, turn.conversation.language)
    if isinstance(found, CheckoutFault):
        raise NotPossible(_FAULTS[found.reason])
    return found.checkout


_FAULTS: Final[Mapping[str, str]] = {
    "a question": "that asks something, and has no number",
    "too short": "that is too short for an address",
    "too long": f"that is too long: it is at most {LONGEST_ADDRESS} characters",
    "no pincode": "the address has no pincode",
    "not served": "the shop does not deliver there",
}
