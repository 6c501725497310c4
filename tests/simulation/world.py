"""The world around one shop, which outlives the bot's processes, and one process after another in it.

The bot is production code on virtual time: webhooks come in as signed bytes, messages and calls leave
through the client's and the gateway's methods. All randomness comes from the seed.
"""

import asyncio
import json
import random
import string
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from bot.app import _Inbox
from bot.clock import Jumps
from bot.context import Context
from bot.flow_versions import FlowVersions
from bot.ingest import from_request
from bot.kept_files import KeptFiles
from bot.metrics import Metrics
from bot.staff import declare_staff
from bot.whatsapp.channel import WHATSAPP
from bot.workers.loop import Workers
from flows.engine.model import Flow
from payments.processing.bodies import OrderRequested
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.cart import Item
from payments.shopify.client import ShopifyClient
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.nonces import LETTERS
from storage.inbox.steps import Advance
from tests.simulation import checker
from tests.simulation.agenda import Action, Agenda, asynchronous
from tests.simulation.backups import Backups
from tests.simulation.database import Crash, Hook, Hooks, no_hook
from tests.simulation.loop import START, SimLoop
from tests.simulation.meta import Meta
from tests.simulation.people import Person
from tests.simulation.post import Post
from tests.simulation.razorpay import Razorpay
from tests.simulation.setting import settings, shop
from tests.simulation.weather import HOUR, MINUTE, SECOND, Weather
from tests.storage.memory_shadow import MemoryShadow
from tests.storage.next_due import next_due

ACTIVE_TIME: Final = HOUR
"""Milliseconds during which customers act. Faults last as long."""
CAPTURE_TIMEOUT: Final = 2 * HOUR
"""Milliseconds after which Razorpay refunds an uncaptured payment; really it is three days."""


