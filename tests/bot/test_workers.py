"""The workers' loops over a store in memory: order within a customer, failing rounds, and stopping.

What they do with a real database and real HTTP is in tests/world.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.parts import Parts
from bot.workers import loop
from bot.workers.loop import IN_FLIGHT, Workers
from storage.deliveries import Again, Delivery, Done, Outcome


class Shelf:
    """As much of a store as workers use: deliveries are claimed once, and outcomes remembered."""

    def __init__(self) -> None:
        self.waiting: list[Delivery] = []
        self.recorded: list[Outcome] = []
        self.released: list[int] = []
        self.rounds = 0
        self.failing = 0

    async def apply_receipts(self, now: int) -> int:
        return 0

    async def advance_due(self, advance: Any, now: int, limit: int) -> int:
        self.rounds += 1
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database restarts")
        return 0

    async def claim_due(self, now: int, limit: int, lease: int) -> list[Delivery]:
        claimed, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return claimed

    async def record(self, outcomes: Sequence[Outcome], now: int) -> None:
        self.recorded.extend(outcomes)

    async def release(self, ids: Sequence[int]) -> None:
        self.released.extend(ids)


class Hands:
    """Performs by appointment: each entry as `outcome` says, once the gate is open."""

    def __init__(self, outcome: Callable[[Delivery], Outcome]) -> None:
        self.outcome = outcome
        self.performed: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def perform(self, delivery: Delivery) -> Outcome:
        self.performed.append(delivery.id)
        await self.gate.wait()
        return self.outcome(delivery)


def entry(id: int, conversation: str, lane: str = "chat") -> Delivery:
    return Delivery(id, conversation, lane, "test", {}, 1, "919812345601", None, f"{conversation}.{id}", 0)


def workers(shelf: Shelf, hands: Hands) -> Workers:
    parts = SimpleNamespace(
        store=shelf,
        clock=SimpleNamespace(now=lambda: 0),
        flow=None,
        metrics=Metrics(),
        whatsapp=None,
        gateway=None,
    )
    made = Workers(cast(Parts, parts), random.Random(0))
    made._performer = cast(Any, hands)
    return made


async def test_after_one_that_must_wait_the_rest_of_its_lane_waits() -> None:
    shelf = Shelf()
    hands = Hands(lambda d: Again(d.id, 1000, "busy") if d.id == 2 else Done(d.id, None))
    shelf.waiting = [
        entry(1, "a"),
        entry(2, "a"),
        entry(3, "a"),
        entry(4, "a", "pay"),
        entry(5, "b"),
        entry(6, "a"),
    ]
    shelf.waiting.sort(key=lambda d: (d.conversation, d.lane, d.id))
    await workers(shelf, hands).drain()
    assert sorted(hands.performed) == [1, 2, 4, 5]
    assert shelf.released == [3, 6]
    assert sorted(outcome.id for outcome in shelf.recorded) == [1, 2, 4, 5]


async def test_no_more_than_so_many_at_once() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.id, None))
    hands.gate.clear()
    shelf.waiting = [entry(number, f"c{number}") for number in range(IN_FLIGHT * 2)]
    team = workers(shelf, hands)
    while await team.perform():
        pass
    await asyncio.sleep(0)
    assert len(hands.performed) == IN_FLIGHT
    hands.gate.set()
    await team._landed()
    assert len(shelf.recorded) == IN_FLIGHT
    await team.drain()
    assert len(shelf.recorded) == IN_FLIGHT * 2


async def test_a_round_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FAILED_SECONDS", 0)
    shelf = Shelf()
    shelf.failing = 3
    team = workers(shelf, Hands(lambda d: Done(d.id, None)))
    with capture_logs() as logs:
        team.start()
        async with asyncio.timeout(5):
            while shelf.rounds < 5:
                team.wake()
                await asyncio.sleep(0)
        await team.close()
    assert [entry["event"] for entry in logs] == ["round failed"] * 3


async def test_closing_waits_for_what_is_in_flight_and_records_it() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.id, "wamid.1"))
    hands.gate.clear()
    shelf.waiting = [entry(1, "a")]
    team = workers(shelf, hands)
    team.start()
    while not hands.performed:
        await asyncio.sleep(0)
    closing = asyncio.create_task(team.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    shelf.waiting = [entry(2, "a")]
    hands.gate.set()
    await closing
    assert shelf.recorded == [Done(1, "wamid.1")]
    assert hands.performed == [1], "nothing is claimed any more"
