"""Units of work outlive their callers, roll back what fails, and leave the connections usable."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from bot.whatsapp.channel import WHATSAPP
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from storage import Store
from storage.database import sqlite
from storage.database.errors import Unavailable
from storage.database.postgres import PostgresUnits
from storage.database.sqlite import SqliteUnits
from storage.database.transaction import Transaction
from storage.inbox import arrivals
from storage.inbox.arrival import Arrival
from tests.databases import made

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]


async def cancel_after(steps: int, work: Awaitable[Any]) -> bool:
    """Cancel `work` after `steps` turns of the loop; True if that was before its end."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


def sqlite_of(store: Store) -> sqlite3.Connection:
    assert isinstance(store._units, SqliteUnits)
    assert store._units._connection is not None
    return store._units._connection


async def assert_whole(store: Store) -> None:
    """Assert that the database answers and that, once all work has ended, no connection is missing."""
    await store.ping()
    if isinstance(store._units, PostgresUnits):
        while store._units._owned:
            await asyncio.wait(store._units._owned)
        client: Any = store._units.orm.client()
        assert client._pool.get_idle_size() == client._pool.get_size()
    else:
        assert not sqlite_of(store).in_transaction


async def test_a_caller_cancelled_anywhere_breaks_nothing(store: Store, chat: Chat, echo: Echo) -> None:
    cancelled = 0
    # The long ones are there for machines so slow that no short one ends.
    limits = [*(1 + n % 40 for n in range(60)), *(2**n for n in range(6, 18)), *(2**n for n in range(12, 18))]
    for steps, limit in enumerate(limits):
        batch = [chat(f"{steps}.{n}", phone=f"9198{n:08}") for n in range(3)]
        cancelled += await cancel_after(limit, store.arrive(batch, now=1))
        cancelled += await cancel_after(limit, store.advance_due(echo, now=1))
        cancelled += await cancel_after(limit, store.claim_due(now=1, limit=5, lease=1))
        cancelled += await cancel_after(limit, store.event(1))
        await assert_whole(store)
    assert cancelled > 100
    while await store.advance_due(echo, now=1):
        pass
    # Each batch is there or not: nothing was half stored.
    batches = await store._units.read(lambda tx: tx.fetch(_BATCHES))
    assert {row["n"] for row in batches} == {3}
    assert len(batches) > 10


_BATCHES = """
SELECT COUNT(*) AS n FROM (SELECT SUBSTR(key, 1, LENGTH(key) - 2) AS batch FROM inbox) b GROUP BY batch"""


async def test_many_callers_cancelled_at_once_break_nothing(store: Store, chat: Chat) -> None:
    for steps in range(20):
        await asyncio.gather(
            *(cancel_after(steps, store.arrive([chat(f"{steps}.{n}")], now=1)) for n in range(8))
        )
    await assert_whole(store)


async def test_a_timeout_around_the_store_breaks_nothing(store: Store, chat: Chat) -> None:
    for n in range(20):
        try:
            async with asyncio.timeout(n / 10_000):
                await store.arrive([chat(f"{n}")], now=1)
        except TimeoutError:
            pass
    await assert_whole(store)


async def test_closing_waits_for_what_its_caller_left(database_url: str, chat: Chat) -> None:
    await made(database_url)
    store = await Store.open(database_url, WHATSAPP)
    begun = threading.Event()

    async def unit(tx: Transaction) -> None:
        await arrivals.arrive(tx, [chat("left behind")], now=1, naming=WHATSAPP.naming)
        begun.set()

    running = asyncio.ensure_future(store._units.run(unit))
    while not begun.is_set():
        await asyncio.sleep(0)
    running.cancel()
    await store.close()
    store = await Store.open(database_url, WHATSAPP)
    [stored] = await store.arrive([chat("left behind")], now=1)
    assert not stored.new
    await store.close()


async def test_a_cancelled_closing_still_waits_before_it_gives_the_file_back(
    sqlite_url: str, chat: Chat
) -> None:
    await made(sqlite_url)
    store = await Store.open(sqlite_url, WHATSAPP)
    go_on = threading.Event()

    async def unit(tx: Transaction) -> None:
        go_on.wait()
        await arrivals.arrive(tx, [chat("late")], now=1, naming=WHATSAPP.naming)

    running = asyncio.ensure_future(store._units.run(unit))
    await asyncio.sleep(0)
    assert await cancel_after(2, store.close())
    with pytest.raises(Unavailable, match="in use"):
        await Store.open(sqlite_url, WHATSAPP)
    go_on.set()
    await running
    again = await Store.open(sqlite_url, WHATSAPP, wait=10)
    [stored] = await again.arrive([chat("late")], now=1)
    assert not stored.new
    await again.close()


