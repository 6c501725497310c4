"""Fixtures of the bot's tests."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.client import WhatsAppClient
from bot.workers.executor import Executor
from payments.razorpay.gateway import Gateway
from sandbox.world import API_VERSION, World
from storage import Store
from tests.bot.executor_bench import Bench, FixedClock, NoJitter, no_files
from tests.databases import made


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = FixedClock()
    async with World.running(now=clock.now, ticking=False) as world, aiohttp.ClientSession() as session:
        secrets = world.secrets
        whatsapp = WhatsAppClient(
            session,
            base_url=world.meta_url,
            version=API_VERSION,
            phone_number_id=secrets.phone_number_id,
            access_token=secrets.access_token,
        )
        gateway = Gateway(secrets.key_id, secrets.key_secret, world.razorpay_url)
        yield Bench(Executor(whatsapp, gateway, clock, NoJitter(), no_files), world)
        await gateway.close()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store that is open, as under a running server."""
    await made(database_url)
    store = await Store.open(database_url, WHATSAPP)
    yield store
    await store.close()
