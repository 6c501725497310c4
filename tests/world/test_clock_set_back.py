"""The machine's clock is set back while the shop is open or closed: nobody waits for an answer."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.clock import Jumps, ShiftedClock
from bot.whatsapp.channel import WHATSAPP
from bot.workers.executor import LEASE
from bot.workers.loop import Workers
from sandbox.world import World
from storage.database.queues import Lane
from storage.outbox.deliveries import Done
from storage.store import Store
from tests.world.running_bot import CONFIRMED, START, Customer, Live, Start

HOURS = 5 * 3_600_000 + 1_800_000
"""The error of a hardware clock in Indian time that is read as UTC."""


class Settable:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = START + HOURS

    def now(self) -> int:
        return self.at

    def steady(self) -> int:
        """Milliseconds of a monotonic clock."""
        return 0


@pytest.fixture
def base() -> Settable:
    return Settable()


@pytest.fixture
def clock(base: Settable) -> ShiftedClock:
    return ShiftedClock(base)


@asynccontextmanager
async def opened(world: World, clock: ShiftedClock, base: Settable, start: Start) -> AsyncIterator[Live]:
    """A shop whose workers use the clock that the test sets."""
    async with start(world, clock) as live:
        live.workers = Workers(live.context, random.Random(7), jumps=Jumps(base.now, base.steady))
        await live.settle()
        yield live


async def chatty(live: Live) -> Customer:
    """A customer with an order to pay, whose burst of messages is used up."""
    asha = live.customer()
    await asha.order()
    for _ in range(50):
        await asha.person.write("menu")
    await live.settle()
    # Of the burst answers leave some to news: as if news had used that up too.
    full = live.clock.now() + WHATSAPP.pace.burst * WHATSAPP.pace.gap
    spend = "UPDATE conversation SET paced_until = $1"
    await live.context.store._units.run(lambda tx: tx.fetch(spend, full))
    return asha


async def test_while_it_is_open(world: World, clock: ShiftedClock, base: Settable, start: Start) -> None:
    async with opened(world, clock, base, start) as live:
        asha = await chatty(live)
        ravi = live.customer("919812345602", "Ravi")
        await live.world.razorpay.pay(asha.link)
        await live.world.tick()  # what Razorpay tells is stored, and waits
        base.at -= HOURS
        assert await ravi.write("hi") != []
        await live.wait(6)
        assert asha.heard(CONFIRMED) == 1
        [notice] = await live.rows("SELECT kind, subject FROM notice WHERE kind = 'clock'")
        assert notice["subject"] == "set back"
        assert len(await asha.write("help")) >= 1


async def test_what_is_on_its_way_just_then_goes_once(
    world: World, clock: ShiftedClock, base: Settable, start: Start
) -> None:
    async with opened(world, clock, base, start) as live:
        asha = live.customer()
        await asha.person.write("hi")
        await live.world.tick()
        await live.workers.step()
        store = live.context.store
        [delivery] = await store.claim_due(clock.now(), 1, LEASE)
        base.at -= HOURS
        await live.wait(2)
        await store.record([Done(delivery.claim, "wamid.on.its.way")], clock.now())
        await live.wait(24 * 60)
        assert asha.texts == []


async def test_while_it_is_closed(world: World, clock: ShiftedClock, base: Settable, start: Start) -> None:
    async with opened(world, clock, base, start) as live:
        asha = await chatty(live)
        await live.world.razorpay.pay(asha.link)
        await live.world.tick()
    base.at -= HOURS
    async with opened(world, clock, base, start) as live:
        asha.live = live
        await live.wait(6)
        assert asha.heard(CONFIRMED) == 1
        assert len(await asha.write("help")) >= 1


async def test_a_refused_account_is_tried_again_after_its_half_minute(
    world: World, clock: ShiftedClock, base: Settable, start: Start
) -> None:
    async with opened(world, clock, base, start) as live:
        asha = live.customer()
        live.workers._traffic.circuits[Lane.CHAT].record_halt(clock.now())
        base.at -= HOURS
        await asha.person.write("hi")
        await live.settle()
        assert asha.texts == []
        await live.wait(0.6)
        assert len(asha.texts) == 1
        assert not live.workers._traffic.circuits[Lane.CHAT].is_open


def _once(failing: list[str], name: str, store: Store) -> Callable[..., Awaitable[Any]]:
    """The method of the store, made to fail once."""
    works = getattr(store, name)

    async def call(*arguments: object) -> Any:
        if name in failing:
            failing.remove(name)
            raise ConnectionError("the database restarts")
        return await works(*arguments)

    return call


async def test_a_database_that_fails_just_then_is_asked_again(
    world: World, clock: ShiftedClock, base: Settable, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world, clock, base, start) as live:
        asha, ravi = await chatty(live), live.customer("919812345602", "Ravi")
        await live.world.razorpay.pay(asha.link)
        await live.world.tick()
        base.at -= HOURS
        failing = ["rewind", "tell"]
        for name in tuple(failing):
            monkeypatch.setattr(live.context.store, name, _once(failing, name, live.context.store))
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await live.workers.step()
        assert await ravi.write("hi") != []
        await live.wait(6)
        assert asha.heard(CONFIRMED) == 1
        [notice] = await live.rows("SELECT kind, subject FROM notice WHERE kind = 'clock'")
        assert notice["subject"] == "set back"
