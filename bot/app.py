"""Composition root: the only module that builds the bot's concrete parts and decides their order."""

import gc
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import aiohttp

from bot.clock import Clock, SystemClock
from bot.context import Context
from bot.flow_file import load_flow
from bot.flow_versions import FlowVersions, loaded
from bot.group_commit import Batcher
from bot.hook_client import HookClient
from bot.metrics import Metrics
from bot.serving import RELOAD, serve
from bot.settings import Settings
from bot.shopify import shopify_client
from bot.staff import declare_staff, staffed
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.client import WhatsAppClient
from bot.workers.loop import CALLERS, IN_FLIGHT, Workers
from payments.razorpay.gateway import Gateway
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored

INGEST_BATCH = 200
"""Maximum number of requests that share one commit."""
_KEEPALIVE_SECONDS = 12
"""Below Meta's idle limit, so that a send rarely uses a connection that Meta has just closed."""


Begin: TypeAlias = Callable[[Store, Settings, int], Awaitable[FlowVersions]]
"""(store, settings, now) -> the versions of the flow, with one that is served."""


async def from_file(store: Store, settings: Settings, now: int) -> FlowVersions:
    """Have the flow file served by all processes, as a reload does."""
    flow = staffed(load_flow(settings.munshi_flow), settings)
    served = await serve(store, settings.database_url, flow, RELOAD, "start", now)
    await declare_staff(store, flow, now)
    # Another process may have had something else served meanwhile: `follow` takes that over.
    servings = [one for one in await store.versions.since(0) if one.number <= served.number]
    return FlowVersions(flow, served.number, servings)


async def from_database(store: Store, settings: Settings, now: int) -> FlowVersions:
    """Serve what other processes serve; the flow file if nothing was ever served."""
    servings = await store.versions.since(0)
    if not servings:
        return await from_file(store, settings, now)
    newest = servings[-1]
    flow = staffed(await loaded(store.versions, newest.number), settings)
    await declare_staff(store, flow, now)
    return FlowVersions(flow, newest.number, servings)


@asynccontextmanager
async def bot(
    settings: Settings, clock: Clock | None = None, begin: Begin = from_file
) -> AsyncIterator[tuple[Context, Workers]]:
    """Build the bot's context and its workers, not started; close them in reverse order on the way out.

    `begin` says which version of the flow is served at first. Raises FlowInvalid, SettingsInvalid or
    StorageError before anything is served.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url, WHATSAPP)
        stack.push_async_callback(store.close)
        # The clock may have been set back while the bot was stopped.
        await store.rewind(clock.now())
        versions = await begin(store, settings, clock.now())
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT, keepalive_timeout=_KEEPALIVE_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        gateway = Gateway(
            settings.razorpay_key_id,
            settings.razorpay_key_secret.get_secret_value(),
            settings.razorpay_api_url,
            threads=CALLERS,
        )
        stack.push_async_callback(gateway.close)
        metrics = Metrics()
        inbox = _Inbox(store, clock, metrics)
        whatsapp = WhatsAppClient(
            session,
            base_url=settings.whatsapp_api_url,
            version=settings.whatsapp_api_version,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        hooks = (
            HookClient(session, settings.munshi_hook_url, settings.hook_keys)
            if settings.munshi_hook_url
            else None
        )
        shopify = shopify_client(settings)
        if shopify is not None:
            stack.push_async_callback(shopify.close)
        parts = (settings, clock, versions, store, whatsapp, gateway, inbox.batcher, metrics)
        context = Context(*parts, hooks=hooks, shopify=shopify)
        workers = Workers(context, random.SystemRandom())
        inbox.workers = workers
        stack.push_async_callback(workers.close)
        stack.push_async_callback(inbox.batcher.flush)
        yield context, workers


_SWITCH_SECONDS = 0.0002
"""How long the database's thread waits for the interpreter lock.

Python's default of 5 ms halves the rate of acknowledged webhooks.
"""


def tune_interpreter() -> None:
    """Tune Python for a process that runs only the bot. docs/bench.md measures the effect of each line.

    The garbage collector runs less often, because reference counts free nearly everything, and skips all
    objects that were loaded at start. Threads switch sooner.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(_SWITCH_SECONDS)


class _Inbox:
    """Stores the arrivals of several requests in one transaction and wakes the workers."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store, self._clock, self._metrics = store, clock, metrics
        self.workers: Workers | None = None
        self.batcher: Batcher[Sequence[Arrival], Sequence[Stored]] = Batcher(self._write, batch=INGEST_BATCH)

    async def _write(self, requests: Sequence[Sequence[Arrival]]) -> list[Sequence[Stored]]:
        arrivals = [arrival for request in requests for arrival in request]
        stored = await self._store.arrive(arrivals, self._clock.now())
        self._metrics.batch.observe(len(requests))
        self._metrics.arrived.inc(sum(row.new for row in stored))
        if self.workers:
            self.workers.wake()
        rows = iter(stored)
        return [[next(rows) for _ in request] for request in requests]
