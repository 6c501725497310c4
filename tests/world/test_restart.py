"""The bot is stopped and restarted on the same database, at every place of the chat."""

import asyncio
from typing import Any

import pytest

from bot.clock import ShiftedClock
from bot.workers.loop import Workers
from sandbox.world import World
from storage import Store
from tests.world.running_bot import CONFIRMED, PRODUCTS, Customer, Start

STEPS = ("hi", *PRODUCTS, "Proceed to Checkout", "Confirm order", "Pay Now", "pay")


async def act(asha: Customer, step: str) -> None:
    """The customer's part of a step, without waiting for the bot's answer."""
    if step == "hi":
        await asha.person.write("hi")
    elif step == "pay":
        await asha.live.world.razorpay.pay(asha.link)
    else:
        await asha.person.tap(step)
    await asha.live.world.quiet()


async def check_the_end(asha: Customer) -> None:
    link = asha.live.world.razorpay.links[asha.link]
    assert len(asha.live.world.razorpay.links) == 1
    assert link.amount == 50_000
    assert (await asha.live.order(link)).payment == "paid"
    assert asha.heard(CONFIRMED) == 1
    assert asha.heard("💳 Complete Payment") == 1
    assert len(asha.texts) == len(STEPS)
    assert await asha.live.parked() == []


@pytest.mark.parametrize("stop_at", range(len(STEPS)), ids=STEPS[:1] + tuple(f"{i}" for i in range(1, 8)))
async def test_stopped_between_the_webhook_and_its_answer(
    stop_at: int, world: World, clock: ShiftedClock, start: Start
) -> None:
    """What was acknowledged is stored: the next bot answers it."""
    async with start(world, clock) as live:
        asha = live.customer()
        for step in STEPS[:stop_at]:
            await act(asha, step)
            await live.settle()
        await act(asha, STEPS[stop_at])
        heard = len(asha.texts)
    assert len(asha.texts) == heard
    async with start(world, clock) as live:
        asha = live.customer()
        await live.settle()
        assert len(asha.texts) == heard + 1
        for step in STEPS[stop_at + 1 :]:
            await act(asha, step)
            await live.settle()
        await check_the_end(asha)


@pytest.mark.parametrize("step", ["Confirm order", "pay"])
async def test_stopped_between_every_decision_and_its_deed(
    step: str, world: World, clock: ShiftedClock, start: Start
) -> None:
    """Around the payment each bot does one thing: it stores, decides or performs."""
    stop_at = STEPS.index(step)
    async with start(world, clock) as live:
        for before in STEPS[:stop_at]:
            await act(live.customer(), before)
            await live.settle()
        await act(live.customer(), step)
    for work in ("step", "perform", "step", "perform"):
        async with start(world, clock) as live:
            await getattr(live.workers, work)()
        await world.quiet()
    async with start(world, clock) as live:
        await live.settle()
        for after in STEPS[stop_at + 1 :]:
            await act(live.customer(), after)
            await live.settle()
        await check_the_end(live.customer())


async def test_timers_go_on(world: World, clock: ShiftedClock, start: Start) -> None:
    async with start(world, clock) as live:
        await live.customer().order()
    clock.put_forward(10 * 60_000)
    async with start(world, clock) as live:
        await live.settle()
        assert live.customer().heard("is waiting for its payment") == 1


async def test_nothing_is_left_claimed_by_a_bot_that_stops(
    world: World, clock: ShiftedClock, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim is released when the bot stops: the next bot need not wait for its lease."""
    claimed, closing = asyncio.Event(), asyncio.Event()
    claim_due, close = Store.claim_due, Workers.close

    async def announced(self: Store, *args: Any) -> Any:
        found = await claim_due(self, *args)
        claimed.set()
        await closing.wait()
        return found

    async def announced_close(self: Workers) -> None:
        closing.set()
        await close(self)

    monkeypatch.setattr(Workers, "close", announced_close)
    async with start(world, clock) as live:
        asha = live.customer()
        await act(asha, "hi")
        await live.workers.step()
        monkeypatch.setattr(Store, "claim_due", announced)
        live.workers.start()
        await claimed.wait()
    await world.quiet()
    assert asha.texts == []
    monkeypatch.undo()
    async with start(world, clock) as live:
        assert await live.rows("SELECT id FROM outbox WHERE state = 'sending'") == []
        await live.settle()
        assert len(asha.texts) == 1


async def test_the_loops_do_it_all_by_themselves(world: World, clock: ShiftedClock, start: Start) -> None:
    """The workers run by themselves: woken by what arrives, they bring the chat to its end."""
    async with start(world, clock) as live:
        live.workers.start()
        asha = live.customer()
        for count, step in enumerate(STEPS, 1):
            await act(asha, step)
            async with asyncio.timeout(10):
                while len(asha.texts) < count:
                    await asyncio.sleep(0.005)
        await check_the_end(asha)
