"""A small Razorpay on loopback that the gateway's tests talk to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
    """Payment links in memory, spoken to over HTTP. `next_answers` stand in for the answers to come."""

    def __init__(self) -> None:
        self.links: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[dict[str, Any]] = []
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
        if self.next_answers:
            return await self.next_answers.pop(0)(request)
        return await self.perform(request)

    async def perform(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.removeprefix("/v1/payment_links").strip("/").split("/")
        match [request.method, *parts]:
            case ["POST", ""]:
                return self._create(await request.json())
            case ["GET", ""]:
                wanted = request.query.get("reference_id")
                found = [v for v in self.links.values() if wanted in (None, v["reference_id"])]
                return web.json_response({"payment_links": found})
            case ["GET", link_id] if link_id in self.links:
                return web.json_response(self.links[link_id])
            case ["POST", link_id, "cancel"] if link_id in self.links:
                return self._cancel(self.links[link_id])
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
        self.links[link_id] = {**body, **fields, "payments": None, "reminders": []}
        return web.json_response(self.links[link_id])

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
        """Answer the next request that has no answer yet with just this, doing nothing."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(text=text, status=status, headers={"Content-Type": "text/html", **headers})

        self.next_answers.append(answer)

    async def lost(self, request: web.Request) -> web.StreamResponse:
        """Do it, then hang up without a word."""
        answer = await self.perform(request)
        assert request.transport is not None
        request.transport.abort()
        return answer

    async def slow(self, request: web.Request) -> web.StreamResponse:
        """Do it, and answer when the test is over."""
        answer = await self.perform(request)
        await self.released.wait()
        return answer


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
    """Opens a gateway to `fake`: `serve(suffix of the address, **options of Gateway)`."""

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
    """The SDK prints when a connection fails; nothing of it may reach a terminal."""
    yield
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
