"""Units of work outlive their callers, undo what fails, and leave the connections whole."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from payments.case import Advanced, Case
from storage import Store
from storage.arrivals import Arrival
from storage.transaction import Transaction, _Immediate

Chat = Callable[..., Arrival]
Echo = Callable[[Case], Advanced]


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


async def assert_whole(store: Store) -> None:
    """The database answers, and once everything has ended no connection is missing."""
    await store.ping()
    while store._units._owned:
        await asyncio.wait(store._units._owned)
    client: Any = store._units.database.client()
    if store._units.database.sqlite:
        assert not client._lock.locked()
    else:
        assert client._pool.get_idle_size() == client._pool.get_size()


async def test_a_caller_cancelled_anywhere_breaks_nothing(store: Store, chat: Chat, echo: Echo) -> None:
    cancelled = 0
    for steps in range(60):
        arrivals = [chat(f"{steps}.{n}", phone=f"9198{n:08}") for n in range(3)]
        cancelled += await cancel_after(1 + steps % 40, store.arrive(arrivals, now=1))
        cancelled += await cancel_after(1 + steps % 40, store.advance_due(echo, now=1))
        cancelled += await cancel_after(1 + steps % 40, store.claim_due(now=1, limit=5, lease=1))
        cancelled += await cancel_after(1 + steps % 40, store.event(1))
        await assert_whole(store)
    assert cancelled > 100
    while await store.advance_due(echo, now=1):
        pass
    # Every arrive ran on to its commit: nothing was half stored and nothing lost.
    [row] = await store._units.outside(lambda tx: tx.fetch("SELECT COUNT(*) AS n FROM inbox"))
    assert row["n"] == 180


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
    await Store.migrate(database_url)
    store = await Store.open(database_url)
    assert await cancel_after(3, store.arrive([chat("left behind")], now=1))
    await store.close()
    store = await Store.open(database_url)
    [stored] = await store.arrive([chat("left behind")], now=1)
    assert not stored.new
    await store.close()


async def test_what_fails_after_its_caller_left_is_logged(
    store: Store, capsys: pytest.CaptureFixture[str]
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
    [row] = await store._units.outside(lambda tx: tx.fetch("SELECT key FROM installation"))
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
        await rival._units.outside(lambda tx: tx.fetch(kill))
        [stored] = await store.arrive([chat(f"after.{n}")], now=1)
        assert stored.new
    await store.ping()


async def test_a_lost_race_is_run_again(store: Store) -> None:
    import asyncpg

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


async def test_between_attempts_time_passes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
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
    client = store._units.database.client()
    [row] = await store._units.outside(lambda tx: tx.fetch("PRAGMA page_count"))
    await client.execute_query(f"PRAGMA max_page_count = {row['page_count']}")
    with pytest.raises(OperationalError, match="full"):
        await store.arrive([chat("big", text="x" * 100_000)], now=1)
    await client.execute_query("PRAGMA max_page_count = 1000000")
    [stored] = await store.arrive([chat("big", text="x" * 100_000)], now=1)
    assert stored.new
    await assert_whole(store)


@pytest.mark.parametrize("step", ["begin", "commit"])
async def test_a_failing_begin_or_commit_keeps_nothing(
    step: str, store: Store, database_url: str, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL's are broken by killing its connections")

    async def fail(_: object) -> None:
        raise OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(_Immediate, step, fail)
        with pytest.raises(OperationalError):
            await store.arrive([chat("1")], now=1)
    await assert_whole(store)
    [stored] = await store.arrive([chat("1")], now=1)
    assert stored.new


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
    client: Any = store._units.database.client()
    async with client._lock:
        with pytest.raises(TimeoutError):
            await store.ping()
    await store.ping()
