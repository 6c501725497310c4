"""A crowd that buys at once from bots that are killed: what was acknowledged must be stored and done once."""

import asyncio
import hashlib
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

from sandbox.faults import Fault
from sandbox.people import Person, ReceivedMessage
from sandbox.world import World
from storage.database.records import reading
from tests.world.fast_clock import PACE, now
from tests.world.processes import MUNSHI, environment, free_port, kill, process, ready, run, until
from tests.world.running_bot import API_TOKEN, CONFIRMED, PRODUCTS

FAST_MUNSHI: Final = (sys.executable, "-m", "tests.world.fast_clock")
MOMENT: Final = 5000 * PACE
"""Milliseconds of the fast clock that a message or an acknowledgement may be on its way."""
_SLOW: Final = 0.05
"""Seconds that providers take to answer, so that a process dies with calls under way."""
_PAUSE: Final = 0.4
"""Seconds that customers wait before they tap, at most."""
_TRIES: Final = 40
_AGAIN: Final = 0.1
"""Seconds before the proxy tries again."""
_TOTAL: Final = 50_000


_STATUSES: Final = frozenset({"sent", "delivered", "read", "failed"})


def is_receipt(key: str) -> bool:
    """Return whether this is the key of a receipt, whose row goes once its message says the same."""
    return key.rpartition(":")[2] in _STATUSES


class Front:
    """A proxy before the bots, which notes by inbox key what they acknowledged."""

    def __init__(self, http: aiohttp.ClientSession, bots: Sequence[str]) -> None:
        self.acknowledged: dict[str, int] = {}
        """By inbox key: the time of the first answer 200, in milliseconds of the fast clock."""
        self._http = http
        self._turns = cycle(bots)

    async def pass_on(self, request: web.Request) -> web.Response:
        """Pass the request on until a bot answers; 502 if none does for long."""
        raw, headers = await request.read(), _forwarded_headers(request)
        for _ in range(_TRIES):
            url = next(self._turns) + request.path_qs
            try:
                async with self._http.request(
                    request.method, url, data=raw or None, headers=headers
                ) as answer:
                    body, status = await answer.read(), answer.status
            except aiohttp.ClientError:
                await asyncio.sleep(_AGAIN)
                continue
            if request.method == "POST" and status == 200:
                for key in _keys(request.path, raw):
                    self.acknowledged.setdefault(key, now())
            return web.Response(status=status, body=body)
        return web.Response(status=502)


def _forwarded_headers(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith(("X-", "Content-Type"))}


def _keys(path: str, raw: bytes) -> Iterator[str]:
    """The inbox keys of the events in a webhook."""
    if path == "/payments/webhook":
        yield hashlib.sha256(raw).hexdigest()
        return
    for entry in orjson.loads(raw)["entry"]:
        for change in entry["changes"]:
            yield from (message["id"] for message in change["value"].get("messages", ()))
            for status in change["value"].get("statuses", ()):
                yield f"{status['id']}:{status['status']}"


