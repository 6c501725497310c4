"""The HTTP server: its routes, and the middleware that is common to all answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from bot.context import CONTEXT, Context
from bot.group_commit import Overloaded
from bot.http import (
    bodies,
    broadcasts_api,
    chats_api,
    customers_api,
    desk_api,
    exports_api,
    health,
    invoices_api,
    operator_api,
    orders_api,
    products_api,
    shopify_webhook,
    webhooks,
)
from bot.http.connections import CONNECTIONS, IDLE_SECONDS, Connections
from bot.http.failed_tokens import FAILED_TOKENS, FailedTokens
from bot.http.headers import on_every_answer
from bot.http.malformed import quiet
from bot.intake_health import PATHS
from storage.database.errors import Gone
from storage.inbox.order_rows import Unreadable

log = structlog.get_logger()

_LINGERING_SECONDS: Final = 2.0
"""Seconds for which the rest of a refused body is read and discarded, so that its sender sees the answer."""

_TEXT: Final = PATHS | {"/payments/return", "/healthz", "/readyz", "/metrics"}
"""Paths whose answers are no JSON."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(context: Context) -> web.Application:
    """Build the aiohttp application over `context`."""
    app = web.Application(middlewares=[_answer], client_max_size=bodies.WHATSAPP_BODY)
    app[CONTEXT] = context
    app[CONNECTIONS] = Connections()
    app[FAILED_TOKENS] = FailedTokens()
    app[bodies.TURN] = asyncio.Lock()
    app.add_routes(
        [
            *webhooks.routes,
            *shopify_webhook.routes,
            *orders_api.routes,
            *desk_api.routes,
            *operator_api.routes,
            *products_api.routes,
            *customers_api.routes,
            *chats_api.routes,
            *broadcasts_api.routes,
            *exports_api.routes,
            *invoices_api.routes,
            *health.routes,
        ]
    )
    return app


@web.middleware
async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer; turn an unexpected error into a 5xx, so that the sender tries again."""
    connections = request.app[CONNECTIONS]
    try:
        response = await handler(request) if connections.on_head(request) else _busy()
    except web.HTTPException as refused:
        response = _plain(refused) if _for_people(request) else _as_json(refused)
    except Overloaded:
        response = _busy()
    except Exception as error:  # noqa: BLE001 - it is logged
        response = _unexpected(request, error)
    finally:
        connections.on_answered(request)
    _count(request, response.status)
    if response.status == web.HTTPUnauthorized.status_code:
        await request.app[FAILED_TOKENS].hold(request)
    return response


def _unexpected(request: web.Request, error: Exception) -> web.Response:
    if request.path in PATHS:
        request.app[CONTEXT].intake.failed(error)
    if isinstance(error, Gone):
        log.error("the database is gone", path=request.path, mend=str(error))
        return web.Response(status=503, text="not stored: the database is gone\n")
    if isinstance(error, Unreadable):
        log.error("an order cannot be read", path=request.path, order=error.key, exc_info=error)
        return web.json_response({"error": str(error)}, status=500)
    log.error("request failed", path=request.path, exc_info=error)
    if _for_people(request):
        return web.Response(status=500, text="not stored: try again\n")
    return web.json_response({"error": "this failed, and the log says why: try again"}, status=500)


def _plain(refused: web.HTTPException) -> web.Response:
    """Return the same answer without the exception: aiohttp would keep it in a cycle with the body."""
    return web.Response(
        status=refused.status, reason=refused.reason, body=refused.body, headers=refused.headers
    )


def _for_people(request: web.Request) -> bool:
    """Return whether nobody reads JSON in the answer: it is for a provider, a browser or a probe."""
    return request.path in _TEXT


def _as_json(refused: web.HTTPException) -> web.Response:
    """Return the same answer as JSON, if it is not JSON already."""
    if refused.content_type == "application/json":
        return _plain(refused)
    kept = {
        name: refused.headers[name]
        for name in ("Allow", "Retry-After", "WWW-Authenticate")
        if name in refused.headers
    }
    said = {404: "there is no such address", 405: f"{kept.get('Allow', 'another method')} is wanted here"}
    text = said.get(refused.status) or (refused.text or refused.reason).strip()
    return web.json_response({"error": text}, status=refused.status, headers=kept)


def _busy() -> web.Response:
    return web.Response(status=503, text="busy: try again\n", headers={"Retry-After": "1"})


def _count(request: web.Request, status: int) -> None:
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "other"
    request.app[CONTEXT].metrics.answered(path, status)


@asynccontextmanager
async def serving(context: Context) -> AsyncIterator[str]:
    """Serve on the configured host and port. Yield the base URL (with the chosen port if it was 0)."""
    app = application(context)
    connections = app[CONNECTIONS]
    context.metrics.watch_connections(lambda: connections.count, lambda: connections.gave_way)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=quiet(),
        handler_cancellation=False,
        auto_decompress=False,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
    )
    await runner.setup()
    assert runner.server is not None
    on_every_answer(app, runner.server)
    listening = await asyncio.get_running_loop().create_server(
        connections.serving(runner.server), context.settings.host, context.settings.port, backlog=1024
    )
    sweeping = asyncio.create_task(connections.sweeping())
    try:
        host, port = listening.sockets[0].getsockname()[:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        listening.close()
        sweeping.cancel()
        await runner.cleanup()
