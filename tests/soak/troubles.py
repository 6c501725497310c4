"""What goes wrong: one trouble at a time, from a seed; after each, /readyz must have told the truth."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeAlias

from sandbox.faults import Fault
from sandbox.mischief import Mischief
from tests.soak.clock import Hands
from tests.soak.databases import Ground
from tests.soak.disk import Disk
from tests.soak.outside import Outside
from tests.soak.plan import Plan
from tests.soak.shop import READY, Shop

_FALLS: Final = 7.0
"""Seconds within which a shop that cannot store must say so: a write counts as proof for five."""
_LOOK: Final = 0.1
_STALL: Final = 2.0
"""Seconds of lateness that count."""
_STEP: Final = 90_000
"""Milliseconds by which the clock is set."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a trouble lasted, in milliseconds of the providers' clock."""

    kind: str
    begun: int
    ended: int


@dataclass
class Stage:
    """Everything that can be troubled, and what came of it."""

    plan: Plan
    outside: Outside
    shop: Shop
    ground: Ground
    disk: Disk
    hands: Hands
    dice: random.Random
    windows: list[Window] = field(default_factory=list)
    played: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    rises: list[float] = field(default_factory=list)
    """Seconds after each trouble until the shop was ready."""
    untruths: list[str] = field(default_factory=list)
    """What /readyz said wrongly."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when no further trouble is to be played."""

    stalls: list[float] = field(default_factory=list)
    """Seconds for which the machine had no time for the providers."""

    def waited(self, seconds: float) -> None:
        """Note that this process was so late. It answers nobody meanwhile, which is a trouble of its own."""
        if seconds > _STALL:
            now = self.outside.clock.now()
            begun = now - round(seconds * 1000) * self.plan.pace
            self.windows.append(Window("a busy machine", begun, now))
            self.stalls.append(seconds)

    def drawn(self, bounds: tuple[float, float]) -> float:
        """Draw a number of seconds."""
        return self.dice.uniform(*bounds)

    async def rise(self, kind: str) -> None:
        """Require that the shop is ready soon."""
        limit = self.plan.rises
        seconds = await self.shop.until(lambda status: status == READY, limit)
        if seconds is None:
            self.untruths.append(f"{kind}: not ready {limit:.0f} s after it was over")
        else:
            self.rises.append(seconds)


Trouble: TypeAlias = Callable[[Stage], Awaitable[None]]


async def kill(stage: Stage) -> None:
    """`kill -9` one process, and start it again a little later."""
    role = stage.dice.choice(stage.shop.roles)
    await stage.shop.kill(role)
    if role == "serve" and await stage.shop.readiness() is not None:
        stage.untruths.append("kill: something answers for a process that is dead")
    await asyncio.sleep(stage.dice.uniform(0, stage.plan.freeze[0]))
    stage.rises.append(await stage.shop.start(role))


async def freeze(stage: Stage) -> None:
    """Stop one process where it stands, and let it go on."""
    role = stage.dice.choice(stage.shop.roles)
    stage.shop.signal(role, signal.SIGSTOP)
    try:
        await asyncio.sleep(stage.drawn(stage.plan.freeze))
    finally:
        stage.shop.signal(role, signal.SIGCONT)


async def database(stage: Stage) -> None:
    """Take the database away: PostgreSQL ends at once, SQLite is locked by another process."""
    async with stage.ground.away():
        await _says_so(stage, "database", stage.drawn(stage.plan.hold))


async def full(stage: Stage) -> None:
    """Leave no room on the disk of the database."""
    begun = stage.outside.clock.now()
    stage.disk.fill()
    try:
        end = monotonic() + stage.plan.notices
        while stage.outside.refused_at < begun and await stage.shop.readiness() == READY:
            if monotonic() > end:
                stage.notes["a full disk had room for all that came"] += 1
                return
            await asyncio.sleep(_LOOK)
        if await stage.shop.until(lambda status: status != READY, _FALLS) is None:
            stage.untruths.append("full disk: ready, though a webhook could not be stored")
        await asyncio.sleep(stage.drawn(stage.plan.hold))
    finally:
        stage.disk.empty()
        await stage.ground.mend()