async def test_what_fails_after_its_caller_left_is_logged(
    store: Store, rival: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(tx: Transaction) -> None:
        await tx.fetch("SELECT 1")
        raise RuntimeError("nobody listens: +919800000001")

    assert await cancel_after(4, store._units.run(fail))
    await assert_whole(store)
    said = capsys.readouterr().out
    assert "after its caller left" in said
    assert "9198" not in said


async def test_what_fails_is_undone(store: Store) -> None:
    async def fail(tx: Transaction) -> None:
        await tx.fetch("UPDATE installation SET key = 'changed!' WHERE id = 1")
        raise RuntimeError("no")

    for _ in range(8):
        with pytest.raises(RuntimeError):
            await store._units.run(fail)
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM installation"))
    assert row["key"] != "changed!"
    await assert_whole(store)


async def test_a_statement_that_fails_is_undone(store: Store) -> None:
    for _ in range(8):
        with pytest.raises(OperationalError):
            await store._units.run(lambda tx: tx.fetch("SELECT nonsense FROM nowhere"))
        with pytest.raises(IntegrityError):
            await store._units.run(lambda tx: tx.fetch("UPDATE installation SET key = NULL"))
    await assert_whole(store)


async def test_dead_connections_are_replaced(store: Store, rival: Store, chat: Chat) -> None:
    kill = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    for n in range(8):
        await asyncio.gather(*(store.arrive([chat(f"warm.{n}.{i}")], now=1) for i in range(5)))
        await rival._units.read(lambda tx: tx.fetch(kill))
        [stored] = await store.arrive([chat(f"after.{n}")], now=1)
        assert stored.new
    await store.ping()


async def test_a_lost_race_is_run_again(store: Store, rival: Store) -> None:
    tries = 0

    async def lose_twice(tx: Transaction) -> str:
        nonlocal tries
        tries += 1
        await tx.fetch("UPDATE installation SET key = key WHERE id = 1")
        if tries < 3:
            raise IntegrityError("lost") from asyncpg.UniqueViolationError("alias")
        return "won"

    assert await store._units.run(lose_twice) == "won"
    assert tries == 3
    tries = -100
    with pytest.raises(IntegrityError):
        await store._units.run(lose_twice)
    assert tries == -92


async def test_between_attempts_time_passes(
    store: Store, rival: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def lose(_: Transaction) -> None:
        raise ConnectionError("restarting")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(ConnectionError):
            await store._units.run(lose)
    assert pauses == [0.05, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
    await assert_whole(store)


async def test_a_full_disk_is_reported_and_survived(store: Store, database_url: str, chat: Chat) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("SQLite can be told that the disk is full")
    [row] = await store._units.read(lambda tx: tx.fetch("PRAGMA page_count"))
    full = f"PRAGMA max_page_count = {row['page_count']}"
    await store._units.read(lambda tx: tx.fetch(full))
    with pytest.raises(OperationalError, match="full"):
        await store.arrive([chat("big", text="x" * 100_000)], now=1)
    await store._units.read(lambda tx: tx.fetch("PRAGMA max_page_count = 1000000"))
    [stored] = await store.arrive([chat("big", text="x" * 100_000)], now=1)
    assert stored.new
    await assert_whole(store)


def failing_at(*steps: str) -> Callable[..., sqlite3.Cursor]:
    """A function that runs statements, on a disk that fails at these."""
    execute = sqlite._execute

    def fail(connection: sqlite3.Connection, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql in steps:
            raise OperationalError("disk I/O error")
        return execute(connection, sql, *values)

    return fail


@pytest.mark.parametrize("step", ["BEGIN IMMEDIATE", "COMMIT"])
async def test_a_failing_begin_or_commit_keeps_nothing(
    step: str, store: Store, database_url: str, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL's are broken by killing its connections")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_execute", failing_at(step))
        with pytest.raises(OperationalError):
            await store.arrive([chat("1")], now=1)
    await assert_whole(store)
    [stored] = await store.arrive([chat("1")], now=1)
    assert stored.new


async def test_what_could_not_be_undone_is_undone_before_the_next(
    store: Store, database_url: str, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL drops the connection")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_execute", failing_at("COMMIT", "ROLLBACK"))
        with pytest.raises(OperationalError):
            await store.arrive([chat("1")], now=1)
    [stored] = await store.arrive([chat("2")], now=1)
    assert stored.new
    rows = await store._units.read(lambda tx: tx.fetch("SELECT key FROM inbox"))
    assert [row["key"] for row in rows] == ["2"]


async def test_a_unit_that_waits_for_something_else_is_refused(store: Store, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("on PostgreSQL nobody can see what a unit waits for")

    async def wait(tx: Transaction) -> None:
        await tx.fetch("UPDATE installation SET key = 'changed!' WHERE id = 1")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its own statements"):
        await store._units.run(wait)
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM installation"))
    assert row["key"] != "changed!"
    await assert_whole(store)


async def test_a_unit_does_not_inherit_its_callers_transaction(
    store: Store, database_url: str, chat: Chat
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("on SQLite the inner unit would wait for the outer one")

    async def outer(tx: Transaction) -> None:
        await tx.fetch("UPDATE installation SET key = key WHERE id = 1")
        await store.arrive([chat("inner")], now=1)
        raise RuntimeError("outer is undone")

    with pytest.raises(RuntimeError):
        await store._units.run(outer)
    [stored] = await store.arrive([chat("inner")], now=1)
    assert not stored.new


async def test_a_ping_does_not_wait_for_ever(store: Store, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("SQLite has one connection to wait for")
    answered = threading.Event()

    async def hold(_: Transaction) -> None:
        answered.wait()

    holding = asyncio.create_task(store._units.read(hold))
    await asyncio.sleep(0)
    try:
        with pytest.raises(TimeoutError):
            await store.ping()
    finally:
        answered.set()
    await holding
    await store.ping()
