"""What other programs of the shop hear of: the events out of one step, decided from orders before and after.

Pure. They are stored with the step and sent later, each order's in order; see docs/hooks.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from payments.ledger.balance import Captured
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import destination_from_json, destination_to_json


class EventType(StrEnum):
    """What happened. Receivers know these words: none may ever change its meaning."""

    PLACED = "order.placed"
    CONFIRMED = "order.confirmed"
    """Its goods are due: it is paid, or cash is promised."""
    STAGE = "order.stage"
    AMENDED = "order.amended"
    CAPTURED = "payment.captured"
    """A payment came to count towards the order's total. Money that only waits for a person does not."""
    REFUNDED = "refund.processed"
    OPENED = "handover.opened"
    """A person has the customer's chat."""
    ENDED = "handover.ended"
    FORGOTTEN = "customer.forgotten"


@dataclass(frozen=True, slots=True)
class EventOut:
    """One thing that happened."""

    type: EventType
    order: OrderState | None = None
    """The order after the event that did it; None of what is about a customer."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the order alone does not say, ready for JSON."""


@dataclass(frozen=True, slots=True)
class HookEvent:
    """An event out as it is stored. Nothing later changes it, but that its customer is forgotten."""

    key: str
    """Unique for ever; a receiver knows a repeated event by it."""
    stream: str
    """The order's key, or the public id of the conversation. What is of one stream is sent in order."""
    type: EventType
    data: Mapping[str, Any]
    """JSON-ready, without the `sequence`."""


def of_orders(before: Mapping[str, OrderState], after: Mapping[str, OrderState]) -> list[EventOut]:
    """Return what happened to the orders in one event of the inbox."""
    changed = ((before.get(key), order) for key, order in after.items() if before.get(key) is not order)
    return [event for known, order in changed for event in _of_order(known, order)]


def _of_order(before: OrderState | None, after: OrderState) -> Iterator[EventOut]:
    if before is None:
        yield EventOut(EventType.PLACED, after)
        before = OrderState(after.order)
    new = after.facts[len(before.facts) :]
    for payment in _come_to_count(before, after) if new else ():
        yield EventOut(EventType.CAPTURED, after, {"payment": _paid(payment)})
    if after.goods_due and not before.goods_due:
        yield EventOut(EventType.CONFIRMED, after)
    for one in after.amendments[len(before.amendments) :]:
        yield EventOut(EventType.AMENDED, after, {"amendment": one.key})
    if after.stage is not before.stage and after.stage not in (None, Stage.PLACED):
        yield EventOut(
            EventType.STAGE, after, {"before": None if before.stage is None else str(before.stage)}
        )
    for fact in new:
        if (fact.entity, fact.state) == (EntityType.REFUND, FactState.PROCESSED):
            yield EventOut(EventType.REFUNDED, after, {"refund": _refunded(fact)})


def _come_to_count(before: OrderState, after: OrderState) -> Iterator[Captured]:
    """Yield the payments that count now and did not before.

    A payment that does not fit the order, or that our own keys have not seen yet, is held: it counts from
    the fact that confirms it, or never.
    """
    counted = {payment.id for payment in before.balance.fitting}
    return (payment for payment in after.balance.fitting if payment.id not in counted)


def _paid(payment: Captured) -> dict[str, Any]:
    """Return what was paid, with a fee that the payer bore."""
    return {"id": payment.id, "amount": payment.amount + payment.fee, "currency": payment.currency}


def _refunded(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.entity_id,
        "amount": fact.amount,
        "currency": fact.currency,
        "payment_id": fact.detail.payment_id,
    }


def of_nobody(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an event without the person whom it is about."""
    kept = dict(data)
    if kept.get("customer"):
        kept["customer"] = {**kept["customer"], "name": None, "phone": None}
    if order := kept.get("order"):
        to = destination_to_json(destination_from_json(order["to"]).of_nobody)
        amendments = [{**one, "to": None, "why": ""} for one in order["amendments"]]
        customer = {**order["customer"], "name": None, "phone": None}
        kept["order"] = {**order, "kept": {}, "to": to, "amendments": amendments, "customer": customer}
    return kept