class World:
    """The outside, its faults and its agenda. `end` is how long the world lasts, in milliseconds."""

    razorpay_kind: type[Razorpay] = Razorpay
    meta_kind: type[Meta] = Meta

    def __init__(self, seed: int, url: str, weather: Weather | None, hooks: Hooks, end: int) -> None:
        self.seed, self.end = seed, end
        self.dice = random.Random(seed)
        self._nonce_dice = random.Random(f"{seed} letters")
        self.weather = weather or Weather.drawn(self.dice)
        self.seen: Counter[str] = Counter()
        """Rare state → how often it was reached."""
        self.chronicle: list[str] = []
        """Lines for people: time, who, what."""
        self.acknowledged: dict[str, str] = {}
        """Inbox key → kind, of everything that the bot acknowledged."""
        self.downtimes: tuple[int, ...] = (SECOND, 5 * SECOND, 2 * MINUTE)
        """Milliseconds between the death of a process and the next start; one is drawn."""
        self.crash_hook: Hook = no_hook
        """Called before and after each send and call. It may raise Crash to kill the process."""
        # Late approvals need a world that lasts until a poll finds them.
        late = {5 * HOUR: (), 12 * HOUR: (3 * HOUR,)}.get(end, (3 * HOUR, 15 * HOUR))
        self.late_approvals = (11 * MINUTE, 30 * MINUTE, *late)
        """Milliseconds after which a bank may approve a payment late; polls still find it before the end."""
        self.crash_points = 0
        self.hooks = hooks
        self.context: Context | None = None
        self.loop: SimLoop | None = None
        self.post = Post(self)
        self._unfinished: list[Action] = []
        """Actions not begun and order requests not stored yet: the next process repeats them."""
        self._agenda = Agenda()
        self._dirty: asyncio.Event | None = None
        """Set by each commit."""
        self._planned = asyncio.Event()
        """Set by each new action."""
        self.shadow = MemoryShadow(self.flow.sections["shop"].counted)
        self._callers_hooks = (hooks.before, hooks.after)
        hooks.before, hooks.after = self._before, self._after
        wrongs: list[str] = []
        common = (self.now, self.dice, self.weather)
        self.razorpay = self.razorpay_kind(
            *common, self.post.from_razorpay, self._crash_point, self.seen, wrongs
        )
        self.meta = self.meta_kind(*common, self.post.from_meta, self._crash_point, self.seen, [])
        self._wamids = 0
        if self.weather.token:
            self.plan(START + 5 * MINUTE, asynchronous(lambda: setattr(self.meta, "expired", True)))
            self.plan(START + 25 * MINUTE, asynchronous(lambda: setattr(self.meta, "expired", False)))
        self.backups = Backups(self, url)
        if self.weather.restored:
            self.backups.plan()
        self.plan(START + ACTIVE_TIME, asynchronous(self._end_faults))
        for hour in range(1, end // HOUR):
            self.plan(START + hour * HOUR, asynchronous(self._run_bank))

    @property
    def flow(self) -> Flow:
        """The flow of the shop."""
        return shop()

    def violations(self, path: Path) -> list[str]:
        """Return what is wrong at the end of the world, given the database's file."""
        return checker.violations(path, self.razorpay, self.meta, self.acknowledged, self.counted)

    def lose_books(self, path: Path) -> None:
        """Note what only the database at `path` knows: a backup takes its place."""

    @property
    def counted(self) -> dict[str, int]:
        """How many pieces of each counted article the shop began with, by sku."""
        return dict(self.flow.sections["shop"].counted)

    @property
    def waiting(self) -> list[str]:
        """Kinds of the webhooks whose senders still wait for the answer."""
        return [hook.what for hook in self.post.in_flight.values()]

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self.loop.clock.now() if self.loop else START

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Schedule `action` for `when`, in milliseconds after the start."""
        self.plan(START + when, asynchronous(action))

    def plan(self, when: int, action: Action) -> None:
        """Schedule `action` for `when`, in milliseconds since 1970, UTC."""
        self._agenda.at(when, action)
        self._planned.set()

    def process_died(self) -> None:
        """Schedule again what the dead process had not answered."""
        self.seen["crash"] += 1
        self.record("bot", "dies")
        self.meta.process_died()
        self.post.process_died()
        for action in self._unfinished:
            self.plan(self.now(), action)
        self._unfinished.clear()

    async def run_process(self, url: str, loop: SimLoop) -> None:
        """Run one process of the bot until the world ends; a crash ends it sooner."""
        self.loop = loop
        self._dirty, self._planned = asyncio.Event(), asyncio.Event()
        store = await Store.open(url, WHATSAPP, draw=self._draw_nonce)
        store.advance_due = partial(self._shadowed, store.advance_due)  # type: ignore[method-assign]
        await store.declare(self.counted)
        await declare_staff(store, self.flow, self.now())
        metrics = Metrics()
        inbox = _Inbox(store, loop.clock, metrics)
        self.context = Context(
            settings(),
            loop.clock,
            FlowVersions(self.flow),
            store,
            self.meta,  # type: ignore[arg-type]
            self.razorpay,  # type: ignore[arg-type]
            inbox.batcher,
            metrics,
            shopify=self.shopify_client(),
        )
        jumps = Jumps(loop.clock.now, loop.clock.now)  # the real clock may be set meanwhile
        workers = Workers(self.context, random.Random(self.dice.random()), poll=self.end / 1000, jumps=jumps)
        # A picture of each document would take a fifth of a second, and nobody looks at it.
        files = KeptFiles(store, lambda document: document.number.encode())
        workers._executor = replace(workers._executor, files=files)
        inbox.workers = workers
        self.prepare(workers)
        workers.start()
        waker = loop.create_task(self._wake_workers(workers, store))
        await self._run_agenda(loop)
        waker.cancel()
        await workers.close()
        await store.close()

    def shopify_client(self) -> ShopifyClient | None:
        """Return a client of the store that the shop's orders are copied to, for one process; or None."""
        return None

    def prepare(self, workers: Workers) -> None:
        """Called before the workers of a process start."""

    def wake(self, workers: Workers) -> None:
        """Wake the workers: something is due."""
        workers._stepping.set()
        workers._performing.set()

    def _shadowed(
        self, advance_due: Callable[..., Coroutine[Any, Any, int]], advance: Advance, now: int, limit: int
    ) -> Coroutine[Any, Any, int]:
        return advance_due(partial(self.step, advance, now), now, limit)

    def step(self, advance: Advance, now: int, given: StepInput) -> ChangeSet:
        """Return what `advance` decides at `now`, once its input is compared with the store in memory's."""
        return self.shadow.step(advance, given)

    def begin(self) -> None:
        """A transaction begins."""
        self.shadow.begin()

    def commit(self) -> None:
        """What the transaction decided lasts."""
        self.shadow.commit()

    def _draw_nonce(self) -> str:
        return "".join(self._nonce_dice.choices(string.ascii_lowercase, k=LETTERS))

    async def _run_agenda(self, loop: SimLoop) -> None:
        """Start each action when it is due, until the world ends."""
        end = START + self.end
        while self.now() < end:
            due = min(end, self._agenda.next or end)
            self._planned.clear()
            if due <= self.now():
                action = self._agenda.take()
                self._unfinished.append(action)
                loop.create_task(self._begin(action))
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout((due - self.now()) / 1000):
                    await self._planned.wait()

    async def _begin(self, action: Action) -> None:
        self._unfinished.remove(action)
        await action()

    async def _wake_workers(self, workers: Workers, store: Store) -> None:
        """Wake the workers when a row falls due; this replaces their polling."""
        assert self._dirty is not None
        idle = 0.2
        while True:
            self._dirty.clear()
            due = await next_due(store)
            wait = self.end / 1000 if due is None else (due - self.now()) / 1000
            if wait <= 0:
                self.wake(workers)
            try:
                async with asyncio.timeout(max(wait, idle)):
                    await self._dirty.wait()
                idle = 0.2
            except TimeoutError:
                idle = min(idle * 2, 60) if wait <= 0 else 0.2
            await asyncio.sleep(1)

    # Crashes and other faults

    def _before(self, n: int, what: str) -> None:
        if what == "BEGIN IMMEDIATE":
            self.begin()
        self._callers_hooks[0](n, what)
        if self.weather.crash:
            self._maybe_crash()

    def _after(self, n: int, what: str) -> None:
        if what == "COMMIT":
            self.commit()  # before the hooks: a crash now does not undo the commit
        self._callers_hooks[1](n, what)
        if what == "COMMIT" and self._dirty is not None:
            self._dirty.set()
        if self.weather.crash:
            self._maybe_crash()

    def _maybe_crash(self) -> None:
        if self.context and self.dice.random() < self.weather.crash / 200:
            raise Crash("simulated")

    async def _crash_point(self, where: str) -> None:
        """Kill the process here if the hook or the weather says so."""
        self.crash_points += 1
        try:
            self.crash_hook(self.crash_points, where)
        except Crash as crash:
            assert self.loop is not None
            await self.loop.die(crash)
        if self.weather.crash and self.dice.random() < self.weather.crash / 2:
            assert self.loop is not None
            self.seen[f"crash {where}"] += 1
            await self.loop.die(Crash(where))

    def _end_faults(self) -> None:
        self.record("world", "faults end")
        calm = Weather()
        self.weather = self.razorpay.weather = self.meta.weather = calm
        self.meta.expired = False

    # What the outside does

    def _run_bank(self) -> None:
        """Settle pending refunds, refund some payments by hand, and refund what was not captured in time."""
        self.razorpay._expire()
        for refund in self.razorpay.refunds.values():
            if refund.status == "pending" and self.dice.random() < 0.7:
                self.razorpay.settle(refund, "failed" if self.dice.random() < 0.15 else "processed")
        for payment in list(self.razorpay.payments.values()):
            if payment.captured and self.dice.random() < 0.003:
                self.razorpay.refund_by_hand(payment, payment.net - self.razorpay.returned(payment))
        self.razorpay.refund_uncaptured(self.now() - CAPTURE_TIMEOUT)

    def play_person(self, person: Person) -> None:
        """Let `person` do one thing now, and schedule their next."""
        pause = person.act()
        if pause is not None and self.now() + pause < START + ACTIVE_TIME:
            self.later(pause, partial(self.play_person, person))

    def later(self, milliseconds: int, action: Callable[[], None]) -> None:
        """Schedule `action` for so many milliseconds from now."""
        self.plan(self.now() + milliseconds, asynchronous(action))

    def write(self, phone: str, *messages: dict[str, Any]) -> None:
        """Send WhatsApp messages of the customer whose key is `phone`, in one webhook."""
        names = self.meta.register.names_of(phone)
        self.meta.hear(phone, hides=names.hides)
        self.record(phone, json.dumps(messages, ensure_ascii=False))
        entries = [self._entry({**names.sender(), **message}) for message in messages]
        self.post.from_meta({"contacts": [names.contact()], "messages": entries}, names.addresses)

    def change_number(self, phone: str, to: str) -> None:
        """Give the customer whose key is `phone` another number, and send WhatsApp's system message."""
        self.record(phone, f"has the number {to} now")
        names = self.meta.register.names_of(phone)
        before = frozenset((names.phone, *((names.bsuid,) if names.bsuid else ())))
        message = self.meta.register.change_number(phone, to)
        self.seen["a customer changed numbers"] += 1
        self.post.from_meta({"messages": [self._entry(message)]}, before | names.addresses)

    def _entry(self, message: dict[str, Any]) -> dict[str, Any]:
        self._wamids += 1
        return {"id": f"wamid.in.{self._wamids:06}", "timestamp": str(self.now() // 1000), **message}

    def order(
        self, phone: str, items: tuple[Item, ...], said: Mapping[str, str | bool] = MappingProxyType({})
    ) -> None:
        """Request an order for the customer whose key is `phone` over the orders API.

        `said` is what the program says about delivery, coupon and payment.
        """
        names = self.meta.register.names_of(phone)
        self.meta.expect_order(phone, hides=names.hides)
        self.record("api", f"order for {names.phone}: {items} {dict(said)}")
        # Half of these customers wrote to the shop before this history began.
        if phone not in self.meta.wrote_at and self.dice.random() < 0.5:
            self.meta.wrote_at[phone] = self.now()
            self.meta.unheard.add(phone)
        arrival = from_request(names.phone, OrderRequested(items, said), f"{phone}.{self.now()}")
        self.plan(self.now(), partial(self.request, arrival, "api order"))

    async def request(self, arrival: Arrival, what: str) -> None:
        """Do what a program asks for over the API, and repeat it until it is acknowledged."""
        assert self.context is not None
        retry = partial(self.request, arrival, what)
        self._unfinished.append(retry)
        await self.context.inbox.put([arrival])
        self._unfinished.remove(retry)
        self.acknowledged[arrival.key] = what

    def record(self, who: str, what: str) -> None:
        seconds = (self.now() - START) / 1000
        self.chronicle.append(f"{seconds:10.1f} {who:>14} {what}")
