"""What a customer, or a program for them, says about the next order: taken or refused. Pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flows.document.words import visible
from flows.engine.variables import Variable, parse
from payments.processing.quoting import Quote, slot_fault
from payments.processing.shop_state import ShopState
from payments.shop import coupons
from payments.shop.checkout import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_NOTE,
    SHORTEST_ADDRESS,
    Checkout,
    CheckoutFault,
    CheckoutField,
)
from payments.shop.delivery import area_of
from payments.shop.order_terms import Fulfilment
from payments.shop.pincodes import lone_pincode, pincode_of, with_pincode

REQUESTED: Final = ("address", "pickup", "slot", "coupon", "note")
"""What an order that is asked for over the API may say about itself. Who fetches the goods may give an
address too, so that comes first."""
SAID: Final = (*REQUESTED, "name", "phone")
"""What a customer may say. Name and phone belong to the address, so they follow it."""


def say(state: ShopState, said: Mapping[str, Any], language: str) -> ShopState | CheckoutFault:
    """Return the state in which the customer said `said`: any of SAID. Or why one cannot be used.

    What was said before the refused field is lost with it: the caller decides on all of it together.
    """
    for name in SAID:
        if name not in said:
            continue
        found = _CHANGES[name](state, said[name], language)
        if isinstance(found, CheckoutFault):
            return found
        state = found
    return state


def joined(before: Checkout, given: str) -> str:
    """Return the address that a customer gives with what they said before.

    A pincode alone belongs to the address before it. An address without one takes the pincode that was sent
    alone before it, if it may be one by itself: `evening` is too short, `is it without eggs?` a question.
    """
    text, unfinished = _one_line(given), before.unfinished
    if pincode := lone_pincode(text):
        address = unfinished or before.address
        return text if not address or lone_pincode(address) else with_pincode(address, pincode)
    may_be_one = len(visible(text)) >= SHORTEST_ADDRESS and not _is_question(text)
    earlier = lone_pincode(unfinished) if may_be_one else None
    return with_pincode(text, earlier) if earlier and pincode_of(text) is None else text


def in_its_place(state: ShopState) -> ShopState:
    """Return the state in which the next order takes the slot and the note of one that can still be paid.

    It takes that order's place, so what was said for it holds until the customer says otherwise: only once,
    before they are shown the price of the next.
    """
    order, said = state.order, state.checkout
    if order is None or not order.open_to_pay or said.quoted:
        return state
    to = order.order.to
    slot = "" if slot_fault(state, to.slot) else to.slot
    return state.saying(replace(said, slot=said.slot or slot, note=said.note or to.note))


def with_unfinished(state: ShopState, address: str, fault: CheckoutFault) -> ShopState:
    """Return the state that remembers an address which `fault` refused, if it can still be completed."""
    if fault.reason in ("no pincode", "not served") or lone_pincode(address):
        return state.saying(replace(state.checkout, unfinished=address))
    return state


def without_given_up(before: ShopState, after: ShopState) -> ShopState:
    """Return `after` a move to another state without the address that was unfinished `before` it.

    Who leaves the question has given that address up: a pincode that they send later is about another one.
    """
    unfinished = after.checkout.unfinished
    if not unfinished or unfinished != before.checkout.unfinished:
        return after
    return after.saying(replace(after.checkout, unfinished=""))


def fields_of(fault: CheckoutFault) -> dict[str, str | int]:
    """Return the fields of `checkout.refused`."""
    return {"field": str(fault.field), "reason": fault.reason, "limit": fault.limit}


def _pickup(state: ShopState, wanted: Any, language: str) -> ShopState | CheckoutFault:
    delivery = state.at.shop.delivery
    if str(wanted).lower() != "true":
        how = Fulfilment.DELIVERY if state.checkout.address else Fulfilment.NONE
        return state.saying(replace(state.checkout, how=how))
    if delivery is None or not delivery.pickup:
        return CheckoutFault(CheckoutField.PICKUP, "no pickup")
    return state.saying(replace(state.checkout, how=Fulfilment.PICKUP))


def _address(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    text = _one_line(given)
    if len(text) > LONGEST_ADDRESS:
        return CheckoutFault(CheckoutField.ADDRESS, "too long")
    there = replace(state.checkout, address=text, name="", phone="", unfinished="")
    delivery = state.at.shop.delivery
    if delivery is None:
        return state.saying(replace(there, pincode=pincode_of(text) or ""))
    if _is_question(text):
        return CheckoutFault(CheckoutField.ADDRESS, "a question")
    pincode = pincode_of(text)
    served = pincode is None or area_of(delivery, pincode) is not None
    if served and len(visible(text)) < SHORTEST_ADDRESS:
        return CheckoutFault(CheckoutField.ADDRESS, "too short")
    if pincode is None:
        return CheckoutFault(CheckoutField.ADDRESS, "no pincode")
    if not served:
        return CheckoutFault(CheckoutField.ADDRESS, "not served")
    return state.saying(replace(there, how=Fulfilment.DELIVERY, pincode=pincode))


def _is_question(text: str) -> bool:
    """Whether `text` asks something. An address with a question mark in it has a number too."""
    return any(mark in text for mark in "?？") and not any(one.isdecimal() for one in text)


def _name(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    name = _one_line(given)
    if len(name) > LONGEST_NAME:
        return CheckoutFault(CheckoutField.NAME, "too long")
    return state.saying(replace(state.checkout, name=name))


def _phone(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    text = _one_line(given)
    phone = parse(Variable(type="phone"), text) if text else ""
    if phone is None:
        return CheckoutFault(CheckoutField.PHONE, "no phone number")
    return state.saying(replace(state.checkout, phone=str(phone)))


def _slot(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    slot = str(given).strip()
    if slot and (reason := slot_fault(state, slot)):
        return CheckoutFault(CheckoutField.SLOT, reason)
    return state.saying(replace(state.checkout, slot=slot))


def _coupon(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    text = str(given).strip()
    if not text:
        return state.saying(replace(state.checkout, coupon=""))
    found = coupons.find(state.at.shop.coupons, text)
    if found is None:
        return CheckoutFault(CheckoutField.COUPON, "unknown")
    changed = state.saying(replace(state.checkout, coupon=found.code))
    return Quote(changed, language).coupon_fault or changed


def _note(state: ShopState, given: Any, language: str) -> ShopState | CheckoutFault:
    note = _printable(given).strip()
    if len(note) > LONGEST_NOTE:
        return CheckoutFault(CheckoutField.NOTE, "too long")
    return state.saying(replace(state.checkout, note=note))


def _one_line(given: Any) -> str:
    return " ".join(_printable(given).split())


def _printable(given: Any) -> str:
    """Return `given` as text without control characters. Joiners stay: Indian scripts need them."""
    return "".join(c for c in str(given) if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))


_CHANGES: Final = {
    "pickup": _pickup,
    "address": _address,
    "slot": _slot,
    "coupon": _coupon,
    "note": _note,
    "name": _name,
    "phone": _phone,
}
