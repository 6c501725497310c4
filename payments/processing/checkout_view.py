"""What templates and guards read of the price and the checkout: `cart`'s sums, `checkout`, opening hours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flows.document.shape import text_in
from flows.document.words import normalise
from flows.templates.lookups import LookupTable
from payments.processing.quoting import Quote, slots_taken
from payments.processing.shop_state import ShopState
from payments.shop import hours, slots
from payments.shop.local_time import local_date, local_time, show_time
from payments.shop.order_terms import Fulfilment
from payments.shop.slots import SlotChoice, day_name
from payments.shop.spelling import is_near

NO_SUMS: Final[Mapping[str, Any]] = {
    "goods": 0,
    "discount": 0,
    "delivery": 0,
    "total": 0,
    "gst": 0,
    "coupon": "",
    "short": 0,
    "cash": False,
}
"""The sums of an empty cart, in paise. `short` is what is missing to the minimum of an order."""
_NO_SLOT: Final[Mapping[str, Any]] = {"id": "", "name": "", "title": "", "times": "", "left": 0}
"""What `checkout.called[…]` reads for a text that means no slot."""
_SHORTEST_WORD: Final = 3
"""Letters of a beginning that stands for its word: `eve` for Evening."""
NO_CHECKOUT: Final[Mapping[str, Any]] = {
    "how": "",
    "address": "",
    "pincode": "",
    "recipient": "",
    "slot": "",
    "note": "",
    "coupon": "",
    "fee": 0,
    "needs": "",
    "has_slots": False,
    "slots": [],
    "called": LookupTable({"": _NO_SLOT}, _NO_SLOT),
    "pickup": False,
}
"""The view of a checkout in which nothing is said."""
SLOT: Final[Mapping[str, Any]] = {
    "id": "2026-11-30.lunch",
    "name": "Mon 30 Nov, Lunch 12:00-14:00",
    "title": "Mon 30 Nov, Lunch",
    "times": "12:00-14:00",
    "left": 1,
}
"""A slot as a list shows it, for the check of templates."""


def sums(state: ShopState, language: str) -> dict[str, Any]:
    """Return the sums of the customer's cart."""
    quote = Quote(state, language)
    coupon = quote.usable_coupon
    return {
        "goods": quote.goods,
        "discount": quote.price.discount,
        "delivery": quote.price.delivery,
        "total": quote.total,
        "gst": quote.gst,
        "coupon": coupon.code if coupon else "",
        "short": max(0, quote.minimum - quote.goods),
        "cash": quote.takes_cash,
    }


def checkout(state: ShopState, language: str) -> Mapping[str, Any]:
    """Return what the customer has said about the next order, and what they can choose."""
    said, delivery = state.checkout, state.at.shop.delivery
    if delivery is None:
        to = Quote(state, language).destination
        plain = {"address": to.address, "pincode": to.pincode, "note": to.note, "coupon": said.coupon}
        return {**NO_CHECKOUT, **plain, "recipient": to.recipient}
    quote = Quote(state, language)
    choices = _choices(state, language) if delivery.slots else []
    chosen = next((choice["name"] for choice in choices if choice["id"] == said.slot), "")
    to = quote.destination
    return {
        "how": str(to.how),
        "address": to.address,
        "pincode": to.pincode,
        "recipient": to.recipient,
        "slot": chosen,
        "note": said.note,
        "coupon": said.coupon,
        "fee": quote.fee,
        "needs": _needs(to.how, quote, bool(delivery.slots), bool(chosen)),
        "has_slots": bool(delivery.slots),
        "slots": choices,
        "called": _Called(choices),
        "pickup": delivery.pickup,
    }


def _needs(how: Fulfilment, quote: Quote, has_slots: bool, chosen: bool) -> str:
    """Return what the customer has still to say: `address`, `slot`, or nothing."""
    if how is Fulfilment.NONE or (how is Fulfilment.DELIVERY and quote.area is None):
        return "address"
    return "slot" if has_slots and not chosen else ""


class _Called(LookupTable):
    """The slot that a typed text means: `morning`, `tomorrow eve`. If several, the titles of all of them."""

    def __init__(self, choices: Sequence[Mapping[str, Any]]) -> None:
        super().__init__({"": _NO_SLOT}, _NO_SLOT)
        self._choices = choices

    def __missing__(self, text: str) -> Mapping[str, Any]:
        typed = normalise(text).split()
        if not any(len(word) >= _SHORTEST_WORD and not word.isdigit() for word in typed):
            return _NO_SLOT
        found = self._with(typed, _means) or self._with(typed, is_near)
        if len(found) > 1:
            return {**_NO_SLOT, "title": " / ".join(slot["title"] for slot in found)}
        return found[0] if found else _NO_SLOT

    def _with(self, typed: Sequence[str], means: Callable[[str, str], bool]) -> list[Mapping[str, Any]]:
        """Return the slots whose name has each typed word, as it is or as `means` says."""
        return [
            slot
            for slot in self._choices
            if all(any(one == word or means(one, word) for word in _words(slot)) for one in typed)
        ]


def _words(slot: Mapping[str, Any]) -> list[str]:
    return normalise(slot["name"]).split()


def _means(typed: str, word: str) -> bool:
    """Whether `typed` begins `word`."""
    return len(typed) >= _SHORTEST_WORD and word.startswith(typed)


def _choices(state: ShopState, language: str) -> list[Mapping[str, Any]]:
    at = state.at
    assert at.shop.delivery is not None
    found = slots.slots_at(at.shop.delivery, at.shop.hours, at.shop.timezone, at.now, slots_taken(state))
    return [_slot(choice, state, language) for choice in found]


def _slot(choice: SlotChoice, state: ShopState, language: str) -> Mapping[str, Any]:
    today = local_date(state.at.shop.timezone, state.at.now)
    day = day_name(choice.day, today, language)
    return {
        "id": choice.id,
        "name": slots.slot_name(choice.slot, choice.day, today, language, language),
        "title": f"{day}, {text_in(choice.slot.name, language, language)}",
        "times": str(choice.slot.at),
        "left": -1 if choice.left is None else choice.left,
    }


def opening(state: ShopState, language: str) -> dict[str, Any]:
    """Return whether the shop is open, and when it opens next, as people read it; empty if it is open."""
    shop, now = state.at.shop, state.at.now
    if shop.hours is None or hours.is_open(shop.hours, shop.timezone, now):
        return {"open": True, "opens_at": ""}
    opens = hours.opens_at(shop.hours, shop.timezone, now)
    if opens is None:
        return {"open": False, "opens_at": ""}
    day, minute = local_time(shop.timezone, opens)
    shown = day_name(day, local_date(shop.timezone, now), language)
    return {"open": False, "opens_at": f"{shown} {show_time(minute)}"}
