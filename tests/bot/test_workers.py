"""The workers' loops over a store in memory: order within a customer, failing rounds, and stopping.

What they do with a real database and real HTTP is in tests/world.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from bot.clock import ShiftedClock
from bot.context import FAILED_ROUNDS, Context, Pulse
from bot.flow_versions import FlowVersions
from bot.metrics import Metrics
from bot.retry import Failure
from bot.workers import loop
from bot.workers.executor import LEASE
from bot.workers.loop import CALLERS, IN_FLIGHT, ROOM, Workers
from storage.database.queues import Lane
from storage.outbox.deliveries import Again, Claim, Delivery, Done, Outcome
from storage.outbox.due import Due
from storage.outbox.receipts import Applied, Undelivered


class NoAudits:
    """No order has changed since it was audited."""

    async def audit(self, after: str, now: int, limit: int) -> None:
        return None


class NoNumbers:
    """Nothing has changed since it was counted."""

    async def count(self, shop: object, now: int, limit: int) -> int:
        return 0


class NoBroadcasts:
    """A shop that sends no offers."""

    async def go_on(self, now: int) -> int | None:
        return None


class Shelf:
    """The part of a store that workers use: deliveries are claimed once, and outcomes kept."""

    shared = False

    def __init__(self) -> None:
        self.waiting: list[Delivery] = []
        self.recorded: list[Outcome] = []
        self.released: list[int] = []
        self.rounds = 0
        self.failing = 0
        self.unreceived = False
        self.receipts = Applied()
        self.broadcasts = NoBroadcasts()
        self.audits = NoAudits()
        self.numbers = NoNumbers()

    async def due(self, now: int) -> Due:
        return Due(True, True)

    async def due_lanes(self, now: int) -> frozenset[str]:
        return frozenset(delivery.lane for delivery in self.waiting)

    async def apply_receipts(self, now: int) -> Applied:
        if self.unreceived:
            raise RuntimeError("no receipts")
        told, self.receipts = self.receipts, Applied()
        return told

    async def advance_due(self, advance: Any, now: int, limit: int) -> int:
        self.rounds += 1
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database restarts")
        return 0

    async def begin_pruning(self, now: int) -> int | None:
        return None

    async def claim_due(self, now: int, limit: int, lease: int, lanes: Sequence[str]) -> list[Delivery]:
        claimed = [delivery for delivery in self.waiting if delivery.lane in lanes][:limit]
        self.waiting = [delivery for delivery in self.waiting if delivery not in claimed]
        return claimed

    async def record(self, outcomes: Sequence[Outcome], now: int) -> None:
        self.recorded.extend(outcomes)

    async def release(self, claims: Sequence[Claim]) -> None:
        assert {claim.leased_until for claim in claims} == {LEASE}
        self.released.extend(claim.id for claim in claims)


class Hands:
    """An executor that performs each entry as `outcome` says, once the gate is open."""

    def __init__(self, outcome: Callable[[Delivery], Outcome]) -> None:
        self.outcome = outcome
        self.performed: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def perform(self, delivery: Delivery) -> Outcome:
        self.performed.append(delivery.id)
        await self.gate.wait()
        return self.outcome(delivery)


def entry(id: int, conversation: str, lane: Lane = Lane.CHAT) -> Delivery:
    claim, opaque = Claim(id, LEASE), f"{conversation}.{id}"
    return Delivery(claim, conversation, lane, "test", {}, 1, (("phone", "919812345601"),), None, opaque, 0)


class Midnight:
    """A clock that starts, and then moves only when a test says so."""

    def now(self) -> int:
        return 0


def workers(shelf: Shelf, hands: Hands, clock: ShiftedClock | None = None) -> Workers:
    context = SimpleNamespace(
        store=shelf,
        clock=clock or ShiftedClock(Midnight()),
        flow=SimpleNamespace(sections={"shop": SimpleNamespace(day_report=None)}),
        broadcast_begun=asyncio.Event(),
        versions=FlowVersions(cast(Any, SimpleNamespace())),
        follow_flow=AsyncMock(return_value=False),
        metrics=Metrics(),
        pulse=Pulse(),
        whatsapp=None,
        gateway=None,
        hooks=None,
        shopify=None,
    )
    made = Workers(cast(Context, context), random.Random(0))
    made._executor = cast(Any, hands)
    return made


async def test_after_one_that_must_wait_the_rest_of_its_lane_waits() -> None:
    shelf = Shelf()
    hands = Hands(lambda d: Again(d.claim, 1000, "busy") if d.id == 2 else Done(d.claim, None))
    shelf.waiting = [
        entry(1, "a"),
        entry(2, "a"),
        entry(3, "a"),
        entry(6, "a"),
        entry(4, "a", Lane.PAY),
        entry(5, "b"),
    ]
    await workers(shelf, hands).drain()
    assert sorted(hands.performed) == [1, 2, 4, 5]
    assert shelf.released == [3, 6]
    assert sorted(outcome.claim.id for outcome in shelf.recorded) == [1, 2, 4, 5]


async def test_no_more_than_so_many_at_once() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, None))
    hands.gate.clear()
    shelf.waiting = [entry(number, f"c{number}") for number in range(IN_FLIGHT * 2)]
    team = workers(shelf, hands)
    while await team.perform():
        pass
    await asyncio.sleep(0)
    assert len(hands.performed) == IN_FLIGHT
    hands.gate.set()
    await team._wait_until_idle()
    assert len(shelf.recorded) == IN_FLIGHT
    await team.drain()
    assert len(shelf.recorded) == IN_FLIGHT * 2


async def test_no_more_calls_than_the_gateway_has_threads() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, None))
    hands.gate.clear()
    shelf.waiting = [entry(number, f"c{number}", Lane.PAY) for number in range(20)]
    shelf.waiting += [entry(number, f"c{number}") for number in range(20, 30)]
    shelf.waiting += [entry(number, f"c{number}", Lane.POLL) for number in range(30, 35)]
    team = workers(shelf, hands)
    while await team.perform():
        pass
    await asyncio.sleep(0)
    assert ROOM[Lane.PAY] + ROOM[Lane.POLL] == CALLERS
    begun = [*range(ROOM[Lane.PAY]), *range(20, 30), *range(30, 30 + ROOM[Lane.POLL])]
    assert sorted(hands.performed) == begun, "and chats do not wait for them"
    hands.gate.set()
    await team._wait_until_idle()
    await team.drain()
    assert len(shelf.recorded) == 35


@pytest.mark.parametrize(("lane", "taking", "begun"), [(Lane.CHAT, 10_000, 2), (Lane.PAY, 5_000, 3)])
async def test_what_may_outlive_its_lease_is_not_begun(lane: Lane, taking: int, begun: int) -> None:
    clock = ShiftedClock(Midnight())

    def slowly(delivery: Delivery) -> Outcome:
        clock.put_forward(taking)
        return Done(delivery.claim, None)

    shelf, hands = Shelf(), Hands(slowly)
    shelf.waiting = [entry(number, "a", lane) for number in range(7)]
    team = workers(shelf, hands, clock)
    await team.perform()
    await team._wait_until_idle()
    assert hands.performed == list(range(begun))
    assert shelf.released == list(range(begun, 7))
    assert len(shelf.recorded) == begun


async def test_receipts_that_fail_hold_up_nobody() -> None:
    shelf = Shelf()
    shelf.unreceived = True
    with capture_logs() as logs:
        await workers(shelf, Hands(lambda d: Done(d.claim, None))).step()
    assert shelf.rounds == 1
    assert [entry["event"] for entry in logs] == ["receipts not applied"]


async def test_a_message_that_was_not_delivered_is_told_and_counted() -> None:
    shelf = Shelf()
    shelf.receipts = Applied(1, (Undelivered(7, "paid", 131026),))
    team = workers(shelf, Hands(lambda d: Done(d.claim, None)))
    with capture_logs() as logs:
        assert await team.step() == 1
    told = {"event": "message not delivered", "delivery": 7, "name": "paid", "code": 131026}
    assert logs == [{**told, "log_level": "error"}]
    assert b"munshi_messages_failed_total 1.0" in team._context.metrics.text()


async def test_rounds_that_keep_failing_are_trouble_until_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "FAILED_SECONDS", 0)
    shelf = Shelf()
    shelf.failing = FAILED_ROUNDS
    team = workers(shelf, Hands(lambda d: Done(d.claim, None)))
    seen = set()
    with capture_logs():
        team.start()
        async with asyncio.timeout(5):
            while shelf.rounds < FAILED_ROUNDS + 2:
                seen.add(team._context.pulse.trouble)
                team.wake()
                await asyncio.sleep(0)
    assert seen == {None, "the workers keep failing"}
    assert team._context.pulse.trouble is None
    await team.close()


async def test_a_loop_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    team = workers(Shelf(), Hands(lambda d: Done(d.claim, None)))

    async def broken(event: asyncio.Event, seconds: float) -> None:
        raise RuntimeError("the loop itself")

    monkeypatch.setattr(loop, "wait_for", broken)
    with capture_logs() as logs:
        team.start()
        async with asyncio.timeout(5):
            while team._context.pulse.trouble is None:
                await asyncio.sleep(0)
        await team.close()
    assert team._context.pulse.trouble == "the workers have stopped"
    assert {entry["event"] for entry in logs} == {"the workers have stopped"}


async def test_closing_as_asked_is_no_trouble() -> None:
    team = workers(Shelf(), Hands(lambda d: Done(d.claim, None)))
    team.start()
    await asyncio.sleep(0)
    await team.close()
    assert team._context.pulse.trouble is None


async def test_a_round_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FAILED_SECONDS", 0)
    shelf = Shelf()
    shelf.failing = 3
    team = workers(shelf, Hands(lambda d: Done(d.claim, None)))
    with capture_logs() as logs:
        team.start()
        async with asyncio.timeout(5):
            while shelf.rounds < 5:
                team.wake()
                await asyncio.sleep(0)
        await team.close()
    assert [entry["event"] for entry in logs] == ["round failed"] * 3


async def test_closing_waits_for_what_is_in_flight_and_records_it() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, "wamid.1"))
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
    assert shelf.recorded == [Done(Claim(1, LEASE), "wamid.1")]
    assert hands.performed == [1], "nothing is claimed any more"


async def test_closing_hands_back_what_has_not_begun() -> None:
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, None))
    hands.gate.clear()
    shelf.waiting = [entry(number, "a") for number in range(1, 4)]
    team = workers(shelf, hands)
    team.start()
    while not hands.performed:
        await asyncio.sleep(0)
    closing = asyncio.create_task(team.close())
    await asyncio.sleep(0)
    hands.gate.set()
    await closing
    assert shelf.recorded == [Done(Claim(1, LEASE), None)]
    assert shelf.released == [2, 3]


async def test_it_sleeps_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def first(event: asyncio.Event, seconds: float) -> None:
        slept.append(seconds)
        await event.wait()

    monkeypatch.setattr(loop, "wait_for", first)
    context = workers(Shelf(), Hands(lambda d: Done(d.claim, None)))._context
    team = Workers(context, random.Random(0), poll=7.0)
    team.start()
    while len(slept) < 2:
        await asyncio.sleep(0)
    await team.close()
    assert set(slept) == {7.0}


async def test_while_a_circuit_is_open_one_is_claimed_as_a_probe() -> None:
    clock = ShiftedClock(Midnight())
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, None))
    shelf.waiting = [entry(number, f"c{number}", lane) for lane in ROOM for number in range(3)]
    team = workers(shelf, hands, clock)
    text = team._context.metrics.text
    assert b'munshi_circuit_open{lane="chat"} 0.0' in text()
    team._traffic.record_failure(Lane.CHAT, Failure.HALT, 0, clock.now())
    assert b'munshi_circuit_open{lane="chat"} 1.0' in text()
    assert b'munshi_circuit_open{lane="pay"} 0.0' in text()
    assert await team.perform() == 5, "only what is for Razorpay"
    await team._wait_until_idle()
    clock.put_forward(30_000)
    assert await team.perform() == 2, "and one each thirty seconds"
    assert await team.perform() == 0
    team._traffic.record_success(Lane.CHAT, clock.now())
    assert await team.perform() == 2
    await team._wait_until_idle()


async def test_a_limited_number_sends_no_more_than_it_may() -> None:
    clock = ShiftedClock(Midnight())
    shelf, hands = Shelf(), Hands(lambda d: Done(d.claim, None))
    shelf.waiting = [entry(number, f"c{number}") for number in range(1000)]
    team = workers(shelf, hands, clock)
    team._traffic.record_failure(Lane.CHAT, Failure.THROTTLED, 0, 0)
    sent = await team.drain()
    for _ in range(10):
        clock.put_forward(100)
        sent += await team.drain()
    assert sent == pytest.approx(125 + 500, abs=30), "half of what any number may"
