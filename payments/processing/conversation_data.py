"""What a conversation stores of the shop's state, as JSON: the codec of its `data`. Pure."""

from collections.abc import Mapping
from typing import Any

from flows.engine.conversation import Conversation
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop import cart, checkout
from payments.shop import handover as handovers
from payments.shop.consent import Hears


def of_conversation(
    conversation: Conversation,
    at: StepContext,
    orders: Mapping[str, OrderState],
    left: Mapping[str, int],
    taken: Mapping[str, int],
    next_number: int,
) -> ShopState:
    """Return the state that a conversation's data describes, with these orders. Inverse of `data`."""
    data = conversation.data
    return ShopState(
        at=at,
        cart=cart.from_json(data.get("cart", ())),
        placed=data.get("orders", 0),
        current=order_key_in(data),
        asked_at=data.get("asked_at", 0),
        earlier_links=tuple(data.get("earlier_links", ())),
        used=data.get("coupons", {}),
        refusals=data.get("refusals", 0),
        checkout=checkout.from_json(data.get("checkout", {})),
        orders=orders,
        left=left,
        taken=taken,
        next_number=next_number,
        hears=Hears(data.get("hears", Hears.ORDERS)),
        handover=handovers.from_json(data.get("handover")),
    )


def data(shop: ShopState) -> dict[str, Any]:
    """Return what a conversation stores of the state, as JSON. What is as at first is left out."""
    kept = {
        "cart": cart.to_json(shop.cart),
        "orders": shop.placed,
        "order": shop.current,
        "asked_at": shop.asked_at,
        "earlier_links": list(shop.earlier_links),
        "coupons": dict(shop.used),
        "refusals": shop.refusals,
        "checkout": checkout.to_json(shop.checkout),
        "hears": "" if shop.hears is Hears.ORDERS else str(shop.hears),
        "handover": handovers.to_json(shop.handover),
    }
    return {name: value for name, value in kept.items() if value}


def order_key_in(data: Mapping[str, Any]) -> str | None:
    """Return the key of the current order in a conversation's data, or None."""
    key: str | None = data.get("order")
    return key


def wants_reminders(data: Mapping[str, Any]) -> bool:
    """Return whether reminders may be sent, by a conversation's data: wanted, and no person has the chat."""
    return data.get("hears") != Hears.NOTHING and data.get("handover") is None
