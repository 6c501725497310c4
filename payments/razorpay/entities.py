"""Read one entity of Razorpay (a payment, a link, a refund, …) into a fact. Pure.

Webhooks and API answers carry the same entities, so both give the same fact.

Source: Razorpay docs, entities of "Payments", "Orders", "Payment Links", "Refunds", "Disputes", 2026.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from payments.ledger.facts import EntityType, Fact, FactState

Entity: TypeAlias = Mapping[str, Any]

ORDER_NOTE: Final = "munshi_order"
"""Name of the note in which a payment link holds our order key. Razorpay copies it to orders and payments."""
REFUND_NOTE: Final = "munshi_refund"
"""Name of the note in which a refund holds the key of the `RefundPayment` that made it."""

MAX_INTEGER: Final = 2**63 - 1
"""Largest integer that a database can store. No amount or time is larger."""
MAX_DETAIL: Final = 500
"""Characters kept of a free text (`error_description`)."""

ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

_AMOUNT: Final = {EntityType.ORDER: "amount_paid", EntityType.PAYMENT_LINK: "amount_paid"}
_DETAIL: Final[Mapping[EntityType, tuple[str, ...]]] = {
    EntityType.PAYMENT: ("method", "error_reason", "error_description", "error_source"),
    EntityType.DISPUTE: ("payment_id",),
}


class UnusableError(Exception):
    """A field is missing or malformed. The message names the field and holds no value."""


def fact(kind: EntityType, state: FactState, entity: Entity, order_key: str, **detail: str) -> Fact:
    """Return the fact that `entity`, a `kind`, is in `state`. `detail` is added to the entity's own detail.

    A refund's detail always has `payment_id`, and `key` if the refund names the key that made it. Raises
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
    """Return the keys that a refund says it was made with, the more reliable one first."""
    candidates = (notes(refund).get(REFUND_NOTE), refund.get("receipt"))
    return tuple(key for key in candidates if isinstance(key, str) and key)


def of_refunded(payment: Entity) -> dict[str, str]:
    """Return what the facts of a payment's refunds add to their detail.

    Razorpay itself refunds a payment that was authorised and never captured. That money was never ours:
    `captured` is "false" then.
    """
    return {"captured": "false"} if payment.get("captured") is False else {}


def notes(entity: Entity) -> Entity:
    """Return the notes of an entity; empty if it has none."""
    value = entity.get("notes")
    # An entity without notes has `[]` (PHP's empty map) or null here.
    return value if isinstance(value, Mapping) else {}


def text(value: object, pattern: re.Pattern[str]) -> str | None:
    """Return `value` if it is a string that matches `pattern`, else None."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def required(entity: Entity, name: str, pattern: re.Pattern[str]) -> str:
    """Return the string in this field. Raises UnusableError if it is missing or does not match `pattern`."""
    value = text(entity.get(name), pattern)
    if value is None:
        raise UnusableError(f"{name} is missing or malformed")
    return value


def _id(kind: EntityType, entity: Entity) -> str:
    id = required(entity, "id", ID)
    # One serialiser of payment_link.paid writes the order's id bare.
    return f"order_{id.removeprefix('order_')}" if kind is EntityType.ORDER else id


def _detail(kind: EntityType, entity: Entity) -> dict[str, str]:
    if kind is EntityType.REFUND:
        payment, keys = {"payment_id": required(entity, "payment_id", ID)}, refund_keys(entity)
        return {**payment, "key": _printable(keys[0])} if keys else payment
    fields = ((name, entity.get(name)) for name in _DETAIL.get(kind, ()))
    detail = {name: _printable(value) for name, value in fields if isinstance(value, str) and value}
    return detail | _fee(entity) if kind is EntityType.PAYMENT else detail


def _fee(payment: Entity) -> dict[str, str]:
    """Return the detail of a payment's fee, which is null before the capture.

    Few events name the bearer of the fee. It is kept only if it is the customer.
    """
    fee = {"fee": str(_integer(payment, "fee"))} if payment.get("fee") else {}
    return fee | {"fee_bearer": "customer"} if payment.get("fee_bearer") == "customer" else fee


def _printable(text: str) -> str:
    # A NUL or a lone surrogate is legal in JSON, but databases refuse it.
    return "".join(c if c.isprintable() else " " for c in text[:MAX_DETAIL])


def _integer(entity: Entity, name: str) -> int:
    value = entity.get(name)
    if type(value) is not int:  # a bool is an int to isinstance
        raise UnusableError(f"{name} is {type(value).__name__}, not a whole number")
    if not 0 <= value <= MAX_INTEGER:
        raise UnusableError(f"{name} is out of range")
    return value
