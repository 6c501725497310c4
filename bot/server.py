"""The HTTP side of the bot: routes, what every answer has in common, and how it is served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot import bodies, health, operator_api, orders_api, webhooks
from bot.batching import Overloaded
from bot.connections import limited
from bot.malformed import quiet
from bot.parts import PARTS, Parts

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(parts: Parts) -> web.Application:
    """The aiohttp application over `parts`."""
    app = web.Application(middlewares=[_answered], client_max_size=bodies.WHATSAPP_BODY)
    app[PARTS] = parts
    app.add_routes([*webhooks.routes, *orders_api.routes, *operator_api.routes, *health.routes])
    return app


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer; turn what nobody foresaw into a 5xx that the sender will retry."""
    try:
        response = await handler(request)
    except web.HTTPException as refused:
        _count(request, refused.status)
        raise
    except Overloaded:
        _count(request, 503)
        return web.Response(status=503, text="busy: try again\n", headers={"Retry-After": "1"})
    except Exception:
        log.exception("request failed", path=request.path)
        _count(request, 500)
        return web.Response(status=500, text="not stored: try again\n")
    _count(request, response.status)
    return response


def _count(request: web.Request, status: int) -> None:
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "other"
    request.app[PARTS].metrics.answered(path, status)


@asynccontextmanager
async def serving(parts: Parts) -> AsyncIterator[str]:
    """Serve on the configured host and port; gives the base URL (the port chosen, if it was 0)."""
    runner = web.AppRunner(
        application(parts),
        access_log=None,
        logger=quiet(),
        handler_cancellation=False,
        auto_decompress=False,
        keepalive_timeout=75,
    )
    await runner.setup()
    assert runner.server is not None
    listening = await asyncio.get_running_loop().create_server(
        limited(runner.server), parts.settings.host, parts.settings.port, backlog=1024
    )
    try:
        host, port = listening.sockets[0].getsockname()[:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        listening.close()
        await runner.cleanup()
