"""The demo's stage: a sandbox world, a real bot on SQLite, a clock that can be put forward, one customer."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.app import bot
from bot.clock import ShiftedClock, SystemClock
from bot.context import Context
from bot.demo.phone import NotPossible, told_of
from bot.http.server import serving
from bot.settings import Settings
from bot.workers.loop import Workers
from payments.shop.money import money
from sandbox.people import NothingToFill, Person, ReceivedMessage
from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from sandbox.shopify_orders import ShopifyOrder
from sandbox.world import World
from storage import Store
from storage.reports.timeline import Story

PHONE: Final = "919812345601"
NAME: Final = "Asha"
API_TOKEN: Final = "demo-token-for-this-machine-only"  # noqa: S105 - guards a sandbox on loopback
_LOOK_EVERY: Final = 0.02
_QUIET: Final = 0.3
"""Seconds without a new message after which an answer counts as complete."""
_CALM: Final = 2
"""Consecutive looks that must find nothing in progress."""


class NothingToPay(NotPossible):
    """No payment link has been sent yet."""


@dataclass
class Stage:
    """All running parts, and how many messages the customer has been shown."""

    world: World
    context: Context
    workers: Workers
    clock: ShiftedClock
    url: str
    customer: Person
    shown: int = 0
    """Number of the chat's messages that were taken so far."""
    at_shopify: dict[str, str] = field(default_factory=dict)
    """How each order at Shopify was last described, by its id there."""

    async def answers(self, patience: float) -> list[ReceivedMessage]:
        """Return new messages. Wait `patience` seconds for the first, then until no more come.

        Return as soon as nothing is in progress.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        count, calm = self.shown, 0
        while calm < _CALM and loop.time() < deadline:
            await asyncio.sleep(_LOOK_EVERY)
            if len(self.customer.messages) > count:
                count, deadline = len(self.customer.messages), loop.time() + _QUIET
            calm = calm + 1 if await self._is_calm() else 0
        return await self.take()

    async def _is_calm(self) -> bool:
        """Return whether nothing is being delivered, and nothing waits to be handled or sent."""
        if self.world.courier.busy:
            return False
        counts = await self.context.store.counts(self.clock.now())
        return not counts.pending and not counts.unfinished

    @property
    def title(self) -> str:
        """The shop's name."""
        flow = self.context.flow
        return str(flow.statics[flow.languages[0]]["shop"]["name"])

    async def write(self, text: str) -> None:
        """Send a text."""
        await self.customer.write(text)

    async def reply(self, text: str, to: str) -> None:
        """Send a text in reply to the message whose wamid is `to`."""
        await self.customer.reply(text, to)

    async def tap(self, id: str) -> None:
        """Tap the newest button or row with this id."""
        await self.customer.tap(id)

    async def send(self, kind: str, body: dict[str, Any]) -> None:
        """Send what is not text."""
        await self.customer.send(kind, body)

    async def fill(self, values: Mapping[str, str]) -> None:
        """Send the newest address form back. Raises NotPossible."""
        try:
            await self.customer.fill(dict(values))
        except NothingToFill as nothing:
            raise NotPossible(str(nothing)) from None

    async def take(self) -> list[ReceivedMessage]:
        """Return the messages that have arrived since the last call."""
        new = self.customer.messages[self.shown :]
        self.shown += len(new)
        return new

    def elsewhere(self) -> list[str]:
        """Return a line for each order that is new or changed at Shopify since the last call."""
        now = {order.id: described(order) for order in self.world.shopify.orders}
        news = [line for id, line in now.items() if self.at_shopify.get(id) != line]
        self.at_shopify = now
        return news

    async def pay(self) -> None:
        """Press *Pay* on the hosted page of the newest link. Raises NotPossible."""
        try:
            await self.world.razorpay.pay(self._link())
        except NotPayableError as error:
            raise NotPossible(str(error)) from None

    async def fail(self, reason: str = "") -> None:
        """Press *Fail* there. `reason` is what Razorpay reports. Raises NotPossible."""
        options = {"description": reason} if reason else {}
        try:
            await self.world.razorpay.fail(self._link(), **options)
        except NotPayableError as error:
            raise NotPossible(str(error)) from None

    async def wait(self, milliseconds: int) -> None:
        """Put the clock forward: timers run out, links expire."""
        self.clock.put_forward(milliseconds)
        await self.world.tick()
        self.workers.wake()

    async def trace(self) -> list[dict[str, Any]]:
        """Return the decision records of the newest events, oldest first."""
        events = reversed(await self.context.store.recent(5))
        return [dict(entry) for event in events for entry in event.trace]

    async def lifecycle(self) -> Story | None:
        """Return the customer's story in the books; None if they hold nothing about the customer yet."""
        return await told_of(self.context.settings.database_url, self.customer.wa_id)

    def _link(self) -> str:
        links = list(self.world.razorpay.links)
        if not links:
            raise NothingToPay("no payment link has been sent yet: put something in the cart and check out")
        return links[-1]


def described(order: ShopifyOrder) -> str:
    """Return how an order stands at Shopify: `at Shopify: #1001, ₹500, paid`."""
    stands = "cancelled" if order.cancelled_at else "paid" if order.paid else "payment pending"
    return f"at Shopify: {order.name}, {money(int(order.total * 100))}, {stands}"


@asynccontextmanager
async def stage(flow: Path, port: int, *, shopify_port: int | None = None) -> AsyncIterator[Stage]:
    """Set the stage: sandbox up, database made, bot served at `port` (0: any free one) and connected.

    With a `shopify_port`, the shop has a pretended Shopify store too.

    Raises FlowInvalid if the flow has an error, OSError if the port is taken.
    """
    clock = ShiftedClock(SystemClock())
    with tempfile.TemporaryDirectory(prefix="munshi-demo-") as folder:
        database = f"sqlite://{folder}/munshi.db"
        async with World.running(now=clock.now, shopify_port=shopify_port) as world:
            world.razorpay.refund_delay_ms = TRIAL_DELAY_MS
            settings = _settings(world, flow, database, port)
            await Store.migrate(database)
            async with bot(settings, clock) as (context, workers), serving(context) as url:
                workers.start()
                await world.connect(url)
                yield Stage(world, context, workers, clock, url, world.meta.person(PHONE, NAME))


def _settings(world: World, flow: Path, database: str, port: int) -> Settings:
    values: dict[str, Any] = {name.lower(): value for name, value in world.settings().items()}
    values |= {"database_url": database, "munshi_flow": flow, "munshi_api_token": API_TOKEN}
    return Settings(**{"_env_file": None, **values, "host": "127.0.0.1", "port": port})
