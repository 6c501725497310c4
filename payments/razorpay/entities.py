"""One entity of Razorpay (a payment, a link, a refund, …), read into a fact. Pure.

Webhooks and answers carry the same entities, so whichever comes first tells the same fact.

Source: Razorpay docs, entities of "Payments", "Orders", "Payment Links", "Refunds", "Disputes", 2026.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from payments.ledger.facts import Fact

Entity: TypeAlias = Mapping[str, Any]

ORDER_NOTE: Final = "munshi_order"
"""The note of a payment link that names our order; Razorpay copies it to its orders and payments."""
REFUND_NOTE: Final = "munshi_refund"
"""The note of a refund that holds the key of the `RefundPayment` that made it."""

MAX_INTEGER: Final = 2**63 - 1
"""What a database can keep; a larger amount or time is nonsense."""
MAX_DETAIL: Final = 500
"""Characters kept of a free text (`error_description`)."""

ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

_AMOUNT: Final = {"order": "amount_paid", "payment_link": "amount_paid"}
_DETAIL: Final[Mapping[str, tuple[str, ...]]] = {
    "payment": ("method", "error_reason", "error_description", "error_source"),
    "dispute": ("payment_id",),
}


class UnusableError(Exception):
    """A field is not what its fact needs. Names the field, holds no value."""


def fact(kind: str, state: str, entity: Entity, order_key: str, **detail: str) -> Fact:
    """That `entity`, a `kind`, is in `state`. `detail` is added to what the entity itself says.

    A refund's fact has `payment_id` in its detail always, and `key` if it says what made it. Raises
    UnusableError.
    """
    return Fact(
        order_key=order_key,
        entity=kind,
        entity_id=_id(kind, entity),
        state=state,
        amount=_integer(entity, _AMOUNT.get(kind, "amount")),
        currency=required(entity, "currency", _CURRENCY),
        at=_integer(entity, "created_at"),
        detail={**_detail(kind, entity), **detail},
    )


def refund_keys(refund: Entity) -> tuple[str, ...]:
    """The keys that a refund says it was made with, the surer one first."""
    said = (notes(refund).get(REFUND_NOTE), refund.get("receipt"))
    return tuple(key for key in said if isinstance(key, str) and key)


def of_refunded(payment: Entity) -> dict[str, str]:
    """What the facts of a payment's refunds add to their detail.

    Razorpay itself refunds a payment that was authorised and could not be captured: that money was
    never ours, and `captured` says so.
    """
    return {"captured": "false"} if payment.get("captured") is False else {}


def notes(entity: Entity) -> Entity:
    """The notes of an entity; empty if it has none."""
    found = entity.get("notes")
    # PHP's empty map: an entity without notes has `[]` or null here.
    return found if isinstance(found, Mapping) else {}


def text(value: object, pattern: re.Pattern[str]) -> str | None:
    """`value`, if it is a text of this shape."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def required(entity: Entity, name: str, pattern: re.Pattern[str]) -> str:
    """The text in this field. Raises UnusableError if it has another shape, or is missing."""
    found = text(entity.get(name), pattern)
    if found is None:
        raise UnusableError(f"{name} is missing or malformed")
    return found


def _id(kind: str, entity: Entity) -> str:
    found = required(entity, "id", ID)
    # One serialiser of payment_link.paid writes the order's id bare.
    return f"order_{found.removeprefix('order_')}" if kind == "order" else found


def _detail(kind: str, entity: Entity) -> dict[str, str]:
    if kind == "refund":
        payment, keys = {"payment_id": required(entity, "payment_id", ID)}, refund_keys(entity)
        return {**payment, "key": _printable(keys[0])} if keys else payment
    named = ((name, entity.get(name)) for name in _DETAIL.get(kind, ()))
    found = {name: _printable(value) for name, value in named if isinstance(value, str) and value}
    return found | _fee(entity) if kind == "payment" else found


def _fee(payment: Entity) -> dict[str, str]:
    """The fee, null before the capture. Few events tell who bears it: only the customer is kept."""
    fee = {"fee": str(_integer(payment, "fee"))} if payment.get("fee") else {}
    return fee | {"fee_bearer": "customer"} if payment.get("fee_bearer") == "customer" else fee


def _printable(text: str) -> str:
    # A NUL or a lone surrogate is legal in JSON and refused by databases.
    return "".join(c if c.isprintable() else " " for c in text[:MAX_DETAIL])


def _integer(entity: Entity, name: str) -> int:
    value = entity.get(name)
    if type(value) is not int:  # a bool is an int to isinstance
        raise UnusableError(f"{name} is {type(value).__name__}, not a whole number")
    if not 0 <= value <= MAX_INTEGER:
        raise UnusableError(f"{name} is out of range")
    return value
