"""The demo's stage: a sandbox world, the real bot in a process of its own, people with phones, a clock."""

import random
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Final

from bot.clock import ShiftedClock, SystemClock
from bot.demo.books import Books
from bot.demo.bot_process import BotProcess
from bot.demo.handset import Handset
from bot.demo.phone import NotPossible
from bot.demo.troubles import Troubles
from bot.flow_file import load_flow
from bot.settings import SettingsInvalid
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.staff import StaffSpec, by_number
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from sandbox.shopify_orders import ShopifyOrder
from sandbox.world import World
from storage import Store

NAME: Final = "Asha"
API_TOKEN: Final = "demo-token-for-this-machine-only"  # noqa: S105 - guards a sandbox on loopback
_FIRST_NUMBER: Final = 919812345601
_OWNER: Final = StaffSpec(name="Meena", phone="+919812345671")
"""Who runs a shop that names nobody."""


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
    members: Sequence[StaffSpec]
    """Those who run the shop."""
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
        """The phones of those who run the shop."""
        return [self.phone(_digits(member), member.name) for member in self.members]

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
        number = _FIRST_NUMBER + 1
        while str(number) in {*self.phones, *map(_digits, self.members)}:
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
    error, SettingsInvalid if MUNSHI_STAFF has one, BotFailed if the bot does not start.
    """
    clock = ShiftedClock(SystemClock())
    with tempfile.TemporaryDirectory(prefix="munshi-demo-") as folder:
        database = f"sqlite://{folder}/munshi.db"
        async with (
            World.running(now=clock.now, shopify_port=shopify_port) as world,
            BotProcess.spawned(clock) as process,
        ):
            world.razorpay.refund_delay_ms = TRIAL_DELAY_MS
            # The other process loads the program meanwhile.
            flow = load_flow(file)
            await Store.migrate(database)
            members = _members(flow)
            settings = {
                **{name.lower(): value for name, value in world.settings().items()},
                **({"munshi_staff": _OWNER.phone} if members == [_OWNER] else {}),
                "database_url": database,
                "munshi_flow": str(file),
                "munshi_api_token": API_TOKEN,
                "host": "127.0.0.1",
                "port": port or _free_port(),
            }
            await process.start(settings)
            await world.connect(process.url)
            yield Stage(world, process, clock, Books(database), flow, Troubles(world), members)


def _members(flow: Flow) -> list[StaffSpec]:
    """Return who runs the shop: of the flow file and of MUNSHI_STAFF, or one who is made up."""
    shop: Shop = flow.sections["shop"]
    numbers = environ.get("MUNSHI_STAFF")
    try:
        return [*shop.staff, *(by_number(numbers) if numbers else ())] or [_OWNER]
    except ValueError as error:
        raise SettingsInvalid(f"MUNSHI_STAFF: {error}") from None


def _digits(member: StaffSpec) -> str:
    return member.phone.removeprefix("+")


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
