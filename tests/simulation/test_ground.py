"""The simulated loop and database: repeatable by seed, loud when stuck, and dead after a crash."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.whatsapp.channel import WHATSAPP
from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.processing.changes import Caused, ChangeSet, EventResult, Outcome
from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.database import sqlite
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Claim, Done
from tests.simulation.database import Crash, Hooks, in_loop, new_database
from tests.simulation.loop import START, SimLoop, Stuck, run

KEYS = [f"m{n}" for n in range(3)]
LEASE = 60_000


def arrivals(keys: list[str] = KEYS) -> list[Arrival]:
    """Return one message for each of `keys`, each of another customer."""
    return [Arrival(key, EventKind.CHAT, {"text": key}, aliases=(("phone", f"91.{key}"),)) for key in keys]


def echo(case: StepInput) -> ChangeSet:
    return ChangeSet(
        case.conversation,
        [EventResult(event.number, Outcome.APPLIED) for event in case.events],
        [Caused(event.number, Say("echo", Text(event.body["text"]))) for event in case.events],
    )


async def converse(store: Store, loop: SimLoop, heard: list[str]) -> None:
    """Answer all that is due; append the sent texts to `heard`."""
    now = loop.clock.now
    await store.advance_due(echo, now())
    while claimed := await store.claim_due(now(), limit=9, lease=LEASE):
        heard += [delivery.payload["body"] for delivery in claimed]
        await store.record([Done(delivery.claim, f"wamid.{delivery.id}") for delivery in claimed], now())


async def rows(store: Store, sql: str) -> list[dict[str, Any]]:
    return await store._units.read(lambda tx: tx.fetch(sql))


def test_each_arrival_is_answered(directory: Path) -> None:
    async def main(loop: SimLoop) -> list[str]:
        store = await Store.open(url, WHATSAPP)
        stored = await store.arrive(arrivals(), loop.clock.now())
        heard: list[str] = []
        await converse(store, loop, heard)
        assert [event.conversation for event in stored] == ["aaaaaaaa-1", "aaaaaaaa-2", "aaaaaaaa-3"]
        await store.close()
        return heard

    url = new_database(directory)
    with in_loop() as hooks:
        assert sorted(run(1, main)) == KEYS
    assert hooks.operations > 30


def trace_of(url: str, seed: int) -> list[tuple[float, str]]:
    """Return the trace of several customers and a worker that share one store."""
    trace: list[tuple[float, str]] = []

    async def customer(store: Store, loop: SimLoop, n: int) -> None:
        for turn in range(3):
            await asyncio.sleep(n / 10)
            await store.arrive(arrivals([f"{n}.{turn}"]), loop.clock.now())

    async def main(loop: SimLoop) -> None:
        loop.trace = trace
        store = await Store.open(url, WHATSAPP)
        customers = [asyncio.create_task(customer(store, loop, n)) for n in range(5)]
        while not all(task.done() for task in customers):
            await converse(store, loop, [])
            await asyncio.sleep(0.05)
        await store.close()

    with in_loop(Hooks(before=lambda _, what: trace.append((-1, what)))):
        run(seed, main)
    return trace


def test_a_seed_decides_everything(directory: Path) -> None:
    first = trace_of(new_database(directory), 1)
    assert first == trace_of(new_database(directory), 1)
    others = [trace_of(new_database(directory), seed) for seed in range(2, 6)]
    assert all(other != first for other in others)
    assert len({tuple(what for when, what in trace if when < 0) for trace in others}) > 1


def test_time_jumps_and_the_wall_clock_follows() -> None:
    async def main(loop: SimLoop) -> tuple[int, int]:
        before = loop.clock.now()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400.25):
                await asyncio.Event().wait()
        return before, loop.clock.now()

    assert run(1, main) == (START, START + 86_400_250)
    assert run(1, main, start=5) == (5, 5 + 86_400_250)


def test_any_ready_callback_may_run_first() -> None:
    async def main(_: SimLoop) -> str:
        ran: list[str] = []

        async def say(word: str) -> None:
            ran.append(word)

        await asyncio.gather(*(say(word) for word in "abc"))
        return "".join(ran)

    assert len({run(seed, main) for seed in range(50)}) == 6


def test_a_deadlock_names_the_waiting_task() -> None:
    async def main(_: SimLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match=r"nothing can happen.*main 1 at .*test_ground\.py:\d+"):
        run(1, main)


def test_an_endless_task_is_named() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    loop = SimLoop(1, max_turns=1000)
    with pytest.raises(Stuck, match=r"no end after 1000 turns.*spin 1 at"):
        loop.run_until_complete(spin())
    loop.abandon()


async def fail() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("rest", [0, 1])
def test_an_unretrieved_failure_ends_the_loop(rest: int) -> None:
    async def main(_: SimLoop) -> None:
        asyncio.create_task(fail())  # noqa: RUF006 - nobody awaits it on purpose
        await asyncio.sleep(rest)

    def broken(loop: SimLoop) -> Coroutine[Any, Any, None]:
        loop.call_later(0.5, lambda: 1 // 0)
        return asyncio.sleep(1)

    with pytest.raises(ZeroDivisionError):
        run(3, main)
    with pytest.raises(ZeroDivisionError):
        run(1, broken)


def test_nothing_runs_after_a_crash() -> None:
    went_on: list[str] = []

    async def cling() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0)
            went_on.append("past an await")

    async def main(loop: SimLoop) -> None:
        asyncio.create_task(cling())  # noqa: RUF006 - the loop holds it
        asyncio.create_task(fail())  # noqa: RUF006
        try:
            await loop.die(Crash())
        except Crash:
            went_on.append("past its death")

    for seed in range(20):
        with pytest.raises((Crash, ZeroDivisionError)):
            run(seed, main)
    assert not went_on


def test_after_in_loop_connections_are_real_again(directory: Path) -> None:
    with in_loop():
        pass
    assert sqlite.SqliteUnits._connect.__globals__["connect"] is sqlite3.connect
    url = new_database(directory)

    async def main() -> None:
        store = await Store.open(url, WHATSAPP)
        assert all(stored.new for stored in await store.arrive(arrivals(), now=1))
        await store.close()

    asyncio.run(main())


def run_process(url: str, hooks: Hooks, seed: int, acknowledged: list[str], heard: list[str]) -> None:
    """Run one process: two batches arrive and are answered."""

    async def main(loop: SimLoop) -> None:
        store = await Store.open(url, WHATSAPP)
        for batch in (KEYS[:2], KEYS[2:]):
            await store.arrive(arrivals(batch), loop.clock.now())
            acknowledged.extend(batch)
        await converse(store, loop, heard)
        await store.close()

    with in_loop(hooks):
        run(seed, main)


def recover(url: str, acknowledged: list[str], heard: list[str]) -> None:
    """Run the next process: acknowledged events are stored, batches are whole, and the rest gets done."""

    async def main(loop: SimLoop) -> None:
        store = await Store.open(url, WHATSAPP)
        stored = {row["key"] for row in await rows(store, "SELECT key FROM inbox")}
        assert set(acknowledged) <= stored
        assert stored in (set(), set(KEYS[:2]), set(KEYS))
        for batch in (KEYS[:2], KEYS[2:]):
            await store.arrive(arrivals(batch), loop.clock.now())
        await converse(store, loop, heard)
        assert await rows(store, "SELECT COUNT(*) AS n FROM outbox WHERE state = 'done'") == [{"n": 3}]
        assert await rows(store, "SELECT COUNT(*) AS n FROM inbox WHERE state = 'pending'") == [{"n": 0}]
        assert await rows(store, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        await store.close()

    with in_loop():
        run(7, main, start=START + LEASE + 1)


def hooks_at(moment: str, hook: Callable[[int, str], None]) -> Hooks:
    return Hooks(before=hook) if moment == "before" else Hooks(after=hook)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_every_operation_loses_nothing(moment: str, directory: Path) -> None:
    clean = Hooks()
    run_process(new_database(directory), clean, 1, [], [])
    assert clean.operations > 50
    with_log = 0
    for at in range(1, clean.operations + 1):

        def crash(n: int, what: str, at: int = at) -> None:
            if n == at:
                raise Crash(what)

        url = new_database(directory)
        acknowledged: list[str] = []
        heard: list[str] = []
        with pytest.raises(Crash):
            run_process(url, hooks_at(moment, crash), at, acknowledged, heard)
        with_log += Path(f"{url.removeprefix('sqlite://')}-wal").exists()
        recover(url, acknowledged, heard)
        assert set(heard) == set(KEYS)
    assert with_log > 40


Call = Callable[[Store, SimLoop, int], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "arrive": lambda store, loop, n: store.arrive(arrivals([f"{n}.{i}" for i in range(3)]), loop.clock.now()),
    "advance_due": lambda store, loop, _: store.advance_due(echo, loop.clock.now()),
    "claim_due": lambda store, loop, _: store.claim_due(loop.clock.now(), limit=1, lease=LEASE),
    "record": lambda store, loop, n: store.record(
        [Done(Claim(n, loop.clock.now() + LEASE), "wamid")], loop.clock.now()
    ),
}


async def prepare(store: Store, loop: SimLoop, n: int) -> None:
    """Make work due for each of `CALLS`."""
    await store.arrive(arrivals([f"{n}.a", f"{n}.b"]), loop.clock.now())
    await store.advance_due(echo, loop.clock.now())
    await store.claim_due(loop.clock.now(), limit=1, lease=LEASE)
    await store.arrive(arrivals([f"{n}.c", f"{n}.d"]), loop.clock.now())


async def cancelled(task: asyncio.Task[Any]) -> bool:
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def assert_whole(store: Store, loop: SimLoop, n: int) -> None:
    await store.ping()
    [again] = await store.arrive(arrivals([f"{n}.after"]), loop.clock.now())
    assert again.new


@pytest.mark.parametrize("name", CALLS)
def test_a_caller_cancelled_at_any_turn_breaks_nothing(name: str, directory: Path) -> None:
    async def main(loop: SimLoop) -> int:
        store = await Store.open(url, WHATSAPP)
        count = 0
        for n in range(1, 100):
            await prepare(store, loop, n)
            task = asyncio.ensure_future(CALLS[name](store, loop, n))
            last = loop.turns + n % 5
            while loop.turns < last:
                await asyncio.sleep(0)
            task.cancel()
            count += await cancelled(task)
            await assert_whole(store, loop, n)
        await store.close()
        return count

    url = new_database(directory)
    with in_loop():
        assert run(len(name), main) > 20


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", CALLS)
def test_a_caller_cancelled_at_any_operation_breaks_nothing(name: str, moment: str, directory: Path) -> None:
    async def main(loop: SimLoop) -> int:
        store = await Store.open(url, WHATSAPP)
        count = 0
        for n in range(1, 20):
            await prepare(store, loop, n)
            task = asyncio.ensure_future(CALLS[name](store, loop, n))
            setattr(hooks, moment, partial(cancel_at, hooks.operations + n, task))
            count += await cancelled(task)
            await assert_whole(store, loop, n)
        await store.close()
        return count

    def cancel_at(at: int, task: asyncio.Task[Any], n: int, what: str) -> None:
        seen.append(what)
        if n == at:
            task.cancel()

    url = new_database(directory)
    seen: list[str] = []
    with in_loop() as hooks:
        assert run(1, main) >= 3
    # The callers were cancelled, but each transaction that had begun was committed.
    assert "COMMIT" in seen
    assert "ROLLBACK" not in seen
