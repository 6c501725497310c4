"""Books that are put back from a backup: what happened since is known to the outside only."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.ingest import from_lost_link
from bot.whatsapp.channel import WHATSAPP
from payments.ledger.calls import FetchPayments
from payments.razorpay import strays
from payments.razorpay.links import read_link
from payments.razorpay.strays import Paid, Stray
from storage import Store
from storage.inbox.strays import Settled, StrayDecision
from storage.recovery import back_up, restore
from tests.simulation.database import Crash
from tests.simulation.loop import START, SimLoop
from tests.simulation.weather import MINUTE, Weather

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass
class Backups:
    """Makes one backup, loses the disk some time later, and has an operator put the backup back."""

    world: "World"
    url: str
    due: bool = False
    """Whether the disk is lost, and nobody has put anything in its place yet."""
    restored: bool = False
    made_at: int | None = None
    made: bool = False
    """Whether the backup is whole: the process may die over it."""
    refunds: float = 0.5
    """How likely the operator gives back what a stray link took; else it is kept, for goods given by hand."""
    gone: float = 0.5
    """How likely the database is lost with the disk; else the backup takes the place of what is left."""
    _acknowledged: dict[str, str] = field(default_factory=dict)
    _told: list[frozenset[str]] = field(default_factory=list)
    _left: dict[str, int] = field(default_factory=dict)
    _failures: set[tuple[int, str]] = field(default_factory=set)
    _heard_from: set[str] = field(default_factory=set)

    @property
    def _file(self) -> Path:
        return Path(f"{self.url.removeprefix('sqlite://')}.backup")

    def plan(self) -> None:
        """Let it happen while customers come."""
        made = self.world.dice.randrange(3, 35) * MINUTE
        self.world.plan(START + made, self.make)
        self.world.plan(START + made + self.world.dice.randrange(10, 45) * MINUTE, self.lose)

    async def make(self) -> None:
        if self.made_at is not None:
            return
        world = self.world
        # Before the copy: what is acknowledged while it is made may be in it, and need not.
        self.made_at = world.now()
        self._acknowledged = dict(world.acknowledged)
        self._told, self._left = list(world.meta.register.told), dict(world.meta.register.left)
        self._failures, self._heard_from = set(world.meta.failures), set(world.meta.heard_from)
        await back_up(self.url, self._file)
        self.made = True

    async def lose(self) -> None:
        assert self.world.loop is not None
        if self.made and not self.restored:
            self.due = True
            await self.world.loop.die(Crash("the disk is lost"))

    def put_back(self, now: int) -> None:
        """Restore the backup, as an operator does. What the lost books learned, nobody here knows."""
        world = self.world
        self.due, self.restored = False, True
        world.seen["a backup was restored"] += 1
        if world.dice.random() < self.gone:
            place = self.url.removeprefix("sqlite://")
            for end in ("", "-wal", "-shm"):
                Path(f"{place}{end}").unlink(missing_ok=True)
        asyncio.run(restore(self.url, self._file, now))
        world.shadow.restored()
        world.acknowledged = dict(self._acknowledged)
        world.meta.register.told, world.meta.register.left = list(self._told), dict(self._left)
        world.meta.recalled.clear()
        world.meta.forgotten = world.meta.failures - self._failures
        world.meta.strangers |= world.meta.wrote_at.keys() - self._heard_from
        kept = sum(message.at < (self.made_at or 0) for message in world.meta.log)
        world.meta.log, world.meta.lost = world.meta.log[:kept], world.meta.log[kept:]

    async def settle(self, loop: SimLoop) -> None:
        """Settle the links that the restored books lack, as the operator says; in fair weather."""
        world, weather, razorpay = self.world, self.world.weather, cast(Any, self.world.razorpay)
        world.loop, world.context = loop, None
        world.weather = world.razorpay.weather = Weather()
        store = await Store.open(self.url, WHATSAPP)
        try:
            links = strays.lacked_links(
                razorpay,
                await store.installation(),
                store.lacking,
            )
            async for link, settled in links:
                if settled is None:
                    world.seen["a lost link of a known order was taken over"] += 1
                    reading = await read_link(razorpay, FetchPayments(link.reference_id, link.id))
                    await store.arrive([from_lost_link(link, razorpay.mode, reading)], world.now())
                    continue
                for decided in await self._decisions(await strays.read(razorpay, link, settled)):
                    world.seen[f"a stray link was {decided.decision}"] += 1
                    world.seen["money on a stray link was settled"] += (
                        decided.decision is not StrayDecision.CANCELLED
                    )
                    await store.settle(decided, world.now())
            await store.finish_restore()
        finally:
            await store.close()
            world.weather = world.razorpay.weather = weather

    async def _decisions(self, stray: Stray) -> list[Settled]:
        """What the operator decides of a link, and of each kind of money on it."""
        razorpay: Any = self.world.razorpay
        if stray.payable:
            stray = await strays.cancel(razorpay, stray)
            if not stray.open:
                return [self._settled(stray, StrayDecision.CANCELLED)]
        decisions = []
        if stray.paid and self.world.dice.random() < self.refunds:
            stray = await strays.give_back(razorpay, stray)
        elif stray.paid:
            self.world.razorpay.kept |= {paid.payment_id for paid in stray.paid}
            decisions.append(self._settled(stray, StrayDecision.KEPT, stray.paid, stray.captured))
        if stray.returned:
            decisions.append(self._settled(stray, StrayDecision.REFUNDED, stray.returned, stray.gone_back))
        return decisions

    @staticmethod
    def _settled(
        stray: Stray, decision: StrayDecision, paid: tuple[Paid, ...] = (), amount: int = 0
    ) -> Settled:
        payments = frozenset(one.payment_id for one in paid)
        reference = stray.link.reference_id
        return Settled(stray.link.id, stray.order_key, reference, amount, decision, payments)
