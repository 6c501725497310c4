"""A second opinion on payment in the chat, written from the documentation of Meta and Razorpay alone.

Source: Meta, Payments API India ("Payment gateway"); Razorpay docs ("Fetch All Orders", "Fetch Payments for
an Order", "Webhook payloads").
"""

import re
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.payments.card_shop import with_cards
from tests.world.processes import until
from tests.world.running_bot import FLOW
from tests.world.test_independent_fake import ASHA, Chat, Providers, chatting

ORDER = "order_DESlLckIVRkHWj"


@dataclass
class CardProviders(Providers):
    """Providers of a business whose customers pay in the chat: Razorpay has the orders that Meta made."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    paid: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    """How often the payments of an order were asked for."""

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/v1/orders", self.all_orders)
        app.router.add_get("/v1/orders/{id}", self.one_order)
        app.router.add_get("/v1/orders/{id}/payments", self.payments)
        return app

    async def all_orders(self, request: web.Request) -> web.Response:
        listed = [order for order in self.orders if order["receipt"] == request.query["receipt"]]
        return web.json_response({"entity": "collection", "count": len(listed), "items": listed})

    async def one_order(self, request: web.Request) -> web.Response:
        found = [order for order in self.orders if order["id"] == request.match_info["id"]]
        if found:
            return web.json_response(found[0])
        error = {"code": "BAD_REQUEST_ERROR", "description": "The id provided does not exist"}
        return web.json_response({"error": error}, status=400)

    async def payments(self, request: web.Request) -> web.Response:
        assert request.match_info["id"] == ORDER
        self.asked += 1
        return web.json_response({"entity": "collection", "count": len(self.paid), "items": self.paid})


def order_for(card: dict[str, Any], status: str) -> dict[str, Any]:
    """What Meta has Razorpay make for a card."""
    settings = card["payment_settings"][0]["payment_gateway"]["razorpay"]
    amount = card["total_amount"]["value"]
    paid = amount if status == "paid" else 0
    return {
        "id": ORDER, "entity": "order", "amount": amount, "amount_paid": paid, "amount_due": amount - paid,
        "currency": "INR", "receipt": settings["receipt"], "offer_id": None, "status": status, "attempts": 1,
        "notes": settings["notes"], "created_at": int(time.time()),
    }  # fmt: skip


def payment_for(card: dict[str, Any]) -> dict[str, Any]:
    """A payment of that order. It has no notes: those are the order's."""
    return {
        "id": "pay_DESlfW9H8K9uqM", "entity": "payment", "amount": card["total_amount"]["value"],
        "currency": "INR", "status": "captured", "order_id": ORDER, "invoice_id": None,
        "international": False, "method": "upi", "amount_refunded": 0, "refund_status": None,
        "captured": True, "description": None, "card_id": None, "bank": None, "wallet": None,
        "vpa": "asha@upi", "email": "asha@example.com", "contact": "+919845098450", "notes": [], "fee": 2,
        "tax": 0, "error_code": None, "error_description": None, "created_at": int(time.time()),
    }  # fmt: skip


def captured(card: dict[str, Any]) -> dict[str, Any]:
    """What Meta posts about it."""
    transaction = {
        "id": ORDER, "pg_transaction_id": "pay_DESlfW9H8K9uqM", "type": "razorpay", "status": "success",
        "created_timestamp": int(time.time()), "updated_timestamp": int(time.time()),
        "method": {"type": "upi"},
    }  # fmt: skip
    payment = {
        "reference_id": card["reference_id"],
        "amount": card["total_amount"],
        "currency": "INR",
        "transaction": transaction,
        "receipt": card["payment_settings"][0]["payment_gateway"]["razorpay"]["receipt"],
    }
    said = {"id": "wamid.OUT5", "recipient_id": ASHA, "type": "payment", "status": "captured"}
    return {**said, "timestamp": str(int(time.time())), "payment": payment}


def check_card(message: dict[str, Any]) -> dict[str, Any]:
    """Assert Meta's rules for an order card. Return its parameters."""
    interactive = message["interactive"]
    assert (interactive["type"], interactive["action"]["name"]) == ("order_details", "review_and_pay")
    card: dict[str, Any] = interactive["action"]["parameters"]
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,35}", card["reference_id"])
    assert (card["type"], card["currency"]) == ("physical-goods", "INR")
    order = card["order"]
    assert order["status"] == "pending"
    assert int(order["expiration"]["timestamp"]) >= time.time() + 300
    sums = [
        card["total_amount"],
        order["subtotal"],
        order["tax"],
        *(item["amount"] for item in order["items"]),
    ]
    assert all(one["offset"] == 100 and type(one["value"]) is int for one in sums)
    assert order["subtotal"]["value"] == sum(i["amount"]["value"] * i["quantity"] for i in order["items"])
    assert card["total_amount"]["value"] == order["subtotal"]["value"] + order["tax"]["value"]
    return card


async def test_an_order_is_paid_in_the_chat(tmp_path: Path) -> None:
    flow, providers = tmp_path / "cards.yaml", CardProviders()
    flow.write_text(with_cards(FLOW.read_text()))
    async with chatting(providers, tmp_path, MUNSHI_FLOW=str(flow)) as chat:
        card = check_card(await _ordered(chat))
        before = len(providers.sent)
        providers.orders.append(order_for(card, "attempted"))
        await chat.whatsapp(statuses=[captured(card)])
        await until(partial(_asked, providers), "the look-up")
        assert len(providers.sent) == before, "Meta's word alone pays for nothing"
        providers.orders[:] = [order_for(card, "paid")]
        providers.paid.append(payment_for(card))
        told = {"payment": payment_for(card)}
        assert await chat.razorpay("payment.captured", told) == 200
        assert await chat.razorpay("order.paid", {**told, "order": providers.orders[0]}) == 200
        paid = await chat.next_message(before)
        assert paid["text"]["body"].startswith("✅ Payment Successful!")
        assert providers.links == []


async def _ordered(chat: Chat) -> dict[str, Any]:
    products = await chat.say({"type": "text", "text": {"body": "Hi"}})
    cart = await chat.tap(products, "Masala chai 250 g")
    summary = await chat.tap(cart, "Proceed to Checkout")
    return await chat.tap(summary, "Confirm order")


async def _asked(providers: CardProviders) -> bool:
    return providers.asked > 0
