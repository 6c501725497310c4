"""Finds orders that are promised for a day on which the shop is closed by now."""

from collections.abc import Sequence
from typing import Final

from bot.checks.finding import Finding
from bot.counted import counted
from payments.shop.catalogue import Shop
from payments.shop.hours import is_open_on
from payments.shop.slots import day_of
from storage.reports.backlog import Promised

SHOWN: Final = 10
"""Orders that are named, the oldest first."""


def on_closed_days(orders: Sequence[Promised], shop: Shop) -> Finding | None:
    """Return a finding about those of `orders` whose day is closed in the hours of `shop`, if any."""
    closed = [order for order in orders if (day := day_of(order.slot)) and not is_open_on(shop.hours, day)]
    if not closed:
        return None
    named = ", ".join(f"#{order.number} ({order.slot})" for order in closed[:SHOWN])
    more = f" and {len(closed) - SHOWN} more" if len(closed) > SHOWN else ""
    mend = (
        "bring them all the same, or agree on another day (munshi order <number> note); else munshi order"
        " <number> cancel gives the money back. Or take the day out of 'closed' in the flow file"
    )
    said = f"{counted(len(closed), 'order')} promised for a day on which the shop is closed: {named}{more}"
    return Finding("orders", False, said, mend)
