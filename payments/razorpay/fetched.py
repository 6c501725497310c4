"""What Razorpay answers when it is asked how things stand, read into the facts that webhooks tell. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from payments.ledger.facts import Fact
from payments.razorpay.entities import Entity, UnusableError, fact, of_refunded
from payments.shop.orders import LINK_STATUSES

Reading: TypeAlias = tuple[tuple[Fact, ...], tuple[str, ...]]
"""Facts, and what could not be read: for people, holds no values."""

_PAYMENT: Final = {
    "authorized": "authorized",
    "captured": "captured",
    "refunded": "captured",
    "failed": "failed",
}
"""A payment's status as the state that its own webhooks tell; others tell nothing."""
_REFUND: Final = {"pending": "created", "processed": "processed", "failed": "failed"}


def link_facts(link: Entity, order_key: str) -> Reading:
    """That a payment link has ended, if it has: `paid`, `expired` or `cancelled`."""

    def ended(link: Entity) -> Fact | None:
        status = _status(link)
        return fact("payment_link", status, link, order_key) if status in LINK_STATUSES else None

    return _read("payment_link", [link], ended)


def payment_facts(payments: Iterable[Any], order_key: str, link_id: str) -> Reading:
    """How the payments made on a link stand; the link's id is in the detail of each.

    Razorpay calls a payment `refunded` that was captured before, and also one that never was (it says
    so in `captured`): of that one, only the refunds tell something.
    """

    def stands(payment: Entity) -> Fact | None:
        status = _status(payment)
        if status not in _PAYMENT or (status == "refunded" and payment.get("captured") is False):
            return None
        return fact("payment", _PAYMENT[status], payment, order_key, link=link_id)

    return _read("payment", payments, stands)


def refund_facts(refunds: Iterable[Any], payment: Entity, order_key: str) -> Reading:
    """How the refunds of `payment` stand, an entity of which at least the id is known."""

    def stands(refund: Entity) -> Fact:
        status = _status(refund)
        if status not in _REFUND:
            raise UnusableError("status is unknown")
        if refund.get("payment_id") != payment["id"]:
            raise UnusableError("payment_id is not the payment that was asked about")
        return fact("refund", _REFUND[status], refund, order_key, **of_refunded(payment))

    return _read("refund", refunds, stands)


def _read(kind: str, entities: Iterable[Any], reads: Callable[[Entity], Fact | None]) -> Reading:
    found: list[Fact] = []
    problems: list[str] = []
    for entity in entities:
        try:
            told = reads(entity if isinstance(entity, Mapping) else {})
        except UnusableError as problem:
            problems.append(f"{kind}: {problem}")
        else:
            found += [told] if told else []
    return tuple(found), tuple(problems)


def _status(entity: Entity) -> str:
    status = entity.get("status")
    return status if isinstance(status, str) else ""
