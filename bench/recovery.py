"""`python -m bench.recovery [events]`: `munshi serve` after a kill -9 that left so many events to be handled.

A process stores the events and is killed with its database open. Then the real command is started on it.
Measured are the time until `/readyz` answers 200, and how fast the events are handled from then on, with a
pretended WhatsApp that takes every answer at once.
"""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, time
from typing import Any, Final

import httpx
import uvloop

from bench.caddy import free_port
from bench.live import memory_of
from bench.outside import outside
from bench.shop import FLOW_FILE, NUMBER, SECRET, phone
from bot.whatsapp.channel import WHATSAPP
from flows.engine import events
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival

_CUSTOMERS: Final = 10_000
_BATCH: Final = 500
_PATIENCE: Final = 900.0
_SERVE: Final = (sys.executable, "-c", "from bot.cli import main; main()", "serve")


def _fill(database: Path, count: int) -> None:
    """Store `count` events and die by SIGKILL. To be run as a process of its own."""
    uvloop.run(_filling(database, count))


async def _filling(database: Path, count: int) -> None:
    url, now = f"sqlite://{database}", int(time() * 1000)
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    body = {"event": events.to_json(events.TextReceived("hi")), "name": "Asha"}
    for first in range(0, count, _BATCH):
        await store.arrive([_arrival(n, body) for n in range(first, min(first + _BATCH, count))], now)
    os.kill(os.getpid(), signal.SIGKILL)


def _arrival(number: int, body: Mapping[str, Any]) -> Arrival:
    names = (("phone", phone(number % _CUSTOMERS)),)
    return Arrival(f"wamid.recovery{number}", EventKind.CHAT, body, aliases=names, name="Asha")


def _environment(database: Path, graph_url: str, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(FLOW_FILE.parent),
        "DATABASE_URL": f"sqlite://{database}",
        "MUNSHI_FLOW": str(FLOW_FILE),
        "PORT": str(port),
        "MUNSHI_API_TOKEN": SECRET,
        "WHATSAPP_API_URL": graph_url,
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "WHATSAPP_ACCESS_TOKEN": SECRET,
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": SECRET,
        "RAZORPAY_API_URL": graph_url,
        "RAZORPAY_KEY_ID": "rzp_test_Bench00000001",
        "RAZORPAY_KEY_SECRET": SECRET,
        "RAZORPAY_WEBHOOK_SECRET": SECRET,
    }


async def _measure(count: int) -> None:
    with TemporaryDirectory(prefix="munshi-bench-") as directory, outside() as world:
        database, port = Path(directory) / "bench.db", free_port()
        filling = get_context("spawn").Process(target=_fill, args=(database, count))
        filling.start()
        await asyncio.to_thread(filling.join)
        if filling.exitcode != -signal.SIGKILL:
            sys.exit("the events could not be stored")
        start = perf_counter()
        with (Path(directory) / "log").open("wb") as log:
            env = _environment(database, world.graph_url, port)
            serving = await asyncio.create_subprocess_exec(
                *_SERVE, env=env, cwd=directory, stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(_PATIENCE), httpx.AsyncClient(trust_env=False) as http:
                await _ready(http, port)
                ready = perf_counter() - start
                print(f"ready {ready:.1f} s after its start, with {count} events to be handled", flush=True)
                await _handled(http, port)
            took = perf_counter() - start - ready
            print(f"all handled {took:.0f} s later, {count / took:.0f}/s; server {memory_of(serving.pid)}")
        finally:
            serving.terminate()
            await serving.wait()
        _check(database, count)


async def _ready(http: httpx.AsyncClient, port: int) -> None:
    while True:
        try:
            if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.02)


async def _handled(http: httpx.AsyncClient, port: int) -> None:
    while True:
        answer = await http.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
        if re.search(r'^munshi_waiting\{what="pending"\} 0\.0$', answer.text, re.MULTILINE):
            return
        await asyncio.sleep(0.5)


def _check(database: Path, count: int) -> None:
    """End the program if an event was not handled, or one before an earlier one of its customer."""
    with closing(sqlite3.connect(database)) as books:
        of_chats = "FROM inbox WHERE kind = 'chat'"
        rows = books.execute(f"SELECT conversation_id, handled_at {of_chats} ORDER BY id").fetchall()
    last: dict[int, int] = {}
    for conversation, handled in rows:
        if handled is None or handled < last.get(conversation, 0):
            sys.exit("an event was not handled, or before an earlier one")
        last[conversation] = handled
    print(f"{len(rows)} of {count} events are there, each handled, each customer's in order")


def main() -> None:
    """Measure and print."""
    uvloop.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))


if __name__ == "__main__":
    main()
