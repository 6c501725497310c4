"""A second opinion: providers written for this test alone, from the providers' documentation.

Nothing here comes from the sandbox, so that a misreading there is not confirmed by itself.

Source: Meta, WhatsApp Cloud API ("Messages", "Interactive messages", "Webhooks"); Razorpay docs
("Create a Payment Link", "Webhook payloads", "Validate webhooks").
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.world.processes import MUNSHI, environment, free_port, process, ready, until

NUMBER_ID, TOKEN, APP_SECRET, VERIFY = (
    "106540352242922",
    "EAAG-token-of-a-test",
    "app-secret-of-a-test",
    "verify-of-a-test",
)
KEY_ID, KEY_SECRET, HOOK_SECRET = "rzp_test_1DP5mmOlF5G5ag", "key-secret-of-a-test", "hook-secret-of-a-test"
ASHA = "919845098450"


@dataclass
class Providers:
    """Both APIs on one port, with all requests kept."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(f"/v25.0/{NUMBER_ID}/messages", self.messages)
        app.router.add_post("/v1/payment_links", self.payment_links)
        return app

    async def messages(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.content_type == "application/json"
        message = await request.json()
        self.sent.append(message)
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": message["to"], "wa_id": message["to"].lstrip("+")}],
                "messages": [{"id": f"wamid.OUT{len(self.sent)}"}],
            }
        )

    async def payment_links(self, request: web.Request) -> web.Response:
        login = base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
        assert request.headers["Authorization"] == f"Basic {login}"
        wanted = await request.json()
        self.links.append(wanted)
        link = {
            "accept_partial": False, "amount": wanted["amount"], "amount_paid": 0, "callback_method": "",
            "callback_url": "", "cancelled_at": 0, "created_at": int(time.time()), "currency": "INR",
            "customer": {}, "description": wanted["description"], "expire_by": wanted["expire_by"],
            "expired_at": 0, "first_min_partial_amount": 0, "id": "plink_ExjpAUN3gVHrPJ",
            "notes": wanted["notes"], "notify": wanted["notify"], "payments": None,
            "reference_id": wanted["reference_id"], "reminder_enable": False, "reminders": [],
            "short_url": "https://rzp.io/i/nxrHnLJ", "status": "created", "updated_at": int(time.time()),
            "upi_link": False, "user_id": "", "whatsapp_link": False,
        }  # fmt: skip
        return web.json_response(link)


@dataclass
class Chat:
    """The customer's side of the chat, and Razorpay's side of the payment."""

    http: aiohttp.ClientSession
    bot: str
    providers: Providers
    count: int = 0

    async def say(self, message: dict[str, Any]) -> dict[str, Any]:
        """Deliver a customer's message. Return the bot's next message."""
        self.count += 1
        before = len(self.providers.sent)
        inbound = {"from": ASHA, "id": f"wamid.IN{self.count}", "timestamp": str(int(time.time())), **message}
        await self.whatsapp(messages=[inbound])
        return await self.next_message(before)

    async def whatsapp(self, **said: list[dict[str, Any]]) -> None:
        """Deliver a webhook of Meta's with these messages or statuses."""
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER_ID},
            "contacts": [{"profile": {"name": "Asha"}, "wa_id": ASHA}],
            **said,
        }
        entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        async with self.http.post(f"{self.bot}/whatsapp/webhook", data=body, headers=headers) as answer:
            assert answer.status == 200

    async def next_message(self, before: int) -> dict[str, Any]:
        async def told() -> bool:
            return len(self.providers.sent) > before

        await until(told, "the bot's next message")
        return self.providers.sent[before]

    async def tap(self, message: dict[str, Any], title: str) -> dict[str, Any]:
        """Tap the button or row `title` of `message`."""
        action = message["interactive"]["action"]
        if "buttons" in action:
            kind, replies = "button_reply", [button["reply"] for button in action["buttons"]]
        else:
            kind, replies = "list_reply", [row for section in action["sections"] for row in section["rows"]]
        [reply] = [reply for reply in replies if reply["title"] == title]
        interactive = {"type": kind, kind: reply}
        context = {"from": "15550783881", "id": f"wamid.OUT{self.providers.sent.index(message) + 1}"}
        return await self.say({"type": "interactive", "interactive": interactive, "context": context})

    async def razorpay(self, event: str, payload: dict[str, Any], signature: str | None = None) -> int:
        envelope = {
            "entity": "event", "account_id": "acc_BFQ7uQEaa7j2z7", "event": event,
            "contains": list(payload), "payload": {name: {"entity": e} for name, e in payload.items()},
            "created_at": int(time.time()),
        }  # fmt: skip
        body = json.dumps(envelope).encode()
        right = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Razorpay-Signature": signature or right, "X-Razorpay-Event-Id": "evt_1"}
        async with self.http.post(f"{self.bot}/payments/webhook", data=body, headers=headers) as answer:
            return answer.status


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(Providers(), tmp_path) as chat:
        yield chat


