"""What a shop demands of its flow: which events must be answered, and which come late. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flows.engine.vocabulary import Action, Late
from payments.shop.catalogue import Shop

_CHECKOUT_REFUSED: Final = "checkout.refused"
_DAY: Final = 24 * 3_600_000
_DAYS_LATER: Final = Late("days later")
_OF_MONEY: Final = (
    "refund.created",
    "refund.processed",
    "refund.failed",
    "payment.returned",
    "payment.released",
)
"""Events of money that banks take days for."""
_OF_A_LINK: Final = ("payment.captured", "payment.failed", "payment_link.expired")
_OF_GOODS: Final = {"order.stage": Late("days later", {"by": "customer"}), "order.amended": _DAYS_LATER}


def kept(sections: Mapping[str, Any]) -> Iterable[str]:
    """Return the variables whose values are frozen into each order."""
    shop: Shop = sections["shop"]
    return shop.keeps


def late(sections: Mapping[str, Any]) -> Mapping[str, Late]:
    """Return the events that may come a day or more after the customer last wrote."""
    shop: Shop = sections["shop"]
    found = dict.fromkeys(_OF_MONEY, _DAYS_LATER)
    if shop.payment_link_life >= _DAY:
        found |= dict.fromkeys(_OF_A_LINK, _DAYS_LATER)
    if shop.delivery and shop.delivery.slots and shop.delivery.ahead:
        found |= _OF_GOODS
    if shop.handover.quiet >= _DAY:
        found["handover.ended"] = _DAYS_LATER
    return found


def to_answer(action: Action, args: Mapping[str, Any], sections: Mapping[str, Any]) -> Iterable[str]:
    """Yield the events that an action raises in this shop sooner or later, so that they must be answered."""
    shop: Shop = sections["shop"]
    for event in action.events:
        puts_in = isinstance(args.get("quantity"), int) and args["quantity"] > 0
        if event == "cart.emptied" and puts_in:
            continue
        if event != _CHECKOUT_REFUSED or _may_refuse_checkout(action, args, shop):
            yield event


def _may_refuse_checkout(action: Action, args: Mapping[str, Any], shop: Shop) -> bool:
    """Return whether what customers say about the next order may be refused in this shop."""
    if not {"address", "slot", "coupon"} <= action.args.model_fields.keys():
        return shop.delivery is not None or bool(shop.coupons)
    return "coupon" in args or (shop.delivery is not None and bool({"address", "slot", "pickup"} & set(args)))
