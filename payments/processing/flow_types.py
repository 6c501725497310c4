"""The types of what flows read of a shop: which fields are sums, which are one of few words. Pure.

`munshi check` compares with them. What is not named here has the type of its sample (`views.sample`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from flows.engine.model import Flow
from flows.templates import types
from flows.templates.types import MONEY, NUMBER, TEXT, TRUTH, UNKNOWN, ListOf, Record, Type, Types, words
from payments.ledger.state import PaymentStatus
from payments.ledger.unfinished import Unfinished
from payments.processing import views
from payments.shop.budgets import TOO_MANY
from payments.shop.checkout import CheckoutField
from payments.shop.consent import Hears
from payments.shop.coupons import CouponFault
from payments.shop.fulfilment import Stage
from payments.shop.handover import Ending
from payments.shop.order_terms import Fulfilment
from payments.shop.slots import SlotFault
from payments.shop.staff import CUSTOMER

_SUMS: Final = (
    "price",
    "total",
    "goods",
    "discount",
    "delivery",
    "gst",
    "short",
    "fee",
    "owed",
    "due",
    "minimum",
)
"""Fields that are paise, wherever they stand."""
_NEEDS: Final = ("", "address", "slot")
_PUT: Final = ("limit", "sold out", "unknown", "choose variant")
_CHECKOUT_REASONS: Final = (
    *(
        "no address",
        "a question",
        "too short",
        "too long",
        "no pincode",
        "not served",
        "no pickup",
        "unknown",
    ),
    *get_args(SlotFault),
    *get_args(CouponFault),
)
_REASONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("cart.add", "cart.refused"): _PUT,
    ("cart.set", "cart.refused"): _PUT,
    ("cart.repeat", "cart.refused"): ("no order", "sold out"),
    ("cart.fill", "order.refused"): ("unknown", "choose variant", "sold out"),
    ("order.place", "order.refused"): (
        *("sold out", "empty", "below minimum", "closed", "changed", "too small", TOO_MANY),
    ),
    ("order.rate", "order.refused"): ("not delivered", "rated before", "no rating"),
    ("order.cancel", "order.refused"): ("nothing to cancel", "too late"),
    ("payment.cash", "order.refused"): ("nothing to pay", "no cash"),
    ("payment.request", "order.refused"): (
        *("nothing to pay", "order sold out", "changed", TOO_MANY),
        *get_args(SlotFault),
    ),
    ("payment.check", "order.refused"): ("nothing to pay",),
}
"""(action, event) -> why the action may be refused."""


def _reasons_of(event: str) -> set[str]:
    return {reason for (_, raised), reasons in _REASONS.items() if raised == event for reason in reasons}


def of(statics: Mapping[str, Any]) -> Types:
    """Return the types of a shop's names, events and arguments."""
    shop = statics["shop"]
    skus = words({"", *shop["product"]}, "sku")
    special = {**_SPECIAL, "sku": skus, "category": words({"", *shop["category"]}, "category")}
    sample = views.sample(statics)
    names = {name: types.type_of(value, special, statics.get(name)) for name, value in sample.items()}
    names["customer"] = Record(
        {"name": TEXT, "phone": TEXT, "hears": words((str(one) for one in Hears), "way of hearing")}
    )
    names["order"] = _without(names["order"], shop["keeps"])
    arguments = dict.fromkeys((("cart.add", "sku"), ("cart.set", "sku"), ("cart.remove", "sku")), skus)
    return Types(names, EVENTS, OUTCOMES, arguments, frozenset({"money"}))


def _without(order: Type, kept: Iterable[str]) -> Type:
    """Return the type of an order in which nothing is known of what the shop keeps with it."""
    assert isinstance(order, Record)
    return Record({**order.fields, **dict.fromkeys(kept, UNKNOWN)})


