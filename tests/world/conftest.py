"""The whole bot over HTTP against the sandbox world, on each database, with time in the test's hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import bot
from bot.clock import ShiftedClock
from bot.http.server import serving
from bot.settings import Settings
from sandbox.world import World
from tests.databases import made
from tests.world.running_bot import API_TOKEN, FLOW, Live, Start, StillClock


@pytest.fixture(autouse=True)
def not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests is no fault of the shop's."""
    monkeypatch.setattr("bot.checks.machine.geteuid", lambda: 1000)


@pytest.fixture
def settings_for(database_url: str) -> Callable[[World], Settings]:
    def make(world: World) -> Settings:
        values: dict[str, Any] = {name.lower(): value for name, value in world.settings().items()}
        values |= {
            "database_url": database_url,
            "munshi_flow": FLOW,
            "port": 0,
            "munshi_api_token": API_TOKEN,
        }
        return Settings(**{"_env_file": None, **values})

    return make


@pytest.fixture
def start(settings_for: Callable[[World], Settings]) -> Start:
    """Start a bot in a world, with another flow if one is given. Call it again for a restart."""

    @asynccontextmanager
    async def running(world: World, clock: ShiftedClock, flow: Path | None = None) -> AsyncIterator[Live]:
        settings = settings_for(world)
        settings = settings.model_copy(update={"munshi_flow": flow or settings.munshi_flow})
        await made(settings.database_url)
        async with (
            bot(settings, clock) as (context, workers),
            serving(context) as url,
            aiohttp.ClientSession() as http,
        ):
            await world.connect(url)
            yield Live(world, context, workers, url, clock, http)

    return running


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock(StillClock())


@pytest.fixture
async def world(clock: ShiftedClock) -> AsyncIterator[World]:
    async with World.running(now=clock.now, ticking=False, seed=7) as world:
        yield world


@pytest.fixture
async def live(world: World, clock: ShiftedClock, start: Start) -> AsyncIterator[Live]:
    async with start(world, clock) as live:
        yield live


@pytest.fixture
async def silent(clock: ShiftedClock, start: Start) -> AsyncIterator[Live]:
    """A bot in a world where Meta sends no receipts by itself."""
    async with World.running(now=clock.now, ticking=False, statuses=()) as world, start(world, clock) as live:
        yield live
