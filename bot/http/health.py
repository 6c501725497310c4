"""Endpoints for a supervisor and Prometheus: liveness, readiness, metrics."""

import asyncio
from typing import Final

from aiohttp import web

from bot.context import CONTEXT
from bot.log import mask
from storage.database.errors import Gone, StorageError

_REASON: Final = 300
"""Maximum characters of the reason why the bot is not ready."""

WAITING: Final = ("pending", "parked", "unfinished", "held", "notices", "oldest_due_ms")
"""What `munshi_waiting` counts, as fields of the store's counts."""

routes = web.RouteTableDef()


@routes.get("/healthz")
async def healthz(request: web.Request) -> web.Response:
    """Answer 200: the process is alive."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Answer 200 if the workers work and the database answers and takes a write within a second, else 503.

    When ready, a second line names the flow that is served and its version; a third what the process was
    started with besides WhatsApp and Razorpay; a fourth says whether the flow file is `the same`.
    """
    context = request.app[CONTEXT]
    try:
        await context.store.ping()
    except Gone:
        return web.Response(status=503, text="the database was removed or replaced: see the log\n")
    except (TimeoutError, StorageError):
        return web.Response(status=503, text="the database does not answer\n")
    if trouble := context.pulse.trouble:
        return web.Response(status=503, text=f"{trouble}\n")
    try:
        await context.intake.check(context.store, context.clock.now(), asyncio.get_running_loop().time())
    except TimeoutError:
        return web.Response(status=503, text="the database does not take what is written in time\n")
    except StorageError as error:
        return web.Response(status=503, text=f"{mask(str(error)).partition(chr(10))[0][:_REASON]}\n")
    file = await context.versions.file_state(context.settings.munshi_flow)
    flow = f"{context.flow.name} {context.flow.version}"
    systems = ", ".join(context.settings.systems) or "none"
    return web.Response(text=f"ready\nflow: {flow}\nsystems: {systems}\nfile: {file}\n")


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Answer with the metrics in Prometheus' text format."""
    context = request.app[CONTEXT]
    counts = await context.store.counts(context.clock.now())
    for what in WAITING:
        context.metrics.waiting.labels(what).set(getattr(counts, what))
    return web.Response(body=context.metrics.text(), content_type="text/plain", charset="utf-8")
