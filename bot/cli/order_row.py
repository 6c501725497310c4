"""An order in a list, as a person of the shop reads it, phone numbers whole."""

from datetime import datetime

from bot.cli.shop_zone import shop_zone
from bot.order_words import stands
from payments.shop.order_terms import Fulfilment
from storage.reports.desk import Listed, UnreadableOrder


def row(order: Listed) -> tuple[str, ...]:
    """Return the cells of an order in a list."""
    if isinstance(order, UnreadableOrder):
        return (f"#{order.number}", time_of(order.placed_at), f"cannot be read: {order.key}", "", "", "")
    state = order.state
    items = ", ".join(f"{line.quantity} × {line.name}" for line in state.lines)
    fetched = str(state.to.how) if state.to.how is Fulfilment.PICKUP else ""
    to = ", ".join(filter(None, (fetched, state.to.slot_name))) or str(state.to.how)
    return (
        f"#{state.order.number}",
        time_of(state.order.placed_at),
        stands(state),
        items,
        to,
        " ".join(filter(None, (order.name, order.phone and f"+{order.phone}"))),
    )


def time_of(milliseconds: int) -> str:
    """Format an instant in the time zone of the shop."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, shop_zone()):%Y-%m-%d %H:%M %Z}"
