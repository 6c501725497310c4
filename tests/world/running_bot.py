"""One running bot with its world and its customers."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiohttp
import orjson

from bot.clock import ShiftedClock
from bot.context import Context
from bot.workers.loop import Workers
from payments.signature import sign
from sandbox.delivery import SignedEvent
from sandbox.people import Person, ReceivedMessage
from sandbox.razorpay_entities import Link
from sandbox.world import World
from storage.reports.queries import OrderView

T = TypeVar("T")

START = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC."""
ROOT = Path(__file__).parents[2]
FLOW = ROOT / "flows.yaml"
API_TOKEN = "test-api-token-0123456789"

PRODUCTS = ("Masala chai 250 g", "Masala chai 250 g", "Ginger chai 250 g")
"""What `Customer.order` puts into the cart: ₹500 in all."""


class StillClock:
    """A clock that stands still; tests put it forward."""

    def now(self) -> int:
        return START


@dataclass
class Live:
    """One running bot and its world."""

    world: World
    context: Context
    workers: Workers
    url: str
    clock: ShiftedClock
    http: aiohttp.ClientSession

    async def settle(self) -> None:
        """Wait until nothing is due, nothing is in flight and no webhook is being delivered."""
        idle = 0
        while idle < 2:
            await self.world.tick()
            idle = 0 if await self.workers.drain() else idle + 1

    async def wait(self, minutes: float) -> None:
        """Put the clock forward, and do what has fallen due."""
        self.clock.put_forward(int(minutes * 60_000))
        await self.settle()

    async def seconds(self, seconds: float) -> None:
        await self.wait(seconds / 60)

    async def until(self, work: Awaitable[T]) -> T:
        """Await `work` while the bot runs. Return its result."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.settle()
            await asyncio.wait({task}, timeout=0.01)
        return task.result()

    def customer(self, phone: str = "919812345601", name: str = "Asha") -> "Customer":
        return Customer(self, self.world.meta.person(phone, name))

    async def post(
        self, path: str, body: bytes | SignedEvent, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """POST exactly these bytes. Return status and body. An event brings its own headers."""
        raw, own = (body.body, body.headers) if isinstance(body, SignedEvent) else (body, {})
        headers = {**own, **(headers or {})}
        async with self.http.post(self.url + path, data=BytesIO(raw), headers=headers) as answer:
            return answer.status, await answer.text()

    async def whatsapp(self, body: Any, **headers: str) -> int:
        """Post a signed body as Meta would. Return the status."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        signature = "sha256=" + sign(raw, self.world.secrets.app_secret)
        status, _ = await self.post("/whatsapp/webhook", raw, {"X-Hub-Signature-256": signature, **headers})
        return status

    async def razorpay(self, event: SignedEvent, event_id: str | None = None) -> int:
        """Post an event as Razorpay would, under another event id if one is given. Return the status."""
        headers = {"X-Razorpay-Event-Id": event_id} if event_id else None
        status, _ = await self.post("/payments/webhook", event, headers)
        return status

    async def api(
        self, method: str, path: str, body: Any = None, token: str = API_TOKEN, **headers: str
    ) -> tuple[int, Any]:
        """Call the shop's own API. Return status and JSON."""
        raw = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {token}", **headers}
        async with self.http.request(method, self.url + path, data=raw, headers=headers) as answer:
            text = await answer.text()
            return answer.status, orjson.loads(text) if text.startswith("{") else text

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Query the database."""
        return await self.context.store._units.read(lambda tx: tx.fetch(sql))

    async def stored(self) -> int:
        """The number of rows in the tables to which a request from outside could add."""
        counts = [
            await self.rows(f"SELECT COUNT(*) AS n FROM {t}") for t in ("inbox", "conversation", "alias")
        ]
        return sum(int(count["n"]) for [count] in counts)

    async def parked(self) -> list[str]:
        """The errors of parked events."""
        return [row["error"] for row in await self.rows("SELECT error FROM inbox WHERE state = 'parked'")]

    async def order(self, link: Link) -> OrderView:
        """The order that `link` was made for."""
        view = await self.context.store.order(link.notes["munshi_order"])
        assert view is not None
        return view


@dataclass
class Customer:
    """A customer who chats. Each method returns the answers."""

    live: Live
    person: Person

    async def write(self, text: str) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.write(text)
        return await self._answers(before)

    async def tap(self, title: str, message: ReceivedMessage | None = None) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.tap(title, message)
        return await self._answers(before)

    async def send(self, kind: str, body: dict[str, Any]) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.person.send(kind, body)
        return await self._answers(before)

    async def pay(self) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.live.world.razorpay.pay(self.link)
        return await self._answers(before)

    async def fail(self) -> list[ReceivedMessage]:
        before = len(self.person.messages)
        await self.live.world.razorpay.fail(self.link)
        return await self._answers(before)

    async def order(self) -> list[ReceivedMessage]:
        """Chat up to the button that pays: two Masala chai and one Ginger chai, ₹500."""
        await self.checkout()
        return await self.tap("Confirm order")

    async def checkout(self) -> list[ReceivedMessage]:
        """Chat up to the summary of that order."""
        await self.write("hi")
        for product in PRODUCTS:
            await self.tap(product)
        return await self.tap("Proceed to Checkout")

    @property
    def link(self) -> str:
        """The newest payment link in the chat's account at Razorpay."""
        return list(self.live.world.razorpay.links.values())[-1].id

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.person.messages]

    def heard(self, part: str) -> int:
        """The number of messages that contain `part`."""
        return sum(part in text for text in self.texts)

    async def _answers(self, before: int) -> list[ReceivedMessage]:
        await self.live.settle()
        return self.person.messages[before:]


class Start(Protocol):
    """Start a bot in a world, with the flow in this file if one is given."""

    def __call__(
        self, world: World, clock: ShiftedClock, flow: Path | None = None
    ) -> AbstractAsyncContextManager[Live]: ...


CONFIRMED = "✅ Payment Successful!"
