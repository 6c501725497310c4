"""Fixtures of the bot's tests."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.whatsapp.client import WhatsAppClient
from bot.workers.executor import Executor
from payments.razorpay.gateway import Gateway
from sandbox.world import API_VERSION, World
from tests.bot.executor_bench import Bench, FixedClock, NoJitter


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
        yield Bench(Executor(whatsapp, gateway, clock, NoJitter()), world)
        await gateway.close()