async def clock(stage: Stage) -> None:
    """Set the machine's clock, and set it back to the right time later."""
    stage.hands.ahead = stage.dice.choice((-_STEP, _STEP))
    await asyncio.sleep(stage.drawn(stage.plan.hold))
    stage.hands.ahead = 0


async def garbage(stage: Stage) -> None:
    """Let both providers answer wrongly, slowly and not at all, in between right answers."""
    end = monotonic() + stage.drawn(stage.plan.hold)
    meta, razorpay = stage.outside.world.meta.faults, stage.outside.world.razorpay.faults
    calls = ((meta, "send"), (razorpay, "create_link"), (razorpay, "cancel_link"))
    while monotonic() < end:
        for faults, operation in calls:
            faults.always(operation, stage.dice.choice((None, *_GARBAGE)))
        await asyncio.sleep(stage.dice.uniform(_LOOK, 4 * _LOOK))
    for faults, operation in calls:
        faults.always(operation, None)


async def webhooks(stage: Stage) -> None:
    """Let webhooks come twice, late and out of order, and let some of Razorpay's be lost."""
    courier = stage.outside.world.courier
    late = round(stage.plan.freeze[1] * 1000) * stage.plan.pace
    seed = stage.dice.randrange(1 << 30)
    courier.mischief = Mischief(duplicate=0.2, delay=0.1, reorder=0.3, most_delay_ms=late, seed=seed)
    end = monotonic() + stage.drawn(stage.plan.hold)
    while monotonic() < end:
        courier.lose_next("razorpay", 1)
        await asyncio.sleep(stage.dice.uniform(0.2, 1.0))
    courier.mischief = Mischief()


_GARBAGE: Final = (
    Fault.html(200),
    Fault.html(502),
    Fault.http(200, '{"messages": [{"id": "wam'),
    Fault.http(200, "[]"),
    Fault.http(429, headers={"Retry-After": "1"}),
    Fault.http(500),
    Fault.http(503, ""),
    Fault.slow(2),
    Fault.refuse_connection(),
    Fault.drop_after_accepting(),
    Fault.http_after_accepting(200, "<html>thank you</html>"),
    Fault.http_after_accepting(500, ""),
)

KINDS: Final[dict[str, Trouble]] = {
    "kill": kill,
    "freeze": freeze,
    "database": database,
    "full": full,
    "clock": clock,
    "garbage": garbage,
    "webhooks": webhooks,
}


async def _says_so(stage: Stage, kind: str, seconds: float) -> None:
    """Require that the shop, which cannot store for so many seconds, is not ready soon, and stays so."""
    begun = monotonic()
    if await stage.shop.until(lambda status: status != READY, min(seconds, _FALLS)) is None:
        stage.untruths.append(f"{kind}: ready, though nothing can be stored")
    while monotonic() < begun + seconds:
        if await stage.shop.readiness() == READY and monotonic() < begun + seconds:
            stage.untruths.append(f"{kind}: ready again, though nothing can be stored")
            break
        await asyncio.sleep(_LOOK)


async def play(stage: Stage, kind: str) -> None:
    """Play one trouble."""
    begun = stage.outside.clock.now()
    await KINDS[kind](stage)
    await stage.rise(kind)
    stage.windows.append(Window(kind, begun, stage.outside.clock.now()))
    stage.played[kind] += 1


async def play_all(stage: Stage) -> None:
    """Play the troubles of the plan; without any, all kinds again and again until it is over."""
    begun = monotonic()
    for kind in _kinds(stage):
        if kind == "full" and not stage.disk.can_be_full:
            continue
        if kind == "kill" and monotonic() > begun + stage.plan.killing_seconds:
            continue
        await asyncio.sleep(stage.drawn(stage.plan.calm))
        if stage.over.is_set():
            return
        await play(stage, kind)


def _kinds(stage: Stage) -> Iterator[str]:
    yield from stage.plan.kinds
    while not stage.plan.kinds:
        yield from stage.dice.sample(list(KINDS), len(KINDS))
