"""A plain server in the bot's place, a clock, and calls of Razorpay's API, for the tests of the sandbox."""

import asyncio
import json
from typing import Any

import aiohttp
from aiohttp import web

from payments.signature import matches
from sandbox.world import World

NOW = 1_781_000_000
VERIFY, APP_SECRET, WEBHOOK_SECRET = "sandbox-verify-token", "sandbox-app-secret", "sandbox-webhook-secret"
KEY = aiohttp.encode_basic_auth("rzp_test_Sandbox000001", "sandbox-key-secret")


class Clock:
    now = NOW * 1000

    def __call__(self) -> int:
        return self.now


class Bot:
    """Answers the handshake, and keeps every webhook after checking its signature."""

    def __init__(self) -> None:
        self.url = ""
        self.verify_token = VERIFY
        self.status = 200
        """What it answers to webhooks."""
        self.got: list[tuple[str, dict[str, Any], bytes, str | None]] = []
        self.reached = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_get("/whatsapp/webhook", self._handshake)
        self.app.router.add_post("/{provider}/webhook", self._webhook)

    async def _handshake(self, request: web.Request) -> web.Response:
        ok = request.query["hub.verify_token"] == self.verify_token
        return web.Response(text=request.query["hub.challenge"]) if ok else web.Response(status=403)

    async def _webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.match_info["provider"] == "whatsapp":
            scheme, _, signature = request.headers["X-Hub-Signature-256"].partition("=")
            assert scheme == "sha256"
            assert matches(body, signature, APP_SECRET)
            assert body.isascii()
        else:
            assert matches(body, request.headers["X-Razorpay-Signature"], WEBHOOK_SECRET)
        event_id = request.headers.get("X-Razorpay-Event-Id")
        self.reached.set()
        self.got.append((request.match_info["provider"], json.loads(body), body, event_id))
        return web.Response(status=self.status)

    @property
    def values(self) -> list[dict[str, Any]]:
        """The `value` of each WhatsApp webhook."""
        bodies = [body for provider, body, _, _ in self.got if provider == "whatsapp"]
        return [body["entry"][0]["changes"][0]["value"] for body in bodies]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Each Razorpay webhook."""
        return [body for provider, body, _, _ in self.got if provider == "payments"]

    @property
    def names(self) -> list[str]:
        """The names of Razorpay's webhooks."""
        return [event["event"] for event in self.events]

    def entity(self, kind: str, index: int = -1) -> dict[str, Any]:
        """The refund, payment, … in a webhook of Razorpay's, by default in the last."""
        entity: dict[str, Any] = self.events[index]["payload"][kind]["entity"]
        return entity


async def call(world: World, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    """Call Razorpay's API. Return status and JSON. `path` follows `/v1/`; `key` is the idempotency key."""
    headers = {"Authorization": KEY} | ({"X-Refund-Idempotency": key} if key else {})
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{world.razorpay_url}/v1/{path}", json=body) as response,
    ):
        return response.status, await response.json()


async def new_link(world: World, reference: str = "c1-1.1") -> str:
    """Make a link for ₹1,798.00 that expires in half an hour. Return its id."""
    wanted = {
        "amount": 179800,
        "reference_id": reference,
        "expire_by": NOW + 1800,
        "notes": {"order_key": "c1-1"},
        "customer": {"contact": "+919876543211"},
    }
    status, link = await call(world, "POST", "payment_links", wanted)
    assert status == 200, link
    link_id: str = link["id"]
    return link_id
