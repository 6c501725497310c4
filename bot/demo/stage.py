"""The demo's stage: a sandbox world, the real bot in a process of its own, people with phones, a clock."""

import random
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Any, Final

from bot.clock import ShiftedClock, SystemClock
from bot.demo.books import Books
from bot.demo.bot_process import BotProcess
from bot.demo.handset import Handset
from bot.demo.phone import NotPossible
from bot.demo.troubles import Troubles
from bot.flow_file import load_flow
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.staff import StaffSpec, by_number
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from sandbox.shopify_orders import ShopifyOrder
from sandbox.world import World

NAME: Final = "Asha"
API_TOKEN: Final = "demo-token-for-this-machine-only"  # noqa: S105 - guards a sandbox on loopback
_FIRST_NUMBER: Final = 919812345601
_OWNER: Final = ("Meena", "919812345671")
"""Who runs a shop whose flow file names nobody."""


@dataclass
class Stage:
    """All running parts."""

    world: World
    bot: BotProcess
    clock: ShiftedClock
    books: Books
    flow: Flow
    """The flow file as it was at the start. `books` knows what each person stands on."""
    troubles: Troubles
    phones: dict[str, Handset] = field(default_factory=dict)
    """By phone number, oldest first."""
    at_shopify: dict[str, str] = field(default_factory=dict)
    """How each order at Shopify was last described, by its id there."""

    @property
    def url(self) -> str:
        """Where the bot listens."""
        return self.bot.url

    @property
    def customer(self) -> Handset:
        """The first customer."""
        return self.phone(str(_FIRST_NUMBER), NAME)

    @property
    def staff(self) -> list[Handset]:
        """Those who run the shop."""
        return [self.phone(number, name) for name, number in _staff(self.flow)]

    def phone(self, number: str, name: str) -> Handset:
        """Return the phone with this number (digits, country code first), made for `name` on first use."""
        if number not in self.phones:
            person = self.world.meta.person(number, name)
            self.phones[number] = Handset(person, self.world, self.books, self, _name_of(self.flow))
        return self.phones[number]

    def newcomer(self, name: str) -> Handset:
        """Return the phone of one more customer, with a new number. Raises NotPossible without a name."""
        if not name.strip():
            raise NotPossible("a customer needs a name")
        number = _FIRST_NUMBER
        while str(number) in {*self.phones, *(digits for _, digits in _staff(self.flow))}:
            number += 1
        return self.phone(str(number), name.strip())

    async def waiting(self) -> int:
        """Return how much is due in the bot and not done; 0 if it is down."""
        return await self.bot.waiting()

    async def wait(self, milliseconds: int) -> None:
        """Put the clock forward: timers run out, links expire, delayed webhooks come."""
        self.clock.put_forward(milliseconds)
        await self.bot.waiting()
        await self.world.tick()

    def elsewhere(self) -> list[str]:
        """Return a line for each order that is new or changed at Shopify since the last call."""
        now = {order.id: described(order) for order in self.world.shopify.orders}
        news = [line for id, line in now.items() if self.at_shopify.get(id) != line]
        self.at_shopify = now
        return news


def described(order: ShopifyOrder) -> str:
    """Return how an order stands at Shopify: `at Shopify: #1001, ₹500, paid`."""
    stands = "cancelled" if order.cancelled_at else "paid" if order.paid else "payment pending"
    return f"at Shopify: {order.name}, {money(int(order.total * 100))}, {stands}"


@asynccontextmanager
async def stage(file: Path, port: int, *, shopify_port: int | None = None) -> AsyncIterator[Stage]:
    """Set the stage: sandbox up, database made, bot served at `port` (0: any free one) and connected.

    With a `shopify_port`, the shop has a pretended Shopify store too. Raises FlowInvalid if the flow has an
    error, BotFailed if the bot does not start.
    """
    clock = ShiftedClock(SystemClock())
    with tempfile.TemporaryDirectory(prefix="munshi-demo-") as folder:
        database = f"sqlite://{folder}/munshi.db"
        async with (
            World.running(now=clock.now, shopify_port=shopify_port) as world,
            BotProcess.spawned(clock) as process,
        ):
            world.razorpay.refund_delay_ms = TRIAL_DELAY_MS
            flow = load_flow(file)  # the other process loads the program meanwhile
            await process.start(_settings(world, flow, file, database, port or _free_port()))
            await world.connect(process.url)
            yield Stage(world, process, clock, Books(database), flow, Troubles(world))


def _settings(world: World, flow: Flow, file: Path, database: str, port: int) -> dict[str, Any]:
    return {
        **{name.lower(): value for name, value in world.settings().items()},
        **({} if _named_staff(flow) else {"munshi_staff": f"+{_OWNER[1]}"}),
        "database_url": database,
        "munshi_flow": str(file),
        "munshi_api_token": API_TOKEN,
        "host": "127.0.0.1",
        "port": port,
    }


def _staff(flow: Flow) -> list[tuple[str, str]]:
    """Return name and number of those who run the shop. Of a shop that names nobody, one is made up."""
    return [(member.name, member.phone.removeprefix("+")) for member in _named_staff(flow)] or [_OWNER]


def _named_staff(flow: Flow) -> list[StaffSpec]:
    shop: Shop = flow.sections["shop"]
    numbers = environ.get("MUNSHI_STAFF")
    return [*shop.staff, *(by_number(numbers) if numbers else ())]


def _name_of(flow: Flow) -> str:
    return str(flow.statics[flow.languages[0]]["shop"]["name"])


def _free_port() -> int:
    """Return a free port below those of outgoing connections: it stays free while the bot is down."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NotPossible("no port is free: give one with --port")
