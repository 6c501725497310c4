"""Read one entity of Razorpay (a payment, a link, a refund, …) into a fact. Pure.

Webhooks and API answers carry the same entities, so both give the same fact.

Source: Razorpay docs, entities of "Payments", "Orders", "Payment Links", "Refunds", "Disputes", 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias, assert_never

from payments.ledger.facts import Detail, EntityType, Fact, FactState

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


class UnusableError(Exception):
    """A field is missing or malformed. The message names the field and holds no value."""


def fact(kind: EntityType, state: FactState, entity: Entity, order_key: str, link_id: str = "") -> Fact:
    """Return the fact that `entity`, a `kind`, is in `state`. `link_id`: a payment's link, if it is known.

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
        detail=_detail(kind, entity, link_id),
    )


def refund_keys(refund: Entity) -> tuple[str, ...]:
    """Return the keys that a refund says it was made with, the more reliable one first."""
    candidates = (notes(refund).get(REFUND_NOTE), refund.get("receipt"))
    return tuple(key for key in candidates if isinstance(key, str) and key)


def of_refunded(refund: Fact, payment: Entity) -> Fact:
    """Return the fact of a refund, with whether its `payment` was captured.

    Razorpay itself refunds a payment that was authorised and never captured. That money was never ours.
    """
    return replace(refund, detail=replace(refund.detail, captured=payment.get("captured") is not False))


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


def _detail(kind: EntityType, entity: Entity, link_id: str) -> Detail:
    match kind:
        case EntityType.PAYMENT:
            return Detail(
                link=link_id,
                fee=_integer(entity, "fee") if entity.get("fee") else None,
                payer_bears_fee=entity.get("fee_bearer") == "customer",
                method=_printable(entity.get("method")),
                error_reason=_printable(entity.get("error_reason")),
                error_description=_printable(entity.get("error_description")),
                error_source=_printable(entity.get("error_source")),
            )
        case EntityType.REFUND:
            keys = (*refund_keys(entity), "")
            return Detail(payment_id=required(entity, "payment_id", ID), key=_printable(keys[0]))
        case EntityType.DISPUTE:
            return Detail(payment_id=_printable(entity.get("payment_id")))
        case EntityType.PAYMENT_LINK | EntityType.ORDER:
            return Detail()
        case _:
            assert_never(kind)


def _printable(value: object) -> str:
    """Return a free text, cut to `MAX_DETAIL`; empty if `value` is none."""
    # A NUL or a lone surrogate is legal in JSON, but databases refuse it.
    text = value[:MAX_DETAIL] if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text)


def _integer(entity: Entity, name: str) -> int:
    value = entity.get(name)
    if type(value) is not int:  # a bool is an int to isinstance
        raise UnusableError(f"{name} is {type(value).__name__}, not a whole number")
    if not 0 <= value <= MAX_INTEGER:
        raise UnusableError(f"{name} is out of range")
    return value
