"""The world around the shop of the day: beside the customers, its staff and its owner act."""

import asyncio
import random
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.ingest import from_desk, from_operator_forget_chat
from bot.workers.broadcasts import Broadcasts
from bot.workers.loop import Workers
from bot.workers.retention import Retention
from flows.engine.model import Flow
from payments.processing.bodies import StaffAction
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shopify.client import ShopifyClient
from payments.shopify.tokens import DailyTokens
from storage.inbox.steps import Advance
from storage.reports.full_audit import read_again
from tests.simulation import checker
from tests.simulation.database import Hooks
from tests.simulation.day.archive import keep_deleted, show_deleted
from tests.simulation.day.books import DayBooks
from tests.simulation.day.copies import Copies
from tests.simulation.day.erasure import Erasure
from tests.simulation.day.invoices import Invoices
from tests.simulation.day.journal import Journal
from tests.simulation.day.numbers import number_wrongs
from tests.simulation.day.setting import day_shop
from tests.simulation.day.shopify import ADDRESS, CLIENT, Shopify
from tests.simulation.day.shopify_post import ShopifyPost
from tests.simulation.day.watch import wrongs
from tests.simulation.day.woken import Woken
from tests.simulation.weather import SECOND, Weather
from tests.simulation.world import World
from tests.storage.handwritten_rows import run_sql


