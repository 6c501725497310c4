"""A small Razorpay on loopback that the gateway's tests talk to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from payments.razorpay.gateway import Gateway

KEY_ID = "rzp_test_ExampleKey01"
KEY_SECRET = "an-invented-key-secret"

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Gateway]]


class FakeRazorpay:
    """Links, payments and refunds in memory, behind HTTP.

    `next_answers` stand in for the answers to come.
    """

    def __init__(self) -> None:
        self.links: dict[str, dict[str, Any]] = {}
        self.orders: list[dict[str, Any]] = []
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        """By idempotency key."""
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[Any] = []
        self.peers: list[Any] = []
        self.next_answers: list[Answer] = []
        self.released = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, dict(request.query)))
        self.headers.append(request.headers)
        self.peers.append(request.get_extra_info("peername"))
        self.raw.append(await request.read())
        if self.next_answers:
            return await self.next_answers.pop(0)(request)
        return await self.perform(request)

    async def perform(self, request: web.Request) -> web.StreamResponse:
        match [request.method, *request.path.removeprefix("/v1/").split("/")]:
            case ["POST", "payment_links"]:
                return self._create(await request.json())
            case ["GET", "payment_links"]:
                wanted = request.query.get("reference_id")
                found = [v for v in self.links.values() if wanted in (None, v["reference_id"])]
                skip = int(request.query.get("skip", 0))
                return web.json_response({"payment_links": found[skip:]})
            case ["GET", "payment_links", link_id] if link_id in self.links:
                return web.json_response(self.links[link_id])
            case ["POST", "payment_links", link_id, "cancel"] if link_id in self.links:
                return self._cancel(self.links[link_id])
            case ["GET", "orders"]:
                skip = int(request.query.get("skip", 0))
                return collection(self.orders[skip : skip + int(request.query.get("count", 10))])
            case ["GET", "orders", order_id, "payments"]:
                return collection(p for p in self.payments.values() if p["order_id"] == order_id)
            case ["POST", "payments", payment_id, "refund"] if payment_id in self.payments:
                key = request.headers["X-Refund-Idempotency"]
                return self._refund(self.payments[payment_id], key, await request.json())
            case ["GET", "payments", payment_id, "refunds"] if payment_id in self.payments:
                return collection(r for r in self.refunds.values() if r["payment_id"] == payment_id)
        return refusal("The id provided does not exist")

    def _create(self, body: dict[str, Any]) -> web.Response:
        self.bodies.append(body)
        if any(link["reference_id"] == body["reference_id"] for link in self.links.values()):
            return refusal(f"payment link with given reference_id: {body['reference_id']} already exists.")
        link_id = f"plink_Fake{len(self.links):010}"
        fields = {
            "id": link_id,
            "status": "created",
            "amount_paid": 0,
            "short_url": f"https://rzp.io/rzp/{link_id}",
        }
        times = {"created_at": 1_793_205_500}
        self.links[link_id] = {**body, **fields, **times, "payments": None, "reminders": []}
        return web.json_response(self.links[link_id])

    def pay(self, link_id: str, status: str = "captured", **changed: Any) -> dict[str, Any]:
        """Add a payment on the link, which gets its order if it has none."""
        link = self.links[link_id]
        link.setdefault("order_id", f"order_Of{link_id.removeprefix('plink_')}")
        payment = {
            "id": f"pay_Fake{len(self.payments):010}",
            "order_id": link["order_id"],
            "status": status,
            "amount": link["amount"],
            "currency": link["currency"],
            "amount_refunded": 0,
            "captured": status in ("captured", "refunded"),
            "created_at": 1_793_205_610,
            **changed,
        }
        self.payments[payment["id"]] = payment
        return payment

    def _refund(self, payment: dict[str, Any], key: str, body: dict[str, Any]) -> web.Response:
        earlier = self.refunds.get(key)
        if earlier is None:
            if body["amount"] > payment["amount"] - payment["amount_refunded"]:
                return refusal("The payment has been fully refunded already.")
            earlier = self.give_back(payment, key, body)
        elif any(earlier[name] != body[name] for name in ("amount", "receipt", "notes")):
            return refusal("Different request with the same idempotency key has already been processed.", 409)
        return web.json_response(earlier)

    def give_back(self, payment: dict[str, Any], key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Add a refund of the payment, asked for under `key` or made by a person."""
        payment["amount_refunded"] += body["amount"]
        self.refunds[key] = {
            "id": f"rfnd_Fake{len(self.refunds):010}",
            "entity": "refund",
            "payment_id": payment["id"],
            "currency": payment["currency"],
            "status": "pending",
            "created_at": 1_793_300_000,
            "notes": [],
            "receipt": None,
            **body,
        }
        return self.refunds[key]

    def _cancel(self, link: dict[str, Any]) -> web.Response:
        words = {
            "paid": "an already paid / partially paid",
            "cancelled": "a cancelled",
            "expired": "an expired",
        }
        if link["status"] in words:
            return refusal(f"cannot cancel or expire {words[link['status']]} link")
        link["status"] = "cancelled"
        return web.json_response(link)

    def will_say(self, text: str, status: int = 200, **headers: str) -> None:
        """Answer the next request that has no answer yet with this text, without performing it."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(text=text, status=status, headers={"Content-Type": "text/html", **headers})

        self.next_answers.append(answer)

    async def lost(self, request: web.Request) -> web.StreamResponse:
        """Perform the request, then close the connection without an answer."""
        answer = await self.perform(request)
        assert request.transport is not None
        request.transport.abort()
        return answer

    async def slow(self, request: web.Request) -> web.StreamResponse:
        """Perform the request, and answer when the test is over."""
        answer = await self.perform(request)
        await self.released.wait()
        return answer


def collection(items: Iterable[dict[str, Any]]) -> web.Response:
    listed = list(items)
    return web.json_response({"entity": "collection", "count": len(listed), "items": listed})


def refusal(description: str, status: int = 400, **headers: str) -> web.Response:
    error: dict[str, object] = {
        "code": "BAD_REQUEST_ERROR",
        "description": description,
        "metadata": [],
        "reason": None,
    }
    return web.json_response({"error": error}, status=status, headers=headers)


@pytest.fixture
async def fake() -> FakeRazorpay:
    return FakeRazorpay()


@pytest.fixture
def serve(fake: FakeRazorpay) -> Serve:
    """Open a gateway to `fake`: `serve(suffix of the address, **options of Gateway)`."""

    @asynccontextmanager
    async def serving(suffix: str = "", **options: Any) -> AsyncIterator[Gateway]:
        server = TestServer(fake.application())
        await server.start_server()
        gateway = Gateway(KEY_ID, KEY_SECRET, f"http://127.0.0.1:{server.port}{suffix}", **options)
        try:
            yield gateway
        finally:
            fake.released.set()
            await gateway.close()
            await server.close()

    return serving


@pytest.fixture
async def gateway(serve: Serve) -> AsyncIterator[Gateway]:
    async with serve() as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def silence(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Assert that nothing is printed: the SDK prints when a connection fails."""
    yield
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
