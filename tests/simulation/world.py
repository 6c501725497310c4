"""The world around one shop, and the lives of its process: what outlives a process is kept here.

The bot is production code on virtual time: webhooks come in as signed bytes, messages and calls leave
through the client's and the gateway's methods. Everything is drawn from the seed.
"""

import asyncio
import hashlib
import json
import random
import string
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final

from bot.app import _Inbox
from bot.clock import Jumps
from bot.context import Context
from bot.ingest import from_request
from bot.metrics import Metrics
from bot.whatsapp.channel import WHATSAPP
from bot.workers.loop import Workers
from payments.shop.cart import Item
from storage import Store
from storage.inbox.nonces import LETTERS
from storage.inbox.steps import Advance
from tests.simulation.agenda import Act, Agenda
from tests.simulation.backups import Backups
from tests.simulation.database import Crash, Hook, Hooks
from tests.simulation.loop import START, SimLoop
from tests.simulation.meta import NUMBER, Meta, entry_of
from tests.simulation.people import Person
from tests.simulation.razorpay import Razorpay
from tests.simulation.setting import settings, shop
from tests.simulation.weather import HOUR, MINUTE, SECOND, Weather
from tests.simulation.webhook import Webhook
from tests.storage.memory_shadow import MemoryShadow
from tests.storage.next_due import next_due

LIVELY: Final = HOUR
"""Milliseconds during which customers come; misfortunes last as long, and then all heals."""
LET_GO: Final = 2 * HOUR
"""Milliseconds for which Razorpay keeps what nobody captures; in the world outside, three days."""


