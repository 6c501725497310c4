"""Read what became of a card: an order in the chat, for which the messenger makes orders at Razorpay.

Their receipt is the card's reference id, and there may be several. Only what our own keys see of them counts.

Source: Razorpay docs, "Orders API"; "WhatsApp Payments".
"""

from collections.abc import Mapping
from typing import Any, Final

from payments.ledger.calls import FetchCard
from payments.ledger.facts import EntityType, Fact, FactState
from payments.razorpay.entities import ID, text
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import Reading, payment_facts, refund_facts
from payments.razorpay.gateway import Gateway
from payments.razorpay.links import refunded
from payments.shop.orders import CURRENCY


class PaidElsewhere(Exception):
    """A card is said to have been paid on an order that our keys do not see."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"{order_id} is not an order of our account")
        self.order_id = order_id


async def read_card(gateway: Gateway, call: FetchCard) -> Reading:
    """Return the facts of a card's payments and their refunds, and of its end if it is paid or its time over.

    The second tuple says what could not be read. Raises GatewayError; raises PaidElsewhere if nothing is
    found and the card is said to be paid on an order that is not ours.
    """
    orders, unseen = await _orders(gateway, call)
    facts: list[Fact] = []
    problems: list[str] = []
    for order_id in orders:
        for found, unreadable in await _of_order(gateway, call, order_id):
            facts += found
            problems += unreadable
    if unseen and not facts and not problems:
        raise PaidElsewhere(unseen)
    paid = any(order.get("status") == _PAID for order in orders.values())
    if paid or (call.over and not problems):
        facts.append(_end(call, FactState.PAID if paid else FactState.EXPIRED, orders))
    return tuple(facts), tuple(problems)


async def _orders(gateway: Gateway, call: FetchCard) -> tuple[dict[str, Mapping[str, Any]], str]:
    """Return the card's orders by id, and the id of one that was named and that our keys do not see."""
    listed = await gateway.orders_of(call.reference_id)
    orders = {id: order for order in listed if (id := text(order.get("id"), ID))}
    unseen = ""
    for order_id in call.hinted:
        if order_id in orders:
            continue
        try:
            order = await gateway.order_of(order_id, call.reference_id)
        except GatewayError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            unseen = order_id
        else:
            orders |= {order_id: order} if order else {}
    return orders, unseen


async def _of_order(gateway: Gateway, call: FetchCard, order_id: str) -> list[Reading]:
    payments = await gateway.order_payments(order_id)
    found = [payment_facts(payments, call.order_key, call.reference_id)]
    for payment in refunded(payments, call.refunding):
        refunds = await gateway.payment_refunds(payment["id"])
        found.append(refund_facts(refunds, payment, call.order_key))
    return found


def _end(call: FetchCard, state: FactState, orders: Mapping[str, Mapping[str, Any]]) -> Fact:
    """Return the fact of the card's end. A card is named by its reference id."""
    paid = [order.get("amount_paid") for order in orders.values() if order.get("status") == _PAID]
    amount = sum(one for one in paid if type(one) is int)
    return Fact(call.order_key, EntityType.PAYMENT_LINK, call.reference_id, state, amount, CURRENCY, 0)


_PAID: Final = "paid"
