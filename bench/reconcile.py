"""Memory for reconciling 100,000 open attempts, when Razorpay must be asked about all of them at once.

The worst case: webhooks were lost for a long time, and a poll of every link is due. The workers run as in
production, against a gateway that answers at once. The figure is the growth of resident memory.
"""

import asyncio
import random
import re
import sqlite3
import sys
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import uvloop

from bench.figures import Figure
from bench.shop import flow, phone, settings
from bot.app import bot, tune_interpreter
from bot.whatsapp.channel import WHATSAPP
from bot.workers.loop import Workers
from flows.engine import events
from payments.processing.advance import advance
from payments.processing.results import LinkCreated
from payments.processing.step_input import EventKind
from payments.razorpay.gateway import Link
from payments.shop.orders import LinkStatus, Mode
from storage import Store
from storage.database.queues import Lane
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Done

_ATTEMPTS: Final = 100_000
_SECONDS: Final = 20
"""Seconds for which the gateway is asked once every poll is decided. To ask about all takes minutes."""
_MIB: Final = 50
_START: Final = 1_790_000_000_000
_DUE: Final = _START + 5 * 60_000
_LEASE: Final = 60_000


def reconcile() -> Figure:
    """Measure the growth of resident memory, in a separate process. The rates go to standard error."""
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        database = Path(directory) / "bench.db"
        uvloop.run(_one_order(database))
        _multiply(database)
        with get_context("spawn").Pool(1) as pool:
            growth = pool.apply(_measured, (database,))
    return Figure(f"reconcile {_ATTEMPTS:,} open attempts", "MiB", [(growth, _MIB)], goal=1, at_most=True)


async def _one_order(database: Path) -> None:
    """Store a customer whose link was just made, so that its first poll is planned."""
    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    for text in ("hi", "1", "checkout", "confirm"):
        body = {"event": events.to_json(events.TextReceived(text)), "name": "Asha"}
        await store.arrive([Arrival(text, EventKind.CHAT, body, aliases=(("phone", phone(0)),))], _START)
        await store.advance_due(partial(advance, flow(), now=_START), _START)
    [delivery] = await store.claim_due(_START, 1, _LEASE, (Lane.PAY,))
    reference, url = delivery.payload["reference_id"], "https://rzp.io/rzp/bench1"
    made = LinkCreated(reference, "plink_bench1", url, LinkStatus.CREATED, Mode.TEST)
    await store.record([Done(delivery.claim, "plink_bench1", made)], _START)
    await store.advance_due(partial(advance, flow(), now=_START), _START)
    await store.close()


def _multiply(database: Path) -> None:
    """Copy the order, its link and its poll to `_ATTEMPTS` customers. Everything but the poll is done."""
    connection = sqlite3.connect(database)
    [(key,)] = connection.execute("SELECT key FROM installation")
    connection.execute("DELETE FROM outbox")
    connection.execute("DELETE FROM inbox WHERE kind <> 'poll'")
    connection.execute("UPDATE inbox SET due_at = ?", (_DUE,))
    for table in ("conversation", "orders", "attempt", "inbox"):
        _copy_row(connection, table, f"{key}-1-")
    connection.commit()
    connection.close()


def _copy_row(connection: sqlite3.Connection, table: str, prefix: str) -> None:
    """Copy the only row of `table` `_ATTEMPTS - 1` times. Keys that begin with `prefix` are customer 1's."""
    owner = "id" if table == "conversation" else "conversation_id"
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    copied = [name for name in columns if name == owner or name != "id"]
    values = [
        "n"
        if name == owner
        else f"REPLACE(REPLACE({name}, '{prefix}', '{prefix[:-2]}' || n || '-'),"
        f" 'plink_bench1', 'plink_bench' || n)"
        if connection.execute(f"SELECT TYPEOF({name}) FROM {table}").fetchone() == ("text",)
        else name
        for name in copied
    ]
    connection.execute(
        f"WITH RECURSIVE many(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM many WHERE n < {_ATTEMPTS})"
        f" INSERT INTO {table} ({', '.join(copied)}) SELECT {', '.join(values)} FROM {table}, many"
    )


class _Still:
    """A clock that stands at the time when every poll is due."""

    def now(self) -> int:
        return _DUE


class _Gateway:
    """A gateway that answers at once that nobody has paid."""

    mode = Mode.TEST

    def __init__(self) -> None:
        self.asked = 0

    async def fetch_link(self, link_id: str) -> Link:
        self.asked += 1
        url = "https://rzp.io/rzp/bench1"
        return Link(link_id, "", LinkStatus.CREATED, 18_000, 0, "INR", url, None, {}, _START // 1000)


def _measured(database: Path) -> float:
    return uvloop.run(_grown(database))


async def _grown(database: Path) -> float:
    """Return the maximum growth of the process in MiB."""
    async with bot(settings(database, "http://127.0.0.1:9"), _Still()) as (context, _):
        gateway: Any = _Gateway()
        workers = Workers(replace(context, gateway=gateway), random.Random(0))
        tune_interpreter()
        before = _memory("VmRSS")
        workers.start()
        start, stepped, asked = perf_counter(), 0.0, 0
        while not stepped or perf_counter() < stepped + _SECONDS:
            await asyncio.sleep(0.5)
            if not stepped and not await _unstepped(context.store):
                stepped, asked = perf_counter(), gateway.asked
        rates = (_ATTEMPTS / (stepped - start), (gateway.asked - asked) / _SECONDS)
        peak = _memory("VmHWM")
        await workers.close()
    print("polls decided {:,.0f}/s, then asked and answered {:,.0f}/s".format(*rates), file=sys.stderr)
    return peak - before


async def _unstepped(store: Store) -> int:
    return (await store.counts(_DUE)).pending


def _memory(name: str) -> float:
    """Return this process's memory in MiB, from Linux: `VmRSS` is resident now, `VmHWM` at the peak."""
    [kilobytes] = re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) / 1024
