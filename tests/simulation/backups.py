"""A lost disk: an operator restores a backup, and only the outside knows what happened since."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.ingest import from_lost_link
from bot.whatsapp.channel import WHATSAPP
from payments.razorpay import strays
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
    """One backup, the loss of the disk some time later, and an operator's restore."""

    world: "World"
    url: str
    disk_lost: bool = False
    """Whether the disk is lost and the backup is not restored yet."""
    restored: bool = False
    began_at: int | None = None
    """When the backup began, in milliseconds."""
    made: bool = False
    """Whether the backup is complete: the process may die while it is made."""
    refunds: float = 0.5
    """Chance that the operator refunds a stray link's money; else they keep it and give the goods by hand."""
    deletion_chance: float = 0.5
    """Chance that no database file is left; else the backup replaces the one that is."""
    # What the world knew of the bot when the backup began.
    _acknowledged: dict[str, str] = field(default_factory=dict)
    _shown: list[frozenset[str]] = field(default_factory=list)
    _given_up_known_at: dict[str, int] = field(default_factory=dict)
    _failures: set[tuple[int, str]] = field(default_factory=set)
    _heard_from: set[str] = field(default_factory=set)

    @property
    def _file(self) -> Path:
        return Path(f"{self.url.removeprefix('sqlite://')}.backup")

    def plan(self) -> None:
        """Schedule the backup and the loss while customers act."""
        backup_at = START + self.world.dice.randrange(3, 35) * MINUTE
        self.world.plan(backup_at, self.make)
        self.world.plan(backup_at + self.world.dice.randrange(10, 45) * MINUTE, self.lose)

    async def make(self) -> None:
        """Make the backup, once."""
        if self.began_at is not None:
            return
        world = self.world
        # Read before the copy: what is acknowledged while it is made may or may not be in it.
        self.began_at = world.now()
        self._acknowledged = dict(world.acknowledged)
        self._shown = list(world.meta.register.shown)
        self._given_up_known_at = dict(world.meta.register.given_up_known_at)
        self._failures, self._heard_from = set(world.meta.failures), set(world.meta.heard_from)
        await back_up(self.url, self._file)
        self.made = True

    async def lose(self) -> None:
        """Kill the process and lose the disk, if there is a complete backup."""
        assert self.world.loop is not None
        if self.made and not self.restored:
            self.disk_lost = True
            await self.world.loop.die(Crash("the disk is lost"))

    def restore_backup(self, now: int) -> None:
        """Restore the backup as an operator does, and forget what only the lost books knew."""
        world = self.world
        self.disk_lost, self.restored = False, True
        world.seen["a backup was restored"] += 1
        world.lose_books(Path(self.url.removeprefix("sqlite://")))
        if world.dice.random() < self.deletion_chance:
            path = self.url.removeprefix("sqlite://")
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        asyncio.run(restore(self.url, self._file, now))
        world.shadow.restored()
        world.acknowledged = dict(self._acknowledged)
        world.meta.register.shown, world.meta.register.given_up_known_at = (
            list(self._shown),
            dict(self._given_up_known_at),
        )
        world.meta.recalled.clear()
        world.meta.forgotten = world.meta.failures - self._failures
        world.meta.unheard |= world.meta.wrote_at.keys() - self._heard_from
        count = sum(message.at < (self.began_at or 0) for message in world.meta.log)
        world.meta.log, world.meta.lost = world.meta.log[:count], world.meta.log[count:]

    async def settle(self, loop: SimLoop) -> None:
        """Settle each link that the restored books lack, as an operator does, without faults."""
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
                    known, reading = await strays.taken_over(razorpay, link)
                    await store.arrive([from_lost_link(known, razorpay.mode, reading)], world.now())
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
