"""Reloads the flow file of a running process at SIGHUP."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.context import Context
from bot.flow_file import load_flow
from bot.serving import RELOAD, serve
from flows.document.errors import FlowInvalid

log = structlog.get_logger()


@asynccontextmanager
async def reloading(context: Context) -> AsyncIterator[None]:
    """Have the flow file served at each SIGHUP, until the end."""
    loop, hung_up = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    task = asyncio.create_task(_reload_each_time(context, hung_up))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        task.cancel()
        await asyncio.wait([task])  # a reload that is under way ends before the store is closed


async def _reload_each_time(context: Context, hung_up: asyncio.Event) -> None:
    while True:
        await hung_up.wait()
        hung_up.clear()
        await _reload(context)


async def _reload(context: Context) -> None:
    """Have the flow file served; if it can't be, the log says why and the present version goes on."""
    try:
        flow = await asyncio.to_thread(load_flow, context.settings.munshi_flow)
        url, now = context.settings.database_url, context.clock.now()
        served = await serve(context.store, url, flow, RELOAD, "SIGHUP", now)
        await context.follow_flow()
    except FlowInvalid as invalid:
        log.error("flow refused", served=context.flow.version, mend=str(invalid))  # noqa: TRY400
    except Exception:
        log.exception("flow not reloaded", served=context.flow.version)
    else:
        log.info("flow reloaded", served=context.flow.version, staying=served.people)