_SPECIAL: Final[Mapping[str, Type]] = {
    **dict.fromkeys(_SUMS, MONEY),
    "status": words({"", *(str(one) for one in PaymentStatus)}, "status"),
    "stage": words({"", *(str(one) for one in Stage)}, "stage"),
    "how": words((str(one) for one in Fulfilment), "way of delivery"),
    "needs": words(_NEEDS, "answer that is asked for"),
}
_BACK: Final = {"amount": MONEY, "by_hand": MONEY}
_PERSON: Final = {"refund": MONEY, "by_hand": MONEY}


_NAMES_OF_SUMS: Final = frozenset({*_SUMS, *_BACK, *_PERSON, "limit", "not_back"})


def guards_read_sums(flow: Flow) -> bool:
    """Return whether a guard, `never:` or `always:` reads an amount of money, so that prices may decide."""
    read = (path for one in flow.written if one.is_guard for path in one.reads)
    return any(not _NAMES_OF_SUMS.isdisjoint(path[1:]) for path in read)


def _refused(reasons: Iterable[str], limit: Type, maybe: Iterable[str] = (), **more: Type) -> Record:
    fields = {"reason": words(reasons, "reason"), "limit": limit, **more}
    return Record(fields, frozenset(maybe))


EVENTS: Final[Mapping[str, Record]] = {
    "checkout.refused": _refused(
        _CHECKOUT_REASONS, MONEY, field=words((str(one) for one in CheckoutField), "field")
    ),
    "order.refused": _refused(
        _reasons_of("order.refused"), MONEY, ["limit", "again", "wait"], again=TEXT, wait=NUMBER
    ),
    "cart.refused": _refused(_reasons_of("cart.refused"), NUMBER, ["gone"], gone=ListOf(TEXT)),
    "cart.emptied": Record(),
    "cart.incomplete": Record({"gone": ListOf(TEXT), "less": ListOf(TEXT)}),
    "order.stage": Record(
        {
            "stage": words((str(one) for one in Stage if one is not Stage.PLACED), "stage"),
            "by": TEXT,
            **_PERSON,
            "invoice": TEXT,
            "credit_note": TEXT,
        }
    ),
    "order.amended": Record(
        {"items": TEXT, "amount": MONEY, **_PERSON, "why": TEXT, "address": TEXT, "credit_note": TEXT}
    ),
    "order.requested": Record(
        {"items": UNKNOWN, "pays": words(("online", "cash"), "way to pay")}, is_open=True
    ),
    "payment_link.created": Record({"short_url": TEXT}),
    "payment_link.refused": Record({"reason": TEXT, "again": TRUTH}),
    "payment_link.expired": Record(),
    "payment_link.cancelled": Record(),
    "payment.authorized": Record(),
    "payment.released": Record(),
    "payment.captured": Record({"amount": MONEY, "method": TEXT, "by": TEXT, "late": TRUTH}),
    "payment.taken": Record({"amount": MONEY, "due": MONEY, "method": TEXT, "by": TEXT}),
    "payment.undone": Record({"amount": MONEY, "not_back": MONEY, "due": MONEY}),
    "payment.short": Record({"amount": MONEY, "due": MONEY}),
    "payment.held": Record({"amount": MONEY}),
    "payment.surplus": Record(_BACK),
    "payment.returned": Record(_BACK),
    "payment.failed": Record({"reason": TEXT, "description": TEXT}),
    "payment.not_found": Record(),
    "payment.asked_lately": Record(),
    "customer.refused": Record({"reason": words((str(one) for one in Unfinished), "reason"), "number": TEXT}),
    "handover.opened": Record(),
    "handover.ended": Record({"because": words((str(one) for one in Ending), "reason")}),
    "refund.created": Record(_BACK),
    "refund.processed": Record(_BACK),
    "refund.failed": Record(_BACK),
}
"""Fields of `event`, by the name of the event."""
OUTCOMES: Final[Mapping[tuple[str, str], Record]] = {
    **{(action, event): _refused(reasons, UNKNOWN) for (action, event), reasons in _REASONS.items()},
    ("order.cancel", "order.stage"): Record(
        {"stage": words([str(Stage.CANCELLED)], "stage"), "by": words([CUSTOMER], "person")}
    ),
}
"""(action, event) -> fields of `event` as the action raises it."""
