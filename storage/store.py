"""The store: all durable state behind one object. Any task may call it, and may be cancelled meanwhile."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from payments.ledger.day import Day
from payments.ledger.exports import Export
from payments.processing.notice import Notice
from payments.shop.business_day import Period
from payments.shop.invoice import NumberedInvoice
from payments.shop.staff import Staff
from storage.audits.batches import Audits
from storage.database import migration, write_probe
from storage.database.address import configuration, is_sqlite
from storage.database.errors import Closed, Gone, StorageError, Unavailable
from storage.database.postgres import PostgresUnits
from storage.database.queues import Lane
from storage.database.sqlite import SqliteUnits
from storage.database.transaction import SoldOut, Transaction, Units
from storage.database.trouble import readable_errors
from storage.inbox import (
    arrivals,
    day_figures,
    nonces,
    notices,
    product_switch,
    staff,
    steps,
    stock,
    stock_readings,
    strays,
)
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored
from storage.inbox.broadcasts import Broadcasts
from storage.inbox.changes import error_text, park
from storage.inbox.day_figures import DayFigures
from storage.inbox.nonces import Draw
from storage.inbox.step_inputs import EVENTS_AT_ONCE
from storage.inbox.steps import Advance
from storage.inbox.strays import Settled
from storage.inbox.versions import StoredVersions
from storage.operations import by_hand, clock, epochs, retention
from storage.operations.numbers import ShopNumbers
from storage.operations.retention import Pruned
from storage.outbox import claims, deliveries, due, receipts
from storage.outbox.channel import Channel
from storage.outbox.deliveries import Claim, Delivery, Outcome
from storage.outbox.due import Due
from storage.outbox.hooks import Hooks
from storage.outbox.mirrors import Mirrors
from storage.outbox.receipts import Applied
from storage.reports import chat_queries, exports, invoices, order_queries, queries
from storage.reports.chats import ChatFilter, ChatPage
from storage.reports.desk import DeskOrder, OrderFilter, OrderPage
from storage.reports.exports import Page
from storage.reports.place import Place
from storage.reports.queries import Counts, EventView, OrderView

_PING_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.1


class Store:
    """One open database. All times are milliseconds since 1970, UTC.

    Each method is one transaction: all of it happens, or nothing. Cancelling a caller ends only its
    waiting; the transaction still runs to its end. Any number of processes may open a Store on one
    PostgreSQL database; an SQLite file serves one process.
    """

    def __init__(self, units: Units, channel: Channel, draw: Draw = nonces.draw) -> None:
        self._units = units
        self._channel = channel
        self._draw = draw
        self._figures = DayFigures(units.read)
        self.versions = StoredVersions(units)
        self.hooks = Hooks(units)
        self.broadcasts = Broadcasts(units)
        self.mirrors = Mirrors(units, channel.naming)
        self.audits = Audits(units)
        self.numbers = ShopNumbers(units)

    @property
    def shared(self) -> bool:
        """Whether other processes may use the database beside this one."""
        return self._units.shared

    @classmethod
    async def open(
        cls, url: str, channel: Channel, *, wait: float = 0.0, draw: Draw = nonces.draw
    ) -> "Store":
        """Open the database at `sqlite://<file>` or `postgres://…`, for customers of `channel`.

        `draw` returns the random letters of one step.

        Raises StorageError: NotMigrated, WeakDurability, UnsupportedDatabase, or, after `wait` seconds of
        retries, Unavailable (locked by another process, no answer).
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            try:
                return cls(await opened(url), channel, draw)
            except Unavailable:
                if loop.time() >= deadline:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    @staticmethod
    async def migrate(url: str) -> list[str]:
        """Apply the pending migrations and return their names. Create the database if there is none."""
        return await migration.migrate(url)

    @staticmethod
    async def upgrade(url: str) -> list[str]:
        """Apply the pending migrations to an existing database and return their names.

        Raises NotMigrated if there is no database.
        """
        return await migration.upgrade(url)

    async def close(self) -> None:
        """Wait for running transactions, then close. Later calls raise Closed."""
        await self._figures.close()
        await self._units.close()

    async def ping(self) -> None:
        """Check that the database answers.

        Raises TimeoutError after a second, Gone if it is not the database that was opened, Closed, or
        Unavailable for any other failure.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._units.read(_select_one)
        except (TimeoutError, Closed, Gone):
            raise
        except Exception as error:
            raise Unavailable(f"the database does not answer: {type(error).__name__}") from error

    async def probe(self, now: int, size: int = 0) -> None:
        """Check that the database accepts a write, with `size` more characters that are removed again.

        Raises TimeoutError after a second, StorageError, or Unavailable for any other failure.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                for length in (size, 0) if size else (0,):
                    await self._units.run(partial(write_probe.write, now=now, size=length))
        except (TimeoutError, StorageError):
            raise
        except Exception as error:
            raise Unavailable(f"the database does not take what is written: {error}") from error

    async def tell(self, batch: Sequence[Notice], now: int) -> None:
        """Store the notices of `batch` for operators, one for each kind and subject."""
        await self._units.run(lambda tx: notices.add(tx, batch, now))

    async def arrive(self, batch: Sequence[Arrival], now: int) -> list[Stored]:
        """Store each arrival of `batch` once and return one `Stored` for each, in order.

        The rows are durable when this returns.
        """
        return await self._units.run(lambda tx: arrivals.arrive(tx, batch, now, self._channel.naming))

    async def due(self, now: int) -> Due:
        """Return what the inbox has due at `now`. Cheaper than a claim that finds nothing."""
        return await self._units.read(lambda tx: due.due(tx, now))

    async def due_lanes(self, now: int) -> frozenset[Lane]:
        """Return the lanes of the outbox that have an entry due at `now`."""
        return await self._units.read(lambda tx: due.due_lanes(tx, now))

    async def advance_due(self, advance: Advance, now: int, limit: int = 256) -> int:
        """Step up to `limit` conversations with due events and return how many events were answered.

        An event for which `advance` raises is parked with its error. `advance` must be pure and must
        answer every event of its step input.
        """
        try:
            answered = await self._advance(advance, now, limit, EVENTS_AT_ONCE)
            if answered or not await self._figures.wait():
                return answered
            return await self._advance(advance, now, limit, EVENTS_AT_ONCE)
        except steps.Refused:
            return await self._advance_one_by_one(advance, now, limit)
        except SoldOut:
            # Another process was faster.
            return await self._advance_alone(advance, now, limit)

    async def _advance(
        self, advance: Advance, now: int, limit: int, events: int, *, alone: bool = False
    ) -> int:
        draw, naming, known = self._draw, self._channel.naming, self._figures.known
        answered, lacking = await self._units.run(
            lambda tx: steps.advance_due(tx, advance, now, limit, events, draw, naming, known, alone=alone)
        )
        self._figures.asked(lacking, known)
        return answered

    async def _advance_alone(self, advance: Advance, now: int, limit: int) -> int:
        """Step a batch while no other process takes numbers, pieces or places."""
        try:
            return await self._advance(advance, now, limit, EVENTS_AT_ONCE, alone=True)
        except (steps.Refused, SoldOut):
            return await self._advance_one_by_one(advance, now, limit)

    async def _advance_one_by_one(self, advance: Advance, now: int, limit: int) -> int:
        answered = 0
        while answered < limit and await self._advance_one(advance, now):
            answered += 1
        return answered

    async def _advance_one(self, advance: Advance, now: int) -> int:
        """Step one event in a transaction of its own, and park it if the database refuses the changes."""
        try:
            return await self._advance(advance, now, 1, 1, alone=True)
        except (steps.Refused, SoldOut) as refused:
            error, number = error_text(refused), refused.number
            await self._units.run(lambda tx: park(tx, number, error, now))
            return 1

    async def claim_due(
        self, now: int, limit: int, lease: int, lanes: Sequence[Lane] = tuple(Lane)
    ) -> list[Delivery]:
        """Claim up to `limit` due outbox entries for `lease` milliseconds, in order within each lane."""
        return await self._units.run(lambda tx: claims.claim_due(tx, now, limit, lease, lanes, self._channel))

    async def record(self, outcomes: Sequence[Outcome], now: int) -> None:
        """Record the outcomes of claimed entries. An entry whose claim has ended is not changed."""
        await self._units.run(lambda tx: deliveries.record(tx, outcomes, now, self._channel.naming))

    async def release(self, claimed: Sequence[Claim]) -> None:
        """Release claimed entries that were not tried. An entry whose claim has ended is not changed."""
        await self._units.run(lambda tx: deliveries.release(tx, claimed))

    async def apply_receipts(self, now: int, limit: int = 256) -> Applied:
        """Apply up to `limit` due receipts. A receipt that cannot be read is parked."""
        return await self._units.run(lambda tx: receipts.apply_receipts(tx, now, limit, self._channel))

    async def declare(self, counted: Mapping[str, int]) -> None:
        """Set the stock to the counts of the flow file, by sku; see `storage.inbox.stock.declare`."""
        await self._units.run(lambda tx: stock.declare(tx, counted))

    async def read_there(self, available: Mapping[str, int], asked_at: int, now: int) -> int:
        """Store what the shop's other system counts; see `storage.inbox.stock_readings.store`."""
        return await self._units.run(lambda tx: stock_readings.store(tx, available, asked_at, now))

    async def switch(self, sku: str, *, available: bool, by: str, now: int) -> bool:
        """Switch a product or variant on or off, as `by` wants; False if it was so before.

        Every process sees it in its next step.
        """
        return await self._units.run(
            lambda tx: product_switch.switch(tx, sku, available=available, by=by, now=now)
        )

    async def declare_staff(self, members: Mapping[str, Staff], now: int) -> None:
        """Make `members` the shop's staff, by phone number (digits); see `storage.inbox.staff.declare`."""
        await self._units.run(lambda tx: staff.declare(tx, members, now, self._channel.naming))

    async def order(self, key: str) -> OrderView | None:
        """Return the order with `key`; None if there is none."""
        return await self._units.read(lambda tx: queries.order(tx, key))

    async def orders(self, wanted: OrderFilter) -> OrderPage:
        """Return one page of the orders that `wanted` describes."""
        naming = self._channel.naming
        return await self._units.read(lambda tx: order_queries.listed(tx, wanted, naming))

    async def detailed_orders(self, words: str) -> list[DeskOrder]:
        """Return the orders with `words` as their key or their number, each with what the staff did."""
        naming = self._channel.naming
        return await self._units.read(lambda tx: order_queries.detailed(tx, words, naming))

    async def chats(self, wanted: ChatFilter) -> ChatPage:
        """Return one page of the chats that `wanted` describes."""
        naming = self._channel.naming
        return await self._units.read(lambda tx: chat_queries.listed(tx, wanted, naming))

    async def order_placed_by(self, number: int) -> OrderView | None:
        """Return the order that event `number` placed; None if it placed none."""
        return await self._units.read(lambda tx: queries.order_placed_by(tx, number))

    async def order_of_link(self, link_id: str) -> str | None:
        """Return the key of the order of the provider's link `link_id`; None if it is not known."""
        return await self._units.read(lambda tx: queries.order_of_link(tx, link_id))

    async def order_of_payment(self, payment_id: str) -> str | None:
        """Return the key of the order of a captured payment; None if it is not known."""
        return await self._units.read(lambda tx: queries.order_of_payment(tx, payment_id))

    async def day(self, period: Period) -> Day:
        """Return the figures of the day `period`; see `storage.inbox.day_figures.day`. Raises Unreadable."""
        return await day_figures.day(self._units.read, period)

    async def invoices_of(self, conversation: str, key: str) -> list[NumberedInvoice]:
        """Return the invoice and the credit notes of an order of this conversation, oldest first."""
        return await self._units.read(lambda tx: invoices.of_order(tx, conversation, key))

    async def export(
        self,
        what: Export,
        period: Period,
        after: Place | None,
        zone: ZoneInfo,
        limit: int = exports.PAGE,
    ) -> Page:
        """Return the page of an exported table after `after`; see `storage.reports.exports.page`."""
        naming = self._channel.naming
        return await self._units.read(lambda tx: exports.page(tx, what, period, after, zone, naming, limit))

    async def article_counts(self) -> tuple[Mapping[str, int], Collection[str]]:
        """Return the pieces left of each counted article, and the skus that are switched off."""
        return await self._units.read(exports.counts)

    async def known_names(self, kind: str, values: Sequence[str]) -> list[str]:
        """Return those of `values` that are some customer's alias of `kind`, in the given order."""
        return await self._units.read(lambda tx: queries.known_names(tx, kind, values))

    async def is_customer(self, conversation: str) -> bool:
        """Return whether `conversation` (its public id) is one of ours, whose customer was not forgotten."""
        return await self._units.read(lambda tx: queries.is_customer(tx, conversation))

    async def event(self, number: int) -> EventView | None:
        """Return event `number`; None if there is none."""
        return await self._units.read(lambda tx: queries.event(tx, number))

    async def replay(self, number: int) -> bool:
        """Make the parked event `number` pending again; False if there is none, or it is not parked."""
        return await self._units.run(lambda tx: by_hand.replay(tx, number))

    async def seen(self, number: int) -> bool:
        """Delete notice `number`; False if there is none. A new occurrence makes a new notice."""
        return await self._units.run(lambda tx: by_hand.seen(tx, number))

    async def rewind(self, now: int, back: int = 0) -> int:
        """Make due what waits since the clock was set back; see `storage.operations.clock.rewind`."""
        return await self._units.run(lambda tx: clock.rewind(tx, now, back))

    async def begin_pruning(self, now: int) -> int | None:
        """Begin the daily pruning. Return the end of its lease, in milliseconds; None if it is not due."""
        return await self._units.run(lambda tx: retention.begin(tx, now))

    async def prune(self, lease: int, before: int, now: int, limit: int) -> Pruned | None:
        """Delete a batch of old rows and renew the lease; None if another process has taken over.

        See `storage.operations.retention.prune`.
        """
        return await self._units.run(lambda tx: retention.prune(tx, lease, before, now, limit))

    async def finish_pruning(self, lease: int, due: int) -> None:
        """End the pruning of `lease`. The next one is due at `due`, in milliseconds since 1970, UTC."""
        await self._units.run(lambda tx: retention.finish(tx, lease, due))

    async def installation(self) -> str:
        """Return the installation's key, with which the public ids of this database begin."""
        return await self._units.read(_installation)

    async def lacking(self, references: Collection[str]) -> dict[str, frozenset[str] | None]:
        """Return those payment link `references` that no order here made: see `strays.lacking`."""
        return await self._units.read(lambda tx: strays.lacking(tx, references))

    async def settle(self, settled: Settled, now: int) -> None:
        """Record a person's decision about a link that this database lacks."""
        await self._units.run(lambda tx: strays.settle(tx, settled, now))

    async def finish_restore(self) -> None:
        """Record that every link that this database lacks is settled."""
        await self._units.run(epochs.finish_restore)

    async def recent(self, limit: int) -> list[EventView]:
        """Return the newest `limit` events with a trace, newest first."""
        return await self._units.read(lambda tx: queries.recent(tx, limit))

    async def counts(self, now: int) -> Counts:
        """Return how much is waiting at `now`, for metrics and readiness."""
        return await self._units.read(lambda tx: queries.counts(tx, now))


async def opened(url: str) -> Units:
    """Open the database at `url`. Raises the errors of `Store.open`, without retries."""
    config = configuration(url)
    with readable_errors(config):
        return await (
            SqliteUnits.open(config["credentials"]) if is_sqlite(config) else PostgresUnits.open(config)
        )


async def _installation(tx: Transaction) -> str:
    return tx.installation


async def _select_one(tx: Transaction) -> None:
    await tx.fetch("SELECT 1")