@dataclass
class Market:
    """Providers and a proxy in this process, and bots in processes of their own."""

    database_url: str
    world: World
    front: Front
    url: str
    bots: list[str]
    http: aiohttp.ClientSession
    env: dict[str, str]
    cwd: Path
    dice: random.Random
    stack: AsyncExitStack
    lost: list[int] = field(default_factory=list)
    """Times at which a process or its database was killed, in milliseconds of the fast clock."""
    woken: list[int] = field(default_factory=list)
    """Times at which a frozen process went on."""

    async def serve(self, bot: int = 0) -> Process:
        """Start `munshi serve` as bot number `bot`, and wait until it is ready."""
        running = await self._start(self.bots[bot], "serve", "--create")
        await ready(self.http, self.bots[bot])
        return running

    async def work(self) -> Process:
        """Start `munshi work`."""
        running = await self._start(self.bots[0], "work")
        assert running.stdout is not None
        assert b"works" in await running.stdout.readline(), (self.cwd / "stderr.txt").read_text()
        return running

    async def _start(self, url: str, *command: str) -> Process:
        env = {**self.env, "PORT": url.rpartition(":")[2]}
        return await self.stack.enter_async_context(process(*FAST_MUNSHI, *command, env=env, cwd=self.cwd))

    async def kill(self, running: Process) -> None:
        """`kill -9`."""
        self.lost.append(now())
        await kill(running)

    def wake(self, running: Process) -> None:
        """Send SIGCONT."""
        self.woken.append(now())
        running.send_signal(signal.SIGCONT)

    async def stop(self, running: Process) -> None:
        """Send SIGTERM, and assert that the process ends well."""
        running.send_signal(signal.SIGTERM)
        await running.communicate()
        assert running.returncode == 0, (self.cwd / "stderr.txt").read_text()

    async def crowd(self, count: int) -> None:
        """Let new customers buy, each at their own pace. Return once all have their confirmation."""
        come = len(self.world.meta.people)
        async with asyncio.TaskGroup() as group:
            for number in range(come, come + count):
                group.create_task(self._buy(self.world.meta.person(f"9198{number:08}", f"Asha {number}")))

    async def _buy(self, person: Person) -> None:
        await person.write("hi")
        await self._hears(person, "Namaste")
        for count, product in enumerate(PRODUCTS, 1):
            await self._taps(person, product, "🛒 Your cart", count)
        await self._taps(person, "Proceed to Checkout", "🧾 Your order")
        await self._taps(person, "Confirm order", "💳 Complete Payment")
        message = await self._taps(person, "Pay Now", "Click here")
        await self.world.razorpay.pay(message.text.split()[5])
        await self._hears(person, CONFIRMED)

    async def _taps(self, person: Person, title: str, answer: str, count: int = 1) -> ReceivedMessage:
        await asyncio.sleep(self.dice.uniform(0, _PAUSE))
        await person.tap(title)
        return await self._hears(person, answer, count)

    async def _hears(self, person: Person, answer: str, count: int = 1) -> ReceivedMessage:
        """Wait for `count` messages that begin with `answer`, copies not counted. Return the last one."""

        async def arrived() -> bool:
            return len({message.opaque for message in _messages(person, answer)}) >= count

        await until(arrived, f"{person.name} to hear {answer!r} {count} times, not {person.messages[-2:]}")
        return _messages(person, answer)[-1]

    async def settled(self) -> None:
        """Wait until no webhook is on its way and nothing is left to be done."""

        async def done() -> bool:
            await self.world.quiet()
            return await self.rows(_OPEN) == []

        await until(done, "the last answer")

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Query the database beside the bots."""
        async with reading(self.database_url) as records:
            return await records.client.execute_query_dict(sql)

    async def check(self) -> None:
        """Assert that nothing acknowledged is lost, nothing is done twice, and the books balance."""
        customers = len(self.world.meta.people)
        stored = {row["key"] for row in await self.rows("SELECT key FROM inbox")}
        assert {key for key in self.front.acknowledged if not is_receipt(key)} <= stored
        wrong = await self.rows(_WRONG)
        assert wrong == [], wrong
        orders = await self.rows("SELECT payment, lifecycle, total FROM orders")
        assert orders == [{"payment": "paid", "lifecycle": "fulfilled", "total": _TOTAL}] * customers
        links = self.world.razorpay.links.values()
        assert sorted(link.amount_paid for link in links) == [_TOTAL] * customers
        assert len(self.world.razorpay.payments) == customers
        assert self.world.razorpay.refunds == {}
        self._check_copies()
        status, said = await run(*MUNSHI, "ledger", env=self.env, cwd=self.cwd)
        assert status == 0, said

    def _check_copies(self) -> None:
        """Assert that a message came twice only where it could not be known that it had been sent."""
        for person in self.world.meta.people.values():
            assert _messages(person, CONFIRMED), f"{person.name} paid and never heard of it"
            copies: dict[str | None, list[ReceivedMessage]] = defaultdict(list)
            for message in person.messages:
                copies[message.opaque].append(message)
            for same in copies.values():
                for first, second in pairwise(same):
                    assert self._in_doubt(first, second), f"{first.text!r} was sent twice: {same}"

    def _in_doubt(self, first: ReceivedMessage, second: ReceivedMessage) -> bool:
        """Whether the sender of `first` was killed before its answer, and no receipt came in time.

        Or whether `second` is what a frozen process was about to send, which nobody can prevent.
        """
        if any(woke <= second.at <= woke + MOMENT for woke in self.woken):
            return True
        known = self.front.acknowledged.get(f"{first.wamid}:sent", second.at)
        lost = any(first.at - MOMENT <= lost <= second.at for lost in self.lost)
        return lost and known >= second.at - MOMENT


def _messages(person: Person, answer: str) -> list[ReceivedMessage]:
    return [message for message in person.messages if message.text.startswith(answer)]


_OPEN: Final = """
SELECT id FROM outbox WHERE state IN ('pending', 'sending')
UNION ALL SELECT id FROM inbox WHERE state = 'pending' AND kind NOT IN ('timer', 'poll')"""

_WRONG: Final = """
SELECT id, name, error FROM outbox
WHERE state <> 'done' AND COALESCE(error, '') <> 'the customer had moved on'
    AND NOT (lane = 'poll' AND state = 'pending' AND attempts = 0)
UNION ALL SELECT id, kind, error FROM inbox WHERE state = 'parked'
UNION ALL SELECT id, kind, said FROM notice WHERE kind NOT IN ('webhook', 'unstored')"""
"""Rows that must not be left. A reminder may be out of date, and polls may come due while processes stop.
While no process or no database is there, webhooks are late, and operators get notices of those that could not
be stored."""


@asynccontextmanager
async def market(database_url: str, cwd: Path, *, bots: int = 1, seed: int) -> AsyncIterator[Market]:
    """A market whose bots are not started yet. Both providers answer slowly."""
    urls = [f"http://127.0.0.1:{free_port()}" for _ in range(bots)]
    async with (
        aiohttp.ClientSession() as http,
        World.running(now=now, seed=seed) as world,
        _served(Front(http, urls)) as (front, url),
        AsyncExitStack() as stack,
    ):
        world.meta.faults.always("send", Fault.slow(_SLOW))
        world.razorpay.faults.always("create_link", Fault.slow(_SLOW))
        settings = {**world.settings(), "DATABASE_URL": database_url, "MUNSHI_API_TOKEN": API_TOKEN}
        env = environment(settings)
        yield Market(database_url, world, front, url, urls, http, env, cwd, random.Random(seed), stack)


@asynccontextmanager
async def _served(front: Front) -> AsyncIterator[tuple[Front, str]]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", front.pass_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield front, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
