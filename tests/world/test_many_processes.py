"""Several processes on one PostgreSQL: one is killed, one freezes for a while, the others take over."""

import asyncio
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from tests.world.fast_clock import now
from tests.world.market import Market, market

WAVE = 30
"""Customers who come together."""
AWAY = 0.4
"""Seconds after which unfinished work is known to be held by the frozen process."""
HOLDS = {
    "claims": "SELECT id, due_at FROM outbox WHERE state = 'sending' ORDER BY id",
    "locks": """
        SELECT pid, xact_start FROM pg_stat_activity
        WHERE wait_event = 'ClientRead' AND backend_xid IS NOT NULL""",
}
SAID = "SELECT * FROM outbox WHERE lane <> 'poll' ORDER BY id"
"""The states of all entries that customers wait for."""


async def freeze(street: Market, worker: Process, holding: str) -> None:
    """Freeze `worker` while it holds what the query `holding` finds."""
    while True:
        moment = now()
        worker.send_signal(signal.SIGSTOP)
        before = await street.rows(holding)
        await asyncio.sleep(AWAY)
        if any(row in before for row in await street.rows(holding)):
            street.lost.append(moment)
            return
        street.wake(worker)
        await asyncio.sleep(street.dice.uniform(0, 0.1))


async def waves(street: Market, enough: asyncio.Event) -> None:
    """Let crowds buy, one after the other."""
    while not enough.is_set():
        await street.crowd(WAVE)


@pytest.mark.parametrize("what", HOLDS)
async def test_others_take_over_from_the_killed_and_the_frozen(
    what: str, postgres_url: str, tmp_path: Path
) -> None:
    """What the frozen process records when it wakes up changes nothing."""
    async with market(postgres_url, tmp_path, bots=2, seed=5) as street:
        servers = [await street.serve(bot) for bot in range(2)]
        killed, frozen = await street.work(), await street.work()
        await street.world.connect(street.url)
        found = asyncio.Event()
        crowds = asyncio.create_task(waves(street, found))
        await asyncio.sleep(1)
        await street.kill(killed)
        await freeze(street, frozen, HOLDS[what])
        found.set()
        await crowds
        await street.settled()
        before = await street.rows(SAID)
        street.wake(frozen)
        await street.stop(frozen)
        assert await street.rows(SAID) == before
        for server in servers:
            await street.stop(server)
        await street.check()
