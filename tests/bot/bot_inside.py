"""The demo's phone with a bot in this process: quick to start, and open to a profiler."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import bot
from bot.clock import ShiftedClock, SystemClock
from bot.context import Context
from bot.demo.books import Books
from bot.demo.handset import Handset
from bot.http.server import serving
from bot.settings import Settings
from bot.workers.loop import Workers
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from sandbox.world import World
from storage import Store


@dataclass
class Inside:
    """The bot as a phone sees it."""

    context: Context
    workers: Workers
    world: World
    clock: ShiftedClock

    async def waiting(self) -> int:
        counts = await self.context.store.counts(self.clock.now())
        return counts.pending + counts.unfinished

    async def wait(self, milliseconds: int) -> None:
        self.clock.put_forward(milliseconds)
        await self.world.tick()
        self.workers.wake()


@asynccontextmanager
async def phone_inside(file: Path) -> AsyncIterator[Handset]:
    """Yield a customer's phone in a world with a bot that serves `file`."""
    clock = ShiftedClock(SystemClock())
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite://{folder}/munshi.db"
        await Store.migrate(database)
        async with World.running(now=clock.now) as world:
            world.razorpay.refund_delay_ms = TRIAL_DELAY_MS
            settings = _settings(world, file, database)
            async with bot(settings, clock) as (context, workers), serving(context) as url:
                workers.start()
                await world.connect(url)
                inside, person = Inside(context, workers, world, clock), world.meta.person("919812345601")
                yield Handset(person, world, Books(database), inside, "Chai & Co.")


def _settings(world: World, file: Path, database: str) -> Settings:
    values: dict[str, Any] = {name.lower(): value for name, value in world.settings().items()}
    values |= {"database_url": database, "munshi_flow": file, "munshi_api_token": "a-token-of-these-tests"}
    return Settings(**{"_env_file": None, **values, "host": "127.0.0.1", "port": 0})
