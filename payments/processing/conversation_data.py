"""What a conversation stores of the shop's state, as JSON: the codec of its `data`. Pure."""

from collections.abc import Mapping
from typing import Any

from flows.engine.conversation import Conversation
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop import budgets, cart, checkout
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
        spent=budgets.from_json(data.get("spent", {})),
        checkout=checkout.from_json(data.get("checkout", {})),
        orders=orders,
        left=left,
        taken=taken,
        next_number=next_number,
        hears=hears_in(data),
        hinted_at=data.get("hinted_at", 0),
        handover=handovers.from_json(data.get("handover")),
    )


def data(shop: ShopState) -> dict[str, Any]:
    """Return what a conversation stores of the state, as JSON. What is as at first is left out."""
    kept = {
        "cart": cart.to_json(shop.cart),
        "orders": shop.placed,
        "order": shop.current,
        "running": sorted(key for key, one in shop.orders.items() if one.running and key != shop.current),
        "asked_at": shop.asked_at,
        "earlier_links": list(shop.earlier_links),
        "coupons": dict(shop.used),
        "refusals": shop.refusals,
        "spent": budgets.to_json(shop.spent, shop.at.now),
        "checkout": checkout.to_json(shop.checkout),
        "hears": "" if shop.hears is Hears.ORDERS else str(shop.hears),
        "hinted_at": shop.hinted_at,
        "handover": handovers.to_json(shop.handover),
    }
    return {name: value for name, value in kept.items() if value}


def order_keys_in(data: Mapping[str, Any]) -> set[str]:
    """Return the keys of the orders that each step of a conversation needs: the current one, and all whose
    goods are to come."""
    return {*([key] if (key := order_key_in(data)) else ()), *data.get("running", ())}


def order_key_in(data: Mapping[str, Any]) -> str | None:
    """Return the key of the current order in a conversation's data, or None."""
    key: str | None = data.get("order")
    return key


def hears_in(data: Mapping[str, Any]) -> Hears:
    """Return what the customer wants to hear, by a conversation's data."""
    return Hears(data.get("hears", Hears.ORDERS))


def in_hand(data: Mapping[str, Any]) -> str | None:
    """Return how a person has the chat, by a conversation's data; None while the bot has it.

    `waits` if they owe the customer an answer, `answered` if not.
    """
    handover = handovers.from_json(data.get("handover"))
    if handover is None:
        return None
    return "waits" if handover.unread else "answered"


def wants_offers(data: Mapping[str, Any]) -> bool:
    """Return whether offers may be sent, by a conversation's data: wanted, and no person has the chat."""
    return hears_in(data) is Hears.OFFERS and data.get("handover") is None


def wants_reminders(data: Mapping[str, Any]) -> bool:
    """Return whether reminders may be sent, by a conversation's data: wanted, and no person has the chat."""
    return data.get("hears") != Hears.NOTHING and data.get("handover") is None
