"""Limits of the two HTTP figures: aiohttp servers that take the same traffic, without Munshi."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import aiohttp
import orjson
from aiohttp import web

from bench.shop import SECRET, flow, phone
from bot.whatsapp.payloads import Recipient, build
from flows.engine.conversation import Conversation
from flows.engine.effects import Say
from flows.engine.events import TextReceived
from flows.engine.step import step
from payments.signature import matches

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OPAQUE: Final = "benchkey-1000.10000"


@asynccontextmanager
async def acknowledging() -> AsyncIterator[int]:
    """Serve a handler that reads the body, checks its signature and answers 200. Yield its port."""

    async def handler(request: web.Request) -> web.Response:
        raw = await request.read()
        given = request.headers["X-Hub-Signature-256"].removeprefix("sha256=")
        if not matches(raw, given, SECRET):
            raise web.HTTPForbidden
        return web.Response(text="ok\n")

    async with _served(handler) as port:
        yield port


@asynccontextmanager
async def echoing(graph_url: str) -> AsyncIterator[int]:
    """Serve a handler that posts the bot's reply to the Graph API and answers 200. Yield its port."""
    reply, headers = _reply(), {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)) as session:

        async def handler(request: web.Request) -> web.Response:
            await request.read()
            async with session.post(f"{graph_url}/v25.0/1/messages", data=reply, headers=headers) as answer:
                await answer.read()
            return web.Response(text="ok\n")

        async with _served(handler) as port:
            yield port


def _reply() -> bytes:
    """Return what the bot posts to the Graph API when a customer says hi."""
    conversation = Conversation("bench-1", customer={"name": "Asha 1000"})
    [effect] = step(flow(), conversation, TextReceived("hi"), now=0).effects
    assert isinstance(effect, Say)
    return orjson.dumps(build(effect.message, Recipient(phone(1000), "IN.BENCH00001000"), _OPAQUE))


@asynccontextmanager
async def _served(handler: Handler) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/whatsapp/webhook", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
