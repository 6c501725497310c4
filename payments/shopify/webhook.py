"""What Shopify's webhooks say about an order. Pure.

A body is read for little: which order it is about, and what happened. Whatever else counts is asked for.
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
    ours: bool = False
    """Of REFUNDED: whether it was recorded from here."""


def read(topic: str, body: Mapping[str, Any]) -> News:
    """Return what happened. Raises ValueError on another topic, or if the body names no order."""
    if topic not in frozenset(Topic):
        raise ValueError("nothing of this topic is used")
    known = Topic(topic)
    match known:
        case Topic.CREATED:
            source = body.get("source_identifier")
            return News(known, _gid(body.get("id")), source if isinstance(source, str) else None)
        case Topic.CANCELLED:
            return News(known, _gid(body.get("id")))
        case Topic.REFUNDED:
            ours = str(body.get("note") or "").startswith(OURS)
            return News(known, _gid(body.get("order_id")), ours=ours)
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
