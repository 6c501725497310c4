"""The worker of broadcasts looks seldom while there is none, and begins at once with one of its process."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.workers import broadcasts
from bot.workers.broadcasts import BATCH_SECONDS, LOOK_SECONDS, Broadcasts


class FakeBroadcasts:
    """Has a broadcast under way for as many looks as `left` says; `failing` looks fail first."""

    def __init__(self, left: int = 0, failing: int = 0) -> None:
        self.left, self.failing, self.looks = left, failing, 0

    async def go_on(self, now: int) -> int | None:
        self.looks += 1
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database restarts")
        self.left -= 1
        return 40 if self.left >= 0 else None


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the seconds of each wait, of which the fourth is endless."""
    spans: list[float] = []

    async def wait(event: asyncio.Event, seconds: float) -> None:
        spans.append(seconds)
        if len(spans) > 3:
            await event.wait()

    monkeypatch.setattr(broadcasts, "wait_for", wait)
    return spans


async def run(found: FakeBroadcasts, *, begun: bool = False) -> int:
    """Run the worker until it waits for an event, and close it. Return how often it woke the others."""
    context: Any = SimpleNamespace(
        store=SimpleNamespace(broadcasts=found), clock=SystemClock(), broadcast_begun=asyncio.Event()
    )
    woken: list[None] = []
    worker = Broadcasts(context, lambda: woken.append(None))
    task = asyncio.create_task(worker.run())
    for _ in range(10):
        await asyncio.sleep(0)
    if begun:
        context.broadcast_begun.set()
        for _ in range(10):
            await asyncio.sleep(0)
    worker.close()
    await task
    return len(woken)


async def test_it_looks_often_only_while_one_is_under_way(waits: list[float]) -> None:
    assert await run(FakeBroadcasts(left=2)) == 2
    assert waits == [BATCH_SECONDS, BATCH_SECONDS, LOOK_SECONDS, LOOK_SECONDS]


async def test_a_broadcast_of_this_process_begins_at_once(waits: list[float]) -> None:
    found = FakeBroadcasts()
    await run(found, begun=True)
    assert found.looks == 5


async def test_a_look_that_fails_is_not_the_last(waits: list[float]) -> None:
    found = FakeBroadcasts(left=1, failing=1)
    assert await run(found) == 1
    assert waits == [LOOK_SECONDS, BATCH_SECONDS, LOOK_SECONDS, LOOK_SECONDS]
