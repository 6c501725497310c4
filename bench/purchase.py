"""The size of a purchase in the database, before anything is pruned.

Customers buy in the shipped shop, over HTTP: seven messages are answered, and each answer is sent, delivered
and read. Then two months pass, so that every timer and poll is handled, and the audit has seen each order.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from bench.figures import Figure
from bench.shop import FLOW_FILE, SECRET, phone
from bot.app import bot
from bot.clock import ShiftedClock, SystemClock
from bot.context import Context
from bot.http.server import serving
from bot.settings import Settings
from bot.workers.audits import Audits
from sandbox.people import Person
from sandbox.world import World
from storage import Store

_CUSTOMERS: Final = 600
"""Default of MUNSHI_CUSTOMERS."""
_TOGETHER: Final = 5
"""Customers who buy at the same time, as in a shop of some hundred purchases a day."""
_LATER: Final = 60
"""Days until nothing of a purchase waits any more."""
_DAY: Final = 86_400_000
_LIMIT: Final = 10.0
_LOOK_SECONDS: Final = 0.02
_CALM: Final = 3
"""Consecutive looks that must find nothing in progress."""

_MOVES: Final[tuple[Callable[[Person], Awaitable[object]], ...]] = (
    lambda person: person.write("hi"),
    lambda person: person.tap("Masala chai 250 g"),
    lambda person: person.tap("Ginger chai 250 g"),
    lambda person: person.tap("Proceed to Checkout"),
    lambda person: person.tap("Confirm order"),
    lambda person: person.tap("Pay Now"),
)


def purchase_size() -> Figure:
    """Measure the kB (1,000 bytes) by which the SQLite file grows for each purchase."""
    customers = int(os.environ.get("MUNSHI_CUSTOMERS", _CUSTOMERS))
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        database = Path(directory) / "purchases.db"
        size = uvloop.run(_size(database, customers))
    return Figure("a purchase before pruning", "kB", [(size, _LIMIT)], goal=1, at_most=True)


async def _size(database: Path, customers: int) -> float:
    clock = ShiftedClock(SystemClock())
    async with World.running(now=clock.now, statuses=("sent", "delivered", "read")) as world:
        settings = _settings(world, database)
        await Store.migrate(settings.database_url)
        async with bot(settings, clock) as (context, workers), serving(context) as url:
            workers.start()
            await world.connect(url)
            before = _bytes(database)
            for first in range(0, customers, _TOGETHER):
                numbers = range(first, min(first + _TOGETHER, customers))
                await _buy(world, context, [world.meta.person(phone(n)) for n in numbers])
            for _ in range(_LATER):
                clock.put_forward(_DAY)
                await world.tick()
                workers.wake()
                await _calm(world, context)
            await Audits(context, share=1).audit()
    _print_parts(database, customers)
    return (_bytes(database) - before) / customers / 1000


def _settings(world: World, database: Path) -> Settings:
    values: dict[str, object] = {name.lower(): value for name, value in world.settings().items()}
    values |= {"database_url": f"sqlite://{database}", "munshi_flow": FLOW_FILE, "munshi_api_token": SECRET}
    return Settings(**{"_env_file": None, **values, "host": "127.0.0.1", "port": 0})  # type: ignore[arg-type]


async def _buy(world: World, context: Context, people: Iterable[Person]) -> None:
    for move in _MOVES:
        for person in people:
            await move(person)
        await _calm(world, context)
    for link in [link.id for link in world.razorpay.links.values() if link.status == "created"]:
        await world.razorpay.pay(link)
    await _calm(world, context)


async def _calm(world: World, context: Context) -> None:
    calm = 0
    while calm < _CALM:
        await asyncio.sleep(_LOOK_SECONDS)
        counts = await context.store.counts(context.clock.now())
        calm = 0 if world.courier.busy or counts.pending or counts.unfinished else calm + 1


def _bytes(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        [[size]] = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        )
    return int(size)


def _print_parts(database: Path, customers: int) -> None:
    with sqlite3.connect(database) as connection:
        print("bytes of a purchase, by table and index:", file=sys.stderr)
        for name, size, rows in connection.execute(_PARTS):
            print(f"  {name}: {size / customers:,.0f} in {rows / customers:.1f} rows", file=sys.stderr)


_PARTS: Final = """
SELECT name, SUM(pgsize) AS size, SUM(CASE WHEN pagetype = 'leaf' THEN ncell ELSE 0 END) AS rows
FROM dbstat GROUP BY name HAVING size > 40960 ORDER BY size DESC"""
