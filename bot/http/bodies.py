"""Reads request bodies within limits of time, size, encoding and depth."""

import asyncio
from typing import Any, Final

import orjson
from aiohttp import web

from bot.http.connections import CONNECTIONS
from bot.json_text import MAX_DEPTH, is_deep

WHATSAPP_BODY: Final = 4 * 1024 * 1024
"""Bytes. Meta sends up to 3 MB. Source: WhatsApp webhooks overview."""
RAZORPAY_BODY: Final = 256 * 1024
SHOPIFY_BODY: Final = 4 * 1024 * 1024
"""An order of many lines has some hundred KB."""
API_BODY: Final = 64 * 1024
LARGE: Final = 256 * 1024
"""Bytes above which bodies are checked one at a time."""
TURN: Final = web.AppKey("turn", asyncio.Lock)
"""Lock held while a large body is let through."""
RECEIPT_SECONDS: Final = 10.0
"""Seconds that a client may take to send its body."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """Read the raw body. Raises 413 over `limit` bytes, 415 if it is compressed, 408 if it takes too long,
    503 if all bodies together take too much memory.

    Raises 400 if the client disconnects meanwhile; no client receives that answer.
    """
    body = await _receive(request, limit)
    request.app[CONNECTIONS].on_body_complete(request)
    if len(body) > LARGE:
        # Large bodies go one at a time, after the small ones that have arrived: their signatures take long.
        async with request.app[TURN]:
            await asyncio.sleep(0)
    return body


async def _receive(request: web.Request, limit: int) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise web.HTTPUnsupportedMediaType(text=f"send the body as it is, not as {encoding[:20]}\n")
    if request.content_length is not None and request.content_length > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length)
    chunks: list[bytes] = []
    try:
        await _collect(request, limit, chunks)
    except BaseException:
        # The error and its frames hold each other, with all that came, until the collector runs.
        chunks.clear()
        raise
    return _complete(b"".join(chunks), limit)


async def _collect(request: web.Request, limit: int, chunks: list[bytes]) -> None:
    """Append to `chunks` what arrives, until it is complete or over `limit` bytes."""
    connections, size = request.app[CONNECTIONS], 0
    try:
        if request.content.is_eof():  # it came with the headers, as most do
            chunks.append(request.content.read_nowait())
            return
        async with asyncio.timeout(RECEIPT_SECONDS):
            async for chunk in request.content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    break
                if not connections.on_body_bytes(request, len(chunk)):
                    raise web.HTTPServiceUnavailable(text="busy: try again\n", headers={"Retry-After": "1"})
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long to arrive\n") from None
    except (ConnectionError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="the body ended before it was whole\n") from None
    except RuntimeError:
        if request.protocol.connected:
            raise
        # aiohttp's word for a connection that was closed just before its body was asked for.
        raise web.HTTPBadRequest(text="the body ended before it was whole\n") from None


def _complete(body: bytes, limit: int) -> bytes:
    """Return the complete body. Raises 413 over `limit` bytes."""
    if len(body) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    return body


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`. Strict, because the API's caller can correct it.

    Raises 400 if it isn't one or is nested over MAX_DEPTH levels.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise web.HTTPBadRequest(text="the body is not JSON\n") from None
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object\n")
    if is_deep(value):
        raise web.HTTPBadRequest(text=f"the body is nested over {MAX_DEPTH} levels deep\n")
    return value