@asynccontextmanager
async def chatting(providers: Providers, tmp_path: Path, **more: str) -> AsyncIterator[Chat]:
    """A chat with a bot that has these providers; `more` are further settings."""
    port = free_port()
    runner = web.AppRunner(providers.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = {
        "PORT": str(port), "MUNSHI_API_TOKEN": "api-token-of-a-test",
        "WHATSAPP_API_URL": address, "WHATSAPP_PHONE_NUMBER_ID": NUMBER_ID,
        "WHATSAPP_ACCESS_TOKEN": TOKEN, "WHATSAPP_APP_SECRET": APP_SECRET, "WHATSAPP_VERIFY_TOKEN": VERIFY,
        "RAZORPAY_API_URL": address, "RAZORPAY_KEY_ID": KEY_ID, "RAZORPAY_KEY_SECRET": KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": HOOK_SECRET, **more,
    }  # fmt: skip
    bot = f"http://127.0.0.1:{port}"
    try:
        async with (
            aiohttp.ClientSession() as http,
            process(*MUNSHI, "serve", "--create", env=environment(settings), cwd=tmp_path),
        ):
            await ready(http, bot)
            yield Chat(http, bot, providers)
    finally:
        await runner.cleanup()


def check_envelope(message: dict[str, Any]) -> None:
    """Assert the fields that every message has, and Meta's limits."""
    assert message["messaging_product"] == "whatsapp"
    assert message["recipient_type"] == "individual"
    assert message["to"].lstrip("+") == ASHA
    assert 0 < len(message["biz_opaque_callback_data"]) <= 512
    if message["type"] == "text":
        assert 0 < len(message["text"]["body"]) <= 4096
        return
    interactive = message["interactive"]
    assert 0 < len(interactive["body"]["text"]) <= 1024
    if interactive["type"] == "button":
        buttons = interactive["action"]["buttons"]
        assert 1 <= len(buttons) <= 3
        assert all(b["type"] == "reply" and len(b["reply"]["title"]) <= 20 for b in buttons)
        assert len({b["reply"]["id"] for b in buttons}) == len(buttons)
    else:
        assert interactive["type"] == "list"
        rows = [row for section in interactive["action"]["sections"] for row in section["rows"]]
        assert 1 <= len(rows) <= 10
        assert len(interactive["action"]["button"]) <= 20
        assert all(len(row["title"]) <= 24 and len(row["id"]) <= 200 for row in rows)


def payment(link: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "id": "pay_DESlfW9H8K9uqM", "entity": "payment", "amount": link["amount"], "currency": "INR",
        "status": status, "order_id": "order_DESlLckIVRkHWj", "invoice_id": None, "international": False,
        "method": "upi", "amount_refunded": 0, "refund_status": None, "captured": status == "captured",
        "description": "#ExjpAUN3gVHrPJ", "card_id": None, "bank": None, "wallet": None,
        "vpa": "asha@upi", "email": "asha@example.com", "contact": "+919845098450",
        "notes": link["notes"], "fee": 2, "tax": 0, "error_code": None, "error_description": None,
        "created_at": int(time.time()),
    }  # fmt: skip


async def test_the_nine_steps(chat: Chat) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY}
    async with chat.http.get(f"{chat.bot}/whatsapp/webhook", params=query) as answer:
        assert (answer.status, await answer.text()) == (200, "1158201444")

    products = await chat.say({"type": "text", "text": {"body": "Hi"}})
    await chat.tap(products, "Masala chai 250 g")
    await chat.tap(products, "Masala chai 250 g")
    cart = await chat.tap(products, "Ginger chai 250 g")
    assert "Total: ₹500" in cart["interactive"]["body"]["text"]
    summary = await chat.tap(cart, "Proceed to Checkout")
    pay = await chat.tap(summary, "Confirm order")
    text = pay["interactive"]["body"]["text"]
    number = text.partition("#")[2].partition("\n")[0]
    assert text == f"💳 Complete Payment\nOrder #{number}\nTotal: ₹500"

    [link] = chat.providers.links
    order = link["notes"]["munshi_order"]
    assert (link["amount"], link["currency"], link["accept_partial"]) == (50_000, "INR", False)
    assert re.fullmatch(rf"{order}\.1[a-z]+", link["reference_id"])
    assert len(link["reference_id"]) <= 40
    assert link["notify"] == {"sms": False, "email": False}
    assert 16 * 60 < link["expire_by"] - time.time() <= 21 * 60
    url = await chat.tap(pay, "Pay Now")
    assert url["text"]["body"] == (
        "Click here to complete payment: https://rzp.io/i/nxrHnLJ\nSecure payment powered by Razorpay"
    )

    before = len(chat.providers.sent)
    captured = {"payment": payment(link, "captured")}
    assert await chat.razorpay("payment.captured", captured, signature="0" * 64) == 403
    assert await chat.razorpay("payment.authorized", {"payment": payment(link, "authorized")}) == 200
    for _ in range(2):
        assert await chat.razorpay("payment.captured", captured) == 200
    paid = await chat.next_message(before)
    assert paid["text"]["body"] == (
        "✅ Payment Successful!\nYour order has been confirmed and payment received.\n\n"
        f"Order ID: #{number}\nTotal Paid: ₹500\nItems: 3 items\n\n"
        "We'll process your order and send you updates. Thank you for your purchase! 🎉"
    )
    after = await chat.say({"type": "text", "text": {"body": "thanks"}})
    assert "is paid" in after["interactive"]["body"]["text"]
    headers = {"Authorization": "Bearer api-token-of-a-test"}
    async with chat.http.get(f"{chat.bot}/payments/{order}", headers=headers) as answer:
        told = await answer.json()
    assert told["status"] == "paid"
    assert abs(told["paid_at"] / 1000 - time.time()) < 60

    assert len(chat.providers.sent) == chat.count + 1, (
        "one message for each of the customer's, and one for the money"
    )
    for message in chat.providers.sent:
        check_envelope(message)
