"""Composition root: the only module that builds the bot's concrete parts and decides their order."""

import gc
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from bot.clock import Clock, SystemClock
from bot.context import Context
from bot.group_commit import Batcher
from bot.metrics import Metrics
from bot.settings import Settings
from bot.staff import declare_staff, staffed
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.limits import LIMITS
from bot.workers.loop import CALLERS, IN_FLIGHT, Workers
from flows.document.errors import FlowInvalid, Issue
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.razorpay.gateway import Gateway
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored

INGEST_BATCH = 200
"""Maximum number of requests that share one commit."""
_KEEPALIVE_SECONDS = 12
"""Below Meta's idle limit, so that a send rarely uses a connection that Meta has just closed."""


def load_flow(path: Path) -> Flow:
    """Load the shop's flow. Raises FlowInvalid with every error in it, or the reason it can't be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FlowInvalid((Issue(str(path), 1, 1, _describe_read_error(error)),)) from None
    except UnicodeDecodeError:
        raise FlowInvalid((Issue(str(path), 1, 1, "the file is not UTF-8 text"),)) from None
    return load(text, str(path), SHOP, limits=LIMITS)


@asynccontextmanager
async def bot(settings: Settings, clock: Clock | None = None) -> AsyncIterator[tuple[Context, Workers]]:
    """Build the bot's context and its workers, not started; close them in reverse order on the way out.

    Raises FlowInvalid, SettingsInvalid or StorageError before anything is served.
    """
    flow, clock = staffed(load_flow(settings.munshi_flow), settings), clock or SystemClock()
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url, WHATSAPP)
        stack.push_async_callback(store.close)
        # The clock may have been set back while the bot was stopped.
        await store.rewind(clock.now())
        await store.declare(flow.sections["shop"].counted)
        await declare_staff(store, flow, clock.now())
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
        context = Context(settings, clock, flow, store, whatsapp, gateway, inbox.batcher, metrics)
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


def _describe_read_error(error: OSError) -> str:
    reason = f"the file can't be read: {error.strerror}"
    missing = isinstance(error, FileNotFoundError)
    return f"{reason}: commands run in the folder of a shop, which 'munshi init' makes" if missing else reason
