"""One soak from its start to its verdict."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import aiohttp

from tests.soak.clock import BUG, HANDS, PACE, FastClock, Hands
from tests.soak.crowd import Crowd
from tests.soak.databases import ground
from tests.soak.disk import disk
from tests.soak.measures import Growth, growth
from tests.soak.outside import outside
from tests.soak.plan import Plan
from tests.soak.shop import Shop
from tests.soak.troubles import Stage, play_all
from tests.soak.verdict import OPEN, Verdict, judge, rows
from tests.world.processes import MUNSHI, environment, free_port, run
from tests.world.running_bot import API_TOKEN

_SAMPLE: Final = 1.0
_SETTLED: Final = 3
"""Looks in a row that find nothing left to do."""


@dataclass(frozen=True)
class Soaked:
    """All that a soak has found out."""

    plan: Plan
    seconds: float
    limit: float | None
    rate: float
    stage: Stage
    crowd: Crowd
    verdict: Verdict
    growths: list[Growth]
    """Of the longest life of each role."""

    @property
    def violations(self) -> list[str]:
        """Everything that is wrong; empty if all is well."""
        grown = [f"munshi {one.role} grew" for one in self.growths if not one.is_flat]
        return [*self.verdict.violations, *self.stage.untruths, *grown]


async def soak(plan: Plan, folder: Path) -> Soaked:
    """Open a shop in `folder`, trouble it while customers buy, and judge it."""
    begun = monotonic()
    async with _opened(plan, folder) as stage:
        crowd = Crowd(stage.outside, stage.dice, pause=plan.pause, patience=plan.patience)
        sampling = asyncio.create_task(_sample(stage))
        limit = None if plan.rate else await crowd.limit(plan.calibrate_seconds)
        rate = plan.rate or (limit or 0) / 2
        await _troubled(stage, crowd, rate)
        await crowd.leave(plan.closing)
        left = await _settled(stage)
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
        await stage.shop.close()
        verdict = await judge(stage.ground.url, stage.outside, stage.windows, plan.pace)
        verdict.violations += left + await _ledger(stage)
        return Soaked(plan, monotonic() - begun, limit, rate, stage, crowd, verdict, _growths(stage))


async def _troubled(stage: Stage, crowd: Crowd, rate: float) -> None:
    """Let customers come while the troubles are played, for the time of the plan."""
    coming = asyncio.create_task(crowd.come_at(rate, stage.plan.seconds, stage.plan.crowded))
    troubles = asyncio.create_task(play_all(stage))
    await asyncio.wait({coming, troubles}, return_when=asyncio.FIRST_COMPLETED)
    if not troubles.done():  # the time is over: the trouble that is played just now is the last one
        stage.over.set()
    await troubles
    coming.cancel()
    with suppress(asyncio.CancelledError):
        await coming


async def _settled(stage: Stage) -> list[str]:
    """Wait until nothing is left to do. Return what is left when the time for that is over."""
    end, idle = monotonic() + stage.plan.settle_seconds, 0
    while monotonic() < end:
        open_ = await rows(stage.ground.url, OPEN)
        idle = 0 if open_ or stage.outside.busy or await _unseen(stage) else idle + 1
        if idle == _SETTLED:
            return []
        await asyncio.sleep(0.3)
    return [f"not quiet after {stage.plan.settle_seconds:.0f} s"]


async def _unseen(stage: Stage) -> bool:
    """Whether Razorpay has captured a payment that munshi has not heard of: a poll will find it."""
    seen = await rows(stage.ground.url, "SELECT DISTINCT entity_id FROM fact WHERE state = 'captured'")
    known = {row["entity_id"] for row in seen}
    payments = stage.outside.world.razorpay.payments.values()
    return any(payment.captured and payment.id not in known for payment in payments)


async def _ledger(stage: Stage) -> list[str]:
    status, said = await run(*MUNSHI, "ledger", "--full", env=stage.shop.env, cwd=stage.shop.cwd)
    return [] if status == 0 else [f"munshi ledger --full: {said[-600:]}"]


async def _sample(stage: Stage) -> None:
    """Look at each living process every second, until cancelled."""
    due = monotonic()
    while True:
        for life in stage.shop.living.values():
            life.look(monotonic(), len(stage.outside.acknowledged))
        # What customers have heard is kept to the end: the collector need not look at it each time.
        gc.freeze()
        due += _SAMPLE
        await asyncio.sleep(due - monotonic())
        stage.waited(monotonic() - due)
        due = max(due, monotonic() - _SAMPLE)


def _growths(stage: Stage) -> list[Growth]:
    lives = [[life for life in stage.shop.lives if life.role == role] for role in stage.shop.roles]
    return [growth(max(one, key=lambda life: life.seconds)) for one in lives]


@asynccontextmanager
async def _opened(plan: Plan, folder: Path) -> AsyncIterator[Stage]:
    """Start the providers, the database and munshi."""
    clock = FastClock(plan.pace)
    hands = folder / "hands"
    async with AsyncExitStack() as stack:
        room = stack.enter_context(disk(folder))
        base = stack.enter_context(ground(plan.database, room.path))
        around = await stack.enter_async_context(outside(clock, plan.seed))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://127.0.0.1:{free_port()}"
        settings = {
            **around.world.settings(),
            "DATABASE_URL": base.url,
            "MUNSHI_API_TOKEN": API_TOKEN,
            "PORT": url.rpartition(":")[2],
            PACE: str(plan.pace),
            HANDS: str(hands),
            BUG: plan.bug,
        }
        shop = Shop(url, environment(settings), folder, http, stack, base.roles)
        stage = Stage(plan, around, shop, base, room, Hands(hands), random.Random(plan.seed))
        await shop.open()
        await around.world.connect(url)
        yield stage