class DayWorld(World):
    """A world whose steps are watched, and whose books know of cash, amendments, slots and stages."""

    def __init__(self, seed: int, url: str, weather: Weather | None, hooks: Hooks, end: int) -> None:
        super().__init__(seed, url, weather, hooks, end)
        self.journal = Journal()
        self._wrongs: list[str] = []
        """What was wrong with single steps that were stored."""
        self._open: list[str] = []
        """The same of the open transaction."""
        self._forgotten: list[str] = []
        """Conversations whose customer the open transaction forgets."""
        self._invoiced: dict[str, str] = {}
        """Number of each invoice of books that were lost → its order."""
        self._echoes = 0
        self._desk = 0
        self._pruned_before = 0
        """What was done before this time is pruned, in milliseconds since 1970, UTC."""
        self.shopify_dice = random.Random(f"{seed} shopify")
        self.shopify_post = ShopifyPost(self)
        self.shopify = Shopify(
            self.now,
            self.shopify_dice,
            lambda: self.weather,
            self.shopify_post.send,
            self.later,
            self._crash_point,
            self.seen,
        )
        self._copying: Woken | None = None
        """When the running process looks at copies of orders."""
        keep_deleted(Path(url.removeprefix("sqlite://")))

    @property
    def flow(self) -> Flow:
        """The flow of the shop of the day."""
        return day_shop()

    def violations(self, path: Path) -> list[str]:
        """Return what was wrong with single steps, and what is wrong at the end of the world."""
        with checker.opened(path) as database:
            show_deleted(database)
            books = DayBooks(database, self.razorpay, self.meta, self.journal, self.seen)
            erasure = Erasure(books, self._pruned_before)
            invoices = Invoices(books, self._invoiced)
            copies = Copies(books, self.journal.entries, self.shopify)
            ends = books.violations(self.acknowledged, self.counted)
            wrongs = [*self._wrongs, *ends, *erasure.wrongs(), *invoices.wrongs(), *copies.wrongs()]
        return [*wrongs, *self._audit_wrongs(path), *self._number_wrongs(path)]

    def _number_wrongs(self, path: Path) -> list[str]:
        """Return the orders and customers that the shop's numbers have otherwise than their rows."""
        wrongs, counted = asyncio.run(number_wrongs(f"sqlite://{path}", self.flow.sections["shop"]))
        self.seen["an order or a customer was counted"] += counted
        return wrongs

    def _audit_wrongs(self, path: Path) -> list[str]:
        """Return the orders that are not as their last audits saw them, and are not marked as changed."""
        again = asyncio.run(read_again(f"sqlite://{path}"))
        self.seen["an audit was made"] += again.audits
        return [f"audit: {one.check} of {one.subject}: {one.said}" for one in again.discrepancies]

    def lose_books(self, path: Path) -> None:
        """Note the numbers of the invoices, which customers have."""
        with checker.opened(path) as database:
            self._invoiced |= dict(database.execute("SELECT number, order_key FROM invoice").fetchall())

    def shopify_client(self) -> ShopifyClient:
        """Return a client of the store for one process, with no token yet."""
        tokens = DailyTokens(ADDRESS, *CLIENT)
        transport = self.shopify.transport
        return ShopifyClient(ADDRESS, tokens, transport=transport, steady=lambda: self.now() / 1000)

    def prepare(self, workers: Workers) -> None:
        """Have the process look at copies when one is due, in place of each second."""
        assert workers._mirrors is not None
        workers._mirrors._rounds = self._copying = Woken(self.end / 1000)

    def wake(self, workers: Workers) -> None:
        """Wake the workers: something is due."""
        super().wake(workers)
        if self._copying is not None:
            self._copying.wake()

    def process_died(self) -> None:
        """Schedule again what the dead process had not answered."""
        super().process_died()
        self.shopify_post.process_died()

    def step(self, advance: Advance, now: int, given: StepInput) -> ChangeSet:
        """Return what `advance` decides, once the decision is looked at."""
        changes = super().step(advance, now, given)
        self.journal.add(given, changes, now)
        self._open += wrongs(given, changes)
        self._forgotten += [given.conversation.id] if changes.forgotten else []
        return changes

    def begin(self) -> None:
        """A transaction begins."""
        super().begin()
        self.journal.begin()
        self._open.clear()
        self._forgotten.clear()

    def commit(self) -> None:
        """What the transaction decided lasts."""
        super().commit()
        self.journal.commit()
        self._wrongs += self._open
        self._open.clear()
        of_the_forgotten = [one for one in self.meta.log if one.opaque.rpartition(".")[0] in self._forgotten]
        for key in {message.to for message in of_the_forgotten}:
            self.meta.register.forget(key)
        self._forgotten.clear()

    # What the staff and the owner do outside the chat

    def echo(self, phone: str) -> None:
        """The owner writes to the customer whose key is `phone` in the WhatsApp Business app."""
        self._echoes += 1
        self.seen["the owner answered from the app"] += 1
        self.record("owner", f"writes to {phone}")
        names = self.meta.register.names_of(phone)
        told = {"to": names.phone, **({"to_user_id": names.bsuid} if names.bsuid else {})}
        echo = {"id": f"wamid.echo.{self._echoes}", "from": "911", "type": "text", **told}
        self.post.from_the_app(echo, names.addresses | {names.phone})

    def broadcast(self, message: str) -> None:
        """The owner sends an offer to all who asked for offers. A process gives it out, batch by batch."""
        self.seen["an offer was sent to many"] += 1
        self.record("owner", f"broadcasts {message}")
        self.plan(self.now(), partial(self._begin_broadcast, message))
        for second in range(1, 6):
            self.plan(self.now() + second * SECOND, self._go_on_broadcasting)

    async def _begin_broadcast(self, message: str) -> None:
        assert self.context is not None
        await self.context.store.broadcasts.begin(message, message, "owner", self.now())

    async def _go_on_broadcasting(self) -> None:
        assert self.context is not None
        await Broadcasts(self.context, lambda: None).go_on()

    def change_order(self, key: str, verb: str, value: str, expected: str = "") -> None:
        """Change the order `key` at the desk, over the API."""
        self._desk += 1
        self.seen["a change at the desk"] += 1
        self.record("desk", f"{key} {verb} {value}, seen as {expected or 'anything'}")
        arrival = from_desk(StaffAction(key, "desk", verb, value, expected), f"{self.seed}.{self._desk}")
        for _ in range(self.dice.choice((1, 1, 2))):
            self.plan(self.now(), partial(self.request, arrival, "desk"))

    def forget(self, conversation: str) -> None:
        """Forget the customer of a conversation at the desk."""
        self._desk += 1
        self.seen["the desk was to forget a customer"] += 1
        self.record("desk", f"forgets {conversation}")
        arrival = from_operator_forget_chat(conversation, f"{self.seed}.{self._desk}")
        self.plan(self.now(), partial(self.request, arrival, "forget"))

    def prune(self, keep: int) -> None:
        """Prune what was done more than `keep` milliseconds ago, as if the last run was a day ago."""
        self.record("bot", "prunes")
        self.plan(self.now(), partial(self._prune, keep))

    async def _prune(self, keep: int) -> None:
        assert self.context is not None
        store, clock = self.context.store, self.context.clock
        await run_sql(store, "UPDATE installation SET prune_at = 0")
        begun = clock.now()
        context = SimpleNamespace(store=store, clock=clock, settings=SimpleNamespace(keep_chats=keep))
        if await Retention(cast(Any, context), share=1).prune():
            self._pruned_before = max(self._pruned_before, begun - keep)
