"""The orders of customers that are not over: goods or money of them are still to come."""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.expressions import Q

from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from storage.database.order_models import Order
from storage.database.records import Records


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that is not over."""

    key: str
    number: str
    payment: str
    """`unpaid`, `short`, `paid`, …"""
    stage: Stage | None
    """None until its goods are due."""


async def newest(records: Records, conversations: Sequence[int]) -> dict[int, OpenOrder]:
    """Return the newest open order of each of `conversations` that has one."""
    query = Order.filter(Q(lifecycle=Lifecycle.OPEN) | Q(todo__gte=""), conversation_id__in=conversations)
    # Oldest first, so that the newest remains.
    ordered = query.using_db(records.client).order_by("placed_by")
    columns = ("conversation_id", "key", "number", "payment", "stage")
    rows = await ordered.values(*columns) if conversations else []
    return {
        row["conversation_id"]: OpenOrder(
            row["key"], row["number"], row["payment"], None if row["stage"] is None else Stage(row["stage"])
        )
        for row in rows
    }
