"""Read answers of Razorpay's API into the same facts that webhooks give. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from payments.ledger.facts import EntityType, Fact, FactState
from payments.razorpay.entities import Entity, UnusableError, fact, of_refunded
from payments.shop.orders import LinkStatus

Reading: TypeAlias = tuple[tuple[Fact, ...], tuple[str, ...]]
"""Facts, and the problems of entities that could not be read: for people, without values."""

_LINK: Final[Mapping[str, FactState]] = {
    LinkStatus.PAID: FactState.PAID,
    LinkStatus.EXPIRED: FactState.EXPIRED,
    LinkStatus.CANCELLED: FactState.CANCELLED,
}
"""A link's final status, and the state that its webhooks give it. In other statuses it can still be paid."""
_PAYMENT: Final = {
    "authorized": FactState.AUTHORIZED,
    "captured": FactState.CAPTURED,
    "refunded": FactState.CAPTURED,
    "failed": FactState.FAILED,
}
"""A payment's status, and the state that its webhooks give it. Other statuses give no fact."""
_REFUND: Final = {
    "pending": FactState.CREATED,
    "processed": FactState.PROCESSED,
    "failed": FactState.FAILED,
}


def link_facts(link: Entity, order_key: str) -> Reading:
    """Return the fact that a payment link has ended, if it is `paid`, `expired` or `cancelled`."""

    def to_fact(link: Entity) -> Fact | None:
        status = _status(link)
        if status not in _LINK:
            return None
        return fact(EntityType.PAYMENT_LINK, _LINK[status], link, order_key)

    return _read(EntityType.PAYMENT_LINK, [link], to_fact)


def payment_facts(payments: Iterable[Any], order_key: str, link_id: str) -> Reading:
    """Return the facts of the payments made on a link. The detail of each holds the link's id.

    Razorpay calls a payment `refunded` that was captured before, and also one that never was (then its
    `captured` is false). The latter gives no fact: only its refunds do.
    """

    def to_fact(payment: Entity) -> Fact | None:
        status = _status(payment)
        if status not in _PAYMENT or (status == "refunded" and payment.get("captured") is False):
            return None
        return fact(EntityType.PAYMENT, _PAYMENT[status], payment, order_key, link_id)

    return _read(EntityType.PAYMENT, payments, to_fact)


def refund_facts(refunds: Iterable[Any], payment: Entity, order_key: str) -> Reading:
    """Return the facts of the refunds of `payment`, an entity with at least an `id`."""

    def to_fact(refund: Entity) -> Fact:
        status = _status(refund)
        if status not in _REFUND:
            raise UnusableError("status is unknown")
        if refund.get("payment_id") != payment["id"]:
            raise UnusableError("payment_id is not the payment that was asked about")
        return of_refunded(fact(EntityType.REFUND, _REFUND[status], refund, order_key), payment)

    return _read(EntityType.REFUND, refunds, to_fact)


def _read(kind: EntityType, entities: Iterable[Any], to_fact: Callable[[Entity], Fact | None]) -> Reading:
    facts: list[Fact] = []
    problems: list[str] = []
    for entity in entities:
        try:
            converted = to_fact(entity if isinstance(entity, Mapping) else {})
        except UnusableError as problem:
            problems.append(f"{kind}: {problem}")
        else:
            facts += [converted] if converted else []
    return tuple(facts), tuple(problems)


def _status(entity: Entity) -> str:
    status = entity.get("status")
    return status if isinstance(status, str) else ""
