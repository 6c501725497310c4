"""Build and sign Razorpay's webhooks.

Source: Razorpay docs, "Webhooks" (payments, orders, payment links, refunds, disputes).
"""

from typing import Final

import orjson

from sandbox.delivery import SignedEvent
from sandbox.razorpay_entities import (
    Json,
    Link,
    Order,
    Payment,
    link_webhook_json,
    order_json,
    payment_in_link_json,
    payment_json,
)
from sandbox.razorpay_reversals import Dispute, Refund, dispute_json, refund_json
from sandbox.signing import sign

LINK_PREFIX: Final = "payment_link."


def signed(envelope: Json, event_id: str, secret: str) -> SignedEvent:
    """Return `envelope` as Razorpay posts it. Only `payment_link.*` bodies have sorted keys."""
    name: str = envelope["event"]
    body = orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS if name.startswith(LINK_PREFIX) else 0)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Razorpay-Webhook/v1",
        "X-Razorpay-Signature": sign(body, secret),
        "X-Razorpay-Event-Id": event_id,
        "Request-Id": event_id,
    }
    return SignedEvent(name, body, headers)


def payment_event(account_id: str, name: str, payment: Payment, at: int) -> Json:
    """Return `payment.authorized`, `payment.captured` or `payment.failed`. They do not name the link."""
    return _envelope(account_id, name, {"payment": payment_json(payment)}, at)


def order_paid(account_id: str, order: Order, payment: Payment, at: int) -> Json:
    """Return `order.paid`."""
    entities = {"payment": payment_json(payment), "order": order_json(order)}
    return _envelope(account_id, "order.paid", entities, at)


def link_paid(account_id: str, link: Link, order: Order, payment: Payment) -> Json:
    """Return `payment_link.paid`. Like all `payment_link.*` events it is dated with the link's creation."""
    entities = {
        "payment_link": link_webhook_json(link),
        "order": order_json(order),
        "payment": payment_in_link_json(payment),
    }
    return _envelope(account_id, "payment_link.paid", entities, link.created_at)


def link_ended(account_id: str, link: Link) -> Json:
    """Return `payment_link.expired` or `payment_link.cancelled`, by the link's status."""
    entities = {"payment_link": link_webhook_json(link)}
    return _envelope(account_id, LINK_PREFIX + link.status, entities, link.created_at)


def refund_event(account_id: str, name: str, refund: Refund, payment: Payment, at: int) -> Json:
    """Return `refund.created`, `refund.processed` or `refund.failed`."""
    return _envelope(account_id, name, {"refund": refund_json(refund), "payment": payment_json(payment)}, at)


def dispute_event(account_id: str, dispute: Dispute, payment: Payment, at: int) -> Json:
    """Return `payment.dispute.…`, by the dispute's state."""
    entities = {"payment": payment_json(payment), "dispute": dispute_json(dispute)}
    return _envelope(account_id, f"payment.dispute.{dispute.state}", entities, at)


def _envelope(account_id: str, name: str, entities: dict[str, Json], at: int) -> Json:
    return {
        "entity": "event",
        "account_id": account_id,
        "event": name,
        "contains": list(entities),
        "payload": {key: {"entity": entity} for key, entity in entities.items()},
        "created_at": at,
    }