class World:
    """All that outlives a process."""

    def __init__(self, seed: int, url: str, weather: Weather | None, hooks: Hooks, end: int) -> None:
        self.seed, self.end = seed, end
        self.dice = random.Random(seed)
        self._letter_dice = random.Random(f"{seed} letters")
        self.weather = weather or Weather.drawn(self.dice)
        self.seen: Counter[str] = Counter()
        self.chronicle: list[str] = []
        self.acknowledged: dict[str, str] = {}
        self.rests: tuple[int, ...] = (SECOND, 5 * SECOND, 2 * MINUTE)
        """Milliseconds for which the process may be dead."""
        self.peril: Hook = _no_peril
        """Told of each send and call, before it has its effect and after: where the process may die."""
        late = {5 * HOUR: (), 12 * HOUR: (3 * HOUR,)}.get(end, (3 * HOUR, 15 * HOUR))
        self.lates = (11 * MINUTE, 30 * MINUTE, *late)
        """Milliseconds after which a bank may say yes after all; polls still find it in time."""
        self.calls = 0
        self.hooks = hooks
        self.context: Context | None = None
        self.loop: SimLoop | None = None
        self._flying: dict[int, Webhook] = {}
        self._unanswered: list[Act] = []
        self._agenda = Agenda()
        self._dirty: asyncio.Event | None = None
        self._planned = asyncio.Event()
        self.shadow = MemoryShadow(shop().sections["shop"].counted)
        self._inner = (hooks.before, hooks.after)
        hooks.before, hooks.after = self._before, self._after
        wrongs: list[str] = []
        common = (self.now, self.dice, self.weather)
        self.razorpay = Razorpay(*common, self._from_razorpay, self._risk, self.seen, wrongs)
        self.meta = Meta(*common, self._from_meta, self._risk, self.seen, [])
        self._wamids = 0
        if self.weather.token:
            self.plan(START + 5 * MINUTE, self._do(lambda: setattr(self.meta, "expired", True)))
            self.plan(START + 25 * MINUTE, self._do(lambda: setattr(self.meta, "expired", False)))
        self.backups = Backups(self, url)
        if self.weather.restored:
            self.backups.plan()
        self.plan(START + LIVELY, self._do(self._heal))
        for hour in range(1, end // HOUR):
            self.plan(START + hour * HOUR, self._do(self._bank))

    @property
    def waiting(self) -> list[str]:
        """Webhooks that were brought and whose bringers still wait."""
        return [hook.what for hook in self._flying.values()]

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self.loop.clock.now() if self.loop else START

    def at(self, when: int, deed: Callable[[], None]) -> None:
        """Let `deed` happen `when` milliseconds after the start."""
        self.plan(START + when, self._do(deed))

    def plan(self, when: int, act: Act) -> None:
        """Let `act` happen at `when` (milliseconds since 1970, UTC)."""
        self._agenda.at(when, act)
        self._planned.set()

    def died(self) -> None:
        """The process is gone: what it had not answered, comes again."""
        self.seen["crash"] += 1
        self._say("bot", "dies")
        self.meta.forget()
        for hook in self._flying.values():
            self._again(hook)
        self._flying.clear()
        for act in self._unanswered:
            self.plan(self.now(), act)
        self._unanswered.clear()

    async def live(self, url: str, loop: SimLoop) -> None:
        """One life of the process, to the end of the world or to its own."""
        self.loop = loop
        self._dirty, self._planned = asyncio.Event(), asyncio.Event()
        store = await Store.open(url, WHATSAPP, draw=self._letters)
        store.advance_due = partial(self._shadowed, store.advance_due)  # type: ignore[method-assign]
        await store.declare(shop().sections["shop"].counted)
        metrics = Metrics()
        inbox = _Inbox(store, loop.clock, metrics)
        self.context = Context(
            settings(),
            loop.clock,
            shop(),
            store,
            self.meta,  # type: ignore[arg-type]
            self.razorpay,  # type: ignore[arg-type]
            inbox.batcher,
            metrics,
        )
        jumps = Jumps(loop.clock.now, loop.clock.now)  # the machine's own clock may be set meanwhile
        workers = Workers(self.context, random.Random(self.dice.random()), poll=self.end / 1000, jumps=jumps)
        inbox.workers = workers
        workers.start()
        waker = loop.create_task(self._wake(workers, store))
        await self._keep_to_the_agenda(loop)
        waker.cancel()
        await workers.close()
        await store.close()

    def _shadowed(
        self, advance_due: Callable[..., Coroutine[Any, Any, int]], advance: Advance, now: int, limit: int
    ) -> Coroutine[Any, Any, int]:
        """Compare what each step is given with what the store in memory would give it."""
        return advance_due(partial(self.shadow.step, advance), now, limit)

    def _letters(self) -> str:
        return "".join(self._letter_dice.choices(string.ascii_lowercase, k=LETTERS))

    async def _keep_to_the_agenda(self, loop: SimLoop) -> None:
        """Let everything happen when it is due, to the end of the world."""
        end = START + self.end
        while self.now() < end:
            due = min(end, self._agenda.next or end)
            self._planned.clear()
            if due <= self.now():
                act = self._agenda.take()
                self._unanswered.append(act)
                loop.create_task(self._begin(act))
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout((due - self.now()) / 1000):
                    await self._planned.wait()

    async def _begin(self, act: Act) -> None:
        self._unanswered.remove(act)
        await act()

    async def _wake(self, workers: Workers, store: Store) -> None:
        """In the place of polling: wake the workers when something falls due."""
        assert self._dirty is not None
        idle = 0.2
        while True:
            self._dirty.clear()
            due = await next_due(store)
            wait = self.end / 1000 if due is None else (due - self.now()) / 1000
            if wait <= 0:
                workers._stepping.set()
                workers._performing.set()
            try:
                async with asyncio.timeout(max(wait, idle)):
                    await self._dirty.wait()
                idle = 0.2
            except TimeoutError:
                idle = min(idle * 2, 60) if wait <= 0 else 0.2
            await asyncio.sleep(1)

    # The process' bad luck

    def _before(self, n: int, what: str) -> None:
        if what == "BEGIN IMMEDIATE":
            self.shadow.begin()
        self._inner[0](n, what)
        if self.weather.crash:
            self._maybe_die()

    def _after(self, n: int, what: str) -> None:
        if what == "COMMIT":
            self.shadow.commit()  # also if the process dies now
        self._inner[1](n, what)
        if what == "COMMIT" and self._dirty is not None:
            self._dirty.set()
        if self.weather.crash:
            self._maybe_die()

    def _maybe_die(self) -> None:
        if self.context and self.dice.random() < self.weather.crash / 200:
            raise Crash("simulated")

    async def _risk(self, where: str) -> None:
        self.calls += 1
        try:
            self.peril(self.calls, where)
        except Crash as crash:
            assert self.loop is not None
            await self.loop.die(crash)
        if self.weather.crash and self.dice.random() < self.weather.crash / 2:
            assert self.loop is not None
            self.seen[f"crash {where}"] += 1
            await self.loop.die(Crash(where))

    def _heal(self) -> None:
        self._say("world", "heals")
        calm = Weather()
        self.weather = self.razorpay.weather = self.meta.weather = calm
        self.meta.expired = False

    # What the outside does

    def _bank(self) -> None:
        """Refunds end; some fail; operators refund now and then what they find."""
        self.razorpay._expire()
        for refund in self.razorpay.refunds.values():
            if refund.status == "pending" and self.dice.random() < 0.7:
                self.razorpay.settle(refund, "failed" if self.dice.random() < 0.15 else "processed")
        for payment in list(self.razorpay.payments.values()):
            if payment.captured and self.dice.random() < 0.003:
                self.razorpay.refund_by_hand(payment, payment.net - self.razorpay.returned(payment))
        self.razorpay.let_go(self.now() - LET_GO)

    def whims(self, person: Person) -> None:
        """Let `person` do one thing, and the next when they feel like it."""
        pause = person.act()
        if pause is not None and self.now() + pause < START + LIVELY:
            self.later(pause, partial(self.whims, person))

    def _do(self, deed: Callable[[], None]) -> Act:
        async def act() -> None:
            deed()

        return act

    def later(self, milliseconds: int, deed: Callable[[], None]) -> None:
        self.plan(self.now() + milliseconds, self._do(deed))

    def write(self, phone: str, *messages: dict[str, Any]) -> None:
        """Send WhatsApp messages of the customer who began with this number, in one webhook."""
        self.meta.wrote_at[phone] = self.now()
        self.meta.strangers.discard(phone)
        self._say(phone, json.dumps(messages, ensure_ascii=False))
        names = self.meta.register.of(phone)
        entries = [self._entry({**names.sender(), **message}) for message in messages]
        self._from_meta({"contacts": [names.contact()], "messages": entries}, names.told)

    def moves(self, phone: str, to: str) -> None:
        """Let the customer who began with this number have another, and WhatsApp tell of it."""
        self._say(phone, f"has the number {to} now")
        old = self.meta.register.of(phone)
        before = frozenset((old.phone, *((old.bsuid,) if old.bsuid else ())))
        message = self.meta.register.move(phone, to)
        self.seen["a customer changed numbers"] += 1
        self._from_meta({"messages": [self._entry(message)]}, before | self.meta.register.of(phone).told)

    def _entry(self, message: dict[str, Any]) -> dict[str, Any]:
        self._wamids += 1
        return {"id": f"wamid.in.{self._wamids:06}", "timestamp": str(self.now() // 1000), **message}

    def order(self, phone: str, items: tuple[Item, ...]) -> None:
        """Have the shop's own API asked for an order of the customer who began with this phone number."""
        number = self.meta.register.of(phone).phone
        self._say("api", f"order for {number}: {items}")
        # Half of them have talked to the shop before, outside this history.
        if phone not in self.meta.wrote_at and self.dice.random() < 0.5:
            self.meta.wrote_at[phone] = self.now()
            self.meta.strangers.add(phone)
        self.plan(self.now(), partial(self._ask, number, items, f"{phone}.{self.now()}"))

    async def _ask(self, phone: str, items: tuple[Item, ...], key: str) -> None:
        assert self.context is not None
        arrival, again = from_request(phone, items, key), partial(self._ask, phone, items, key)
        self._unanswered.append(again)
        await self.context.inbox.put([arrival])
        self._unanswered.remove(again)
        self.acknowledged[arrival.key] = "api order"

    # Webhooks

    def _from_meta(self, value: dict[str, Any], told: frozenset[str] = frozenset()) -> None:
        head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}}
        change = {"field": "messages", "value": {**head, **value}}
        body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        if messages := value.get("messages"):
            what = "move" if messages[0]["type"] == "system" else "message"
            self._send("meta", body, messages[0]["id"], what, told)
        else:
            [status] = value["statuses"]
            what = "failure" if status["status"] == "failed" else "status"
            self._send("meta", body, status["id"], what, told, entry_of(status["biz_opaque_callback_data"]))

    def _from_razorpay(self, envelope: dict[str, Any]) -> None:
        entity = next(iter(envelope["payload"].values()))["entity"]
        self._say("razorpay", f"{envelope['event']} {entity['id']} {entity.get('amount')}")
        self._send("razorpay", envelope, "", envelope["event"])

    def _send(
        self,
        provider: str,
        body: dict[str, Any],
        key: str,
        what: str,
        told: frozenset[str] = frozenset(),
        entry: int = 0,
    ) -> None:
        """Put a webhook on its way, or several, or none."""
        raw = json.dumps(body, separators=(",", ":")).encode()
        if self.dice.random() < self.weather.lose and provider == "razorpay":
            self.seen[f"lost: {what}"] += 1
            return
        copies = 1
        if self.dice.random() < self.weather.duplicate:
            self.seen[f"duplicated: {what}"] += 1
            copies = self.dice.choice((2, 3))
        for _ in range(copies):
            wait = self.dice.choice((0, 0, 0, MINUTE))
            if self.dice.random() < self.weather.delay:
                self.seen[f"delayed: {what}"] += 1
                wait = self.dice.choice((MINUTE, 5 * MINUTE, 20 * MINUTE, 3 * HOUR))
            hook = Webhook(provider, raw, key or hashlib.sha256(raw).hexdigest(), what, entry, told)
            self.plan(self.now() + wait, partial(self._deliver, hook))

    async def _deliver(self, hook: Webhook) -> None:
        hook.first = hook.first or self.now()
        self._flying[id(hook)] = hook
        context = self.context
        assert context is not None
        taking = hook.deliver(context)
        try:
            answered = await self._waited_for(taking)
        finally:
            if self.loop is not None and not self.loop.over:
                self._flying.pop(id(hook), None)
        if not answered:
            self.seen[f"hung up: {hook.what}"] += 1
            self._again(hook)
        else:
            # A status of what lost books sent names nobody whom the restored ones know.
            if not (self.backups.restored and hook.is_status):
                self.meta.heard_of(hook.told)
            if hook.what == "message":
                self.meta.heard_from |= {self.meta.register.person(address) for address in hook.told}
            if hook.is_status:
                self.meta.heard_of_message(hook.entry, hook.key, failed=hook.what == "failure")
            if not hook.is_status:
                self.acknowledged[hook.key] = f"{hook.provider} {hook.what}"

    async def _waited_for(self, taking: Coroutine[Any, Any, None]) -> bool:
        """Whether who brought a webhook heard the answer; one who hangs up cancels whoever serves them."""
        if self.dice.random() >= self.weather.hung_up:
            await taking
            return True
        task = asyncio.create_task(taking)
        for _ in range(self.dice.randrange(12)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return not task.cancelled() and task.result() is None

    def _again(self, hook: Webhook) -> None:
        if (when := hook.again(self.now())) is not None:
            self.plan(when, partial(self._deliver, hook))

    def _say(self, who: str, what: str) -> None:
        seconds = (self.now() - START) / 1000
        self.chronicle.append(f"{seconds:10.1f} {who:>14} {what}")


def _no_peril(n: int, where: str) -> None:
    return None
