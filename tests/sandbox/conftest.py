"""A world whose time stands still, and a server in the bot's place."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from sandbox.world import World
from tests.sandbox.webhook_listener import Bot, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = Bot()
    runner = web.AppRunner(bot.app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield bot
    await runner.cleanup()


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    async with World.running(now=clock, ticking=False) as world:
        yield world
