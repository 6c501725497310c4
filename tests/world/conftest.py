"""The whole bot over HTTP against the sandbox world, on each database, with time in the test's hand."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import bot
from bot.clock import ShiftedClock
from bot.parts import Parts
from bot.sandbox.people import Person, ReceivedMessage
from bot.sandbox.world import World
from bot.server import serving
from bot.settings import Settings
from bot.workers.loop import Workers
from storage import Store

START = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC."""
FLOW = Path(__file__).parents[2] / "flows.yaml"
API_TOKEN = "test-api-token-0123456789"


class StillClock:
    """Time that only passes when a test says so."""

    def now(self) -> int:
        return START


@dataclass
class Live:
    """One running bot, its world, and a customer."""

    world: World
    parts: Parts
    workers: Workers
    url: str
    clock: ShiftedClock
    http: aiohttp.ClientSession

    async def settle(self) -> None:
        """Until nothing is due, nothing is in flight and no webhook is being delivered."""
        idle = 0
        while idle < 2:
            await self.world.tick()
            idle = 0 if await self.workers.drain() else idle + 1

    async def wait(self, minutes: float) -> None:
        """Time passes; what falls due meanwhile happens."""
        self.clock.put_forward(int(minutes * 60_000))
        await self.settle()

    def customer(self, phone: str = "919812345601", name: str = "Asha") -> "Customer":
        return Customer(self, self.world.meta.person(phone, name))


@dataclass
class Customer:
    """Chats, and gets the answers back."""

    live: Live
    person: Person

    async def write(self, text: str) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.write(text)
        return await self._answers(before)

    async def tap(self, title: str) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.tap(title)
        return await self._answers(before)

    async def send(self, kind: str, body: dict[str, object]) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.send(kind, body)
        return await self._answers(before)

    async def pay(self) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.live.world.razorpay.pay(self.link)
        return await self._answers(before)

    async def fail(self) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.live.world.razorpay.fail(self.link)
        return await self._answers(before)

    async def order(self) -> list[ReceivedMessage]:
        """Chat up to the button that pays: two Masala chai and one Ginger chai, ₹500."""
        await self.write("hi")
        for product in ("Masala chai 250 g", "Masala chai 250 g", "Ginger chai 250 g"):
            await self.tap(product)
        await self.tap("Proceed to Checkout")
        return await self.tap("Confirm order")

    @property
    def link(self) -> str:
        """The newest payment link in the chat's account at Razorpay."""
        return list(self.live.world.razorpay.links.values())[-1].id

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.person.messages]

    async def _answers(self, before: int) -> list[ReceivedMessage]:
        await self.live.settle()
        return self.person.messages[before:]


Start = Callable[[World, ShiftedClock], AbstractAsyncContextManager[Live]]


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
    """Starts a bot in a world; again, to see what a restart finds."""

    @asynccontextmanager
    async def running(world: World, clock: ShiftedClock) -> AsyncIterator[Live]:
        settings = settings_for(world)
        await Store.migrate(settings.database_url)
        async with (
            bot(settings, clock) as (parts, workers),
            serving(parts) as url,
            aiohttp.ClientSession() as http,
        ):
            await world.connect(url)
            yield Live(world, parts, workers, url, clock, http)

    return running


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock(StillClock())


@pytest.fixture
async def world(clock: ShiftedClock) -> AsyncIterator[World]:
    async with World.running(now=clock.now, ticking=False, seed=random.Random(7).randrange(100)) as world:
        yield world


@pytest.fixture
async def live(world: World, clock: ShiftedClock, start: Start) -> AsyncIterator[Live]:
    async with start(world, clock) as live:
        yield live
