"""What Shopify's webhooks say about an order. Pure.

A body is read for little: which order it is about, and what happened. Whatever else counts is asked for.
The topic is in a header, which is not signed: what a topic says happened, the body has to say too.
Source: shopify.dev, "Webhooks", 2026. Bodies have the shape of the REST API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from payments.shop.fulfilment import Stage
from payments.shopify.amending import OURS

_ORDER: Final = "gid://shopify/Order/"


class Topic(StrEnum):
    """What a webhook is about, if it is of use."""

    CREATED = "orders/create"
    CANCELLED = "orders/cancelled"
    REFUNDED = "refunds/create"
    FULFILMENT = "fulfillments/create"
    FULFILMENT_CHANGED = "fulfillments/update"


@dataclass(frozen=True, slots=True)
class News:
    """What happened to an order at Shopify."""

    topic: Topic
    copy_id: str
    """`gid://shopify/Order/…`."""
    source: str | None = None
    """Of CREATED: the source identifier; the order's key if it is a copy of ours."""
    stage: Stage | None = None
    """Of a fulfilment: where the goods are; None if they have not left."""
    idle: bool = False
    """Of REFUNDED: whether it asks for nothing, as it was recorded from here, or no money of it went back."""


def read(topic: str, body: Mapping[str, Any]) -> News:
    """Return what happened. Raises ValueError on another topic, or if the body does not say so."""
    if topic not in frozenset(Topic):
        raise ValueError("nothing of this topic is used")
    known = Topic(topic)
    match known:
        case Topic.CREATED:
            source = body.get("source_identifier")
            return News(known, _gid(body.get("id")), source if isinstance(source, str) else None)
        case Topic.CANCELLED:
            if not body.get("cancelled_at"):
                raise ValueError("it names no time at which the order was cancelled")
            return News(known, _gid(body.get("id")))
        case Topic.REFUNDED:
            ours = str(body.get("note") or "").startswith(OURS)
            # Pieces that are only put back on the shelf, as of a cancelled order, are a refund of nothing.
            return News(known, _gid(body.get("order_id")), idle=ours or not body.get("transactions"))
        case _:
            return News(known, _gid(body.get("order_id")), stage=_stage(body))


def _gid(number: Any) -> str:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("it names no order")
    return f"{_ORDER}{number}"


def _stage(body: Mapping[str, Any]) -> Stage | None:
    if body.get("status") != "success":
        return None
    return Stage.DELIVERED if body.get("shipment_status") == "delivered" else Stage.OUT
