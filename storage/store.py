"""The store: everything that lasts, behind one object. Safe to call from any task, and to cancel."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

from payments.processing.notice import Notice
from storage.database import migration, write_probe
from storage.database.address import configuration, is_sqlite
from storage.database.errors import Closed, Gone, StorageError, Unavailable
from storage.database.lanes import Lane
from storage.database.postgres import PostgresUnits
from storage.database.sqlite import SqliteUnits
from storage.database.transaction import SoldOut, Transaction, Units
from storage.database.trouble import told
from storage.inbox import arrivals, nonces, notices, steps, stock, strays
from storage.inbox.arrivals import Arrival, Stored
from storage.inbox.changes import error_text, park
from storage.inbox.nonces import Draw
from storage.inbox.step_inputs import EVENTS_AT_ONCE
from storage.inbox.steps import Advance
from storage.inbox.strays import Settled
from storage.operations import by_hand, clock, epochs
from storage.outbox import claims, deliveries, due, receipts
from storage.outbox.channel import Channel
from storage.outbox.deliveries import Claim, Delivery, Outcome
from storage.outbox.due import Due
from storage.outbox.receipts import Applied
from storage.reports import queries
from storage.reports.queries import Counts, EventView, OrderView

_PING_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.1


class Store:
    """One open database. All times are milliseconds since 1970, UTC.

    Each method is one transaction: it happens whole or not at all. A cancelled caller stops
    waiting; the transaction it asked for still ends on its own. Any number of processes may have
    a Store on one PostgreSQL database; an SQLite file has one.
    """

    def __init__(self, units: Units, channel: Channel, draw: Draw = nonces.draw) -> None:
        self._units = units
        self._channel = channel
        self._draw = draw

    @classmethod
    async def open(
        cls, url: str, channel: Channel, *, wait: float = 0.0, draw: Draw = nonces.draw
    ) -> "Store":
        """The store at `sqlite://<file>` or `postgres://…`, for customers of `channel`.

        `draw` gives each step its random letters.

        Raises StorageError: NotMigrated, WeakDurability, UnsupportedDatabase, or, once `wait` seconds are
        over, Unavailable (held by another process, no answer).
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
        """Apply the pending migrations; their names. Makes the database, if there is none."""
        return await migration.migrate(url)

    @staticmethod
    async def upgrade(url: str) -> list[str]:
        """Apply the pending migrations to a database that is there. Raises NotMigrated if there is none."""
        return await migration.upgrade(url)

    async def close(self) -> None:
        """Wait for what runs, then close. Everything asked afterwards raises Closed."""
        await self._units.close()

    async def ping(self) -> None:
        """Raises TimeoutError if the database does not answer within a second, Unavailable if it can't.

        Gone if it is another than the one that was opened.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._units.outside(_select_one)
        except (TimeoutError, Closed, Gone):
            raise
        except Exception as error:
            raise Unavailable(f"the database does not answer: {type(error).__name__}") from error

    async def probe(self, now: int, size: int = 0) -> None:
        """Write something, with `size` characters more for a moment.

        Raises TimeoutError if the database does not take it within a second, Unavailable if it can't.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                for length in (size, 0) if size else (0,):
                    await self._units.run(partial(write_probe.write, now=now, size=length))
        except (TimeoutError, StorageError):
            raise
        except Exception as error:
            raise Unavailable(f"the database does not take what is written: {error}") from error

    async def tell(self, told: Sequence[Notice], now: int) -> None:
        """Have operators know what is `told`, once for each kind and subject."""
        await self._units.run(lambda tx: notices.add(tx, told, now))

    async def arrive(self, batch: Sequence[Arrival], now: int) -> list[Stored]:
        """Store every fact of `batch` once; durable when this returns. One `Stored` each, in order."""
        return await self._units.run(lambda tx: arrivals.arrive(tx, batch, now, self._channel.naming))

    async def due(self, now: int) -> Due:
        """What of the inbox is due at `now`: a look that costs less than finding that there is nothing."""
        return await self._units.outside(lambda tx: due.due(tx, now))

    async def due_lanes(self, now: int) -> frozenset[Lane]:
        """The lanes of the outbox in which something is due at `now`."""
        return await self._units.outside(lambda tx: due.due_lanes(tx, now))

    async def advance_due(self, advance: Advance, now: int, limit: int = 256) -> int:
        """Step up to `limit` conversations with due events; how many events were answered.

        An event at which `advance` raises is parked with its error. `advance` must be pure and must
        answer every event of its case.
        """
        try:
            return await self._units.run(
                lambda tx: steps.advance_due(tx, advance, now, limit, EVENTS_AT_ONCE, self._draw)
            )
        except (steps.Refused, SoldOut):
            return await self._one_by_one(advance, now, limit)

    async def _one_by_one(self, advance: Advance, now: int, limit: int) -> int:
        answered = 0
        while answered < limit and await self._advance_one(advance, now):
            answered += 1
        return answered

    async def _advance_one(self, advance: Advance, now: int) -> int:
        """One event for itself, so that only what the database refuses is parked."""
        try:
            return await self._units.run(lambda tx: steps.advance_due(tx, advance, now, 1, 1, self._draw))
        except (steps.Refused, SoldOut) as refused:
            error, number = error_text(refused), refused.number
            await self._units.run(lambda tx: park(tx, number, error, now))
            return 1

    async def claim_due(
        self, now: int, limit: int, lease: int, lanes: Sequence[Lane] = tuple(Lane)
    ) -> list[Delivery]:
        """Up to `limit` outbox entries to perform within `lease` milliseconds; each lane in order."""
        return await self._units.run(lambda tx: claims.claim_due(tx, now, limit, lease, lanes, self._channel))

    async def record(self, outcomes: Sequence[Outcome], now: int) -> None:
        """What became of claimed entries. Entries that their claim no longer holds stay as they are."""
        await self._units.run(lambda tx: deliveries.record(tx, outcomes, now, self._channel.naming))

    async def release(self, claimed: Sequence[Claim]) -> None:
        """Hand back entries that were claimed but not tried, if their claims still hold them."""
        await self._units.run(lambda tx: deliveries.release(tx, claimed))

    async def apply_receipts(self, now: int, limit: int = 256) -> Applied:
        """Apply up to `limit` due receipts. One that cannot be read is parked."""
        return await self._units.run(lambda tx: receipts.apply_receipts(tx, now, limit, self._channel))

    async def declare(self, counted: Mapping[str, int]) -> None:
        """Let the stock be what the flow file declares, by sku; see `storage.inbox.stock.declare`."""
        await self._units.run(lambda tx: stock.declare(tx, counted))

    async def order(self, key: str) -> OrderView | None:
        """The order with `key`."""
        return await self._units.outside(lambda tx: queries.order(tx, key))

    async def order_placed_by(self, number: int) -> OrderView | None:
        """The order that event `number` placed."""
        return await self._units.outside(lambda tx: queries.order_placed_by(tx, number))

    async def order_of_link(self, link_id: str) -> str | None:
        """The key of the order that the provider's link `link_id` was made for."""
        return await self._units.outside(lambda tx: queries.order_of_link(tx, link_id))

    async def known_names(self, kind: str, values: Sequence[str]) -> list[str]:
        """Those of `values` that a customer is called by, as names of `kind`, in their order."""
        return await self._units.outside(lambda tx: queries.known_names(tx, kind, values))

    async def event(self, number: int) -> EventView | None:
        """The event `number`."""
        return await self._units.outside(lambda tx: queries.event(tx, number))

    async def replay(self, number: int) -> bool:
        """Have the parked event `number` handled again; False if there is none, or it is not parked."""
        return await self._units.run(lambda tx: by_hand.replay(tx, number))

    async def seen(self, number: int) -> bool:
        """Forget notice `number`; False if there is none. Should it happen again, it is told again."""
        return await self._units.run(lambda tx: by_hand.seen(tx, number))

    async def rewind(self, now: int, back: int = 0) -> int:
        """Make due what a clock that was set back has put off: see `storage.operations.clock.rewind`."""
        return await self._units.run(lambda tx: clock.rewind(tx, now, back))

    async def installation(self) -> str:
        """What the public ids of this database begin with."""
        return await self._units.outside(_installation)

    async def lacking(self, references: Collection[str]) -> dict[str, frozenset[str] | None]:
        """Those of `references`, of payment links, that no order here made: see `strays.lacking`."""
        return await self._units.outside(lambda tx: strays.lacking(tx, references))

    async def settle(self, settled: Settled, now: int) -> None:
        """Record what a person decided of a link that these books lack."""
        await self._units.run(lambda tx: strays.settle(tx, settled, now))

    async def compared(self) -> None:
        """Record that every link that the books lack is settled."""
        await self._units.run(epochs.compared)

    async def recent(self, limit: int) -> list[EventView]:
        """The newest `limit` events that came to a decision, newest first."""
        return await self._units.outside(lambda tx: queries.recent(tx, limit))

    async def counts(self, now: int) -> Counts:
        """How much waits at `now`, for metrics and readiness."""
        return await self._units.outside(lambda tx: queries.counts(tx, now))


async def opened(url: str) -> Units:
    """The database at `url`. Raises as `Store.open`, at once."""
    config = configuration(url)
    with told(config):
        return await (
            SqliteUnits.open(config["credentials"]) if is_sqlite(config) else PostgresUnits.open(config)
        )


async def _installation(tx: Transaction) -> str:
    return tx.installation


async def _select_one(tx: Transaction) -> None:
    await tx.fetch("SELECT 1")
