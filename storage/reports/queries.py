"""Queries of the running server, for the API, the metrics and the demo.

They are in SQL, like all statements on the server's own connection: on SQLite it belongs to the thread of the
units of work, where only their statements can be awaited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from payments.ledger.holds import Hold, from_codes
from payments.ledger.state import PaymentStatus
from payments.processing.step_input import EventKind
from payments.shop.orders import Attempt, Lifecycle, Order
from storage.database.encoding import loads
from storage.database.queues import InboxState
from storage.database.transaction import Row, Transaction
from storage.inbox.arrivals import conversation_number
from storage.inbox.order_rows import attempt_of, order_of


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its payment status and lifecycle."""

    order: Order
    payment: PaymentStatus
    lifecycle: Lifecycle
    fulfilled: int
    """Captured paise that count for goods."""
    held_for: Hold | None
    """Why some of its money is held; None if none is."""
    paid_at: int | None
    """Milliseconds since 1970, UTC; set once, when the whole total was first captured."""
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """One inbox row."""

    number: int
    conversation: str | None
    kind: EventKind
    state: InboxState
    body: Mapping[str, Any]
    trace: tuple[Mapping[str, Any], ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is waiting."""

    pending: int
    """Events that are due and not handled, receipts included."""
    parked: int
    unfinished: int
    """Outbox entries not done and not failed."""
    held: int
    """Orders with held money."""
    notices: int
    """Notices that no operator has deleted yet."""
    oldest_due_ms: int
    """How long the oldest due event has waited; 0 if there is none."""


async def order(tx: Transaction, key: str) -> OrderView | None:
    """Return the order with `key`; None if there is none."""
    return await _order_view(tx, await tx.fetch("SELECT * FROM orders WHERE key = $1", key))


async def order_placed_by(tx: Transaction, number: int) -> OrderView | None:
    """Return the order that event `number` placed; None if it placed none."""
    return await _order_view(tx, await tx.fetch("SELECT * FROM orders WHERE placed_by = $1", number))


async def _order_view(tx: Transaction, rows: Sequence[Row]) -> OrderView | None:
    if not rows:
        return None
    row = rows[0]
    attempts = await tx.fetch(_ATTEMPTS, row["conversation_id"], row["key"])
    return OrderView(
        order=order_of(tx.installation, row),
        payment=PaymentStatus(row["payment"]),
        lifecycle=Lifecycle(row["lifecycle"]),
        fulfilled=row["fulfilled"],
        held_for=from_codes(row["held_for"]),
        paid_at=row["paid_at"],
        attempts=tuple(attempt_of(attempt) for attempt in attempts),
    )


_ATTEMPTS = "SELECT * FROM attempt WHERE conversation_id = $1 AND order_key = $2 ORDER BY ordinal"


async def known_names(tx: Transaction, kind: str, values: Sequence[str]) -> list[str]:
    """Return those of `values` that are some customer's alias of `kind`, in the given order."""
    rows = await tx.fetch(_NAMES, values, kind) if values else []
    known = {row["value"] for row in rows}
    return [value for value in values if value in known]


_NAMES = "SELECT value FROM alias WHERE value = ANY($1::text[]) AND kind = $2"


async def is_customer(tx: Transaction, conversation: str) -> bool:
    """Return whether `conversation` (its public id) is one of ours, whose customer was not forgotten."""
    number = conversation_number(tx.installation, conversation)
    return number is not None and bool(await tx.fetch(_CUSTOMER, number))


_CUSTOMER = "SELECT id FROM conversation WHERE id = $1 AND forgotten_at IS NULL"


async def event(tx: Transaction, number: int) -> EventView | None:
    """Return event `number`; None if there is none."""
    rows = await tx.fetch("SELECT * FROM inbox WHERE id = $1", number)
    return _event_view(tx.installation, rows[0]) if rows else None


def _event_view(installation: str, row: Row) -> EventView:
    return EventView(
        number=row["id"],
        conversation=f"{installation}-{row['conversation_id']}" if row["conversation_id"] else None,
        kind=EventKind(row["kind"]),
        state=InboxState(row["state"]),
        body=loads(row["body"]),
        trace=tuple(loads(row["trace"])) if row["trace"] else (),
        error=row["error"],
    )


async def counts(tx: Transaction, now: int) -> Counts:
    """Return how much is waiting at `now`."""
    [row] = await tx.fetch(_COUNTS, now)
    oldest = min((t for t in (row["event"], row["receipt"]) if t is not None), default=now)
    return Counts(
        pending=row["events"] + row["receipts"],
        parked=row["parked"],
        unfinished=row["unfinished"],
        held=row["held"],
        notices=row["notices"],
        oldest_due_ms=now - oldest,
    )


# Each WHERE is the condition of a partial index; a query over all pending rows would read the whole inbox.
_COUNTS = """
SELECT e.events, e.event, r.receipts, r.receipt,
    (SELECT COUNT(*) FROM inbox WHERE state = 'parked') AS parked,
    (SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL) AS unfinished,
    (SELECT COUNT(*) FROM orders WHERE held_for IS NOT NULL) AS held,
    (SELECT COUNT(*) FROM notice) AS notices
FROM (
    SELECT COUNT(*) AS events, MIN(due_at) AS event FROM inbox
    WHERE state = 'pending' AND kind <> 'receipt' AND due_at <= $1
) e CROSS JOIN (
    SELECT COUNT(*) AS receipts, MIN(due_at) AS receipt FROM inbox
    WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $1
) r"""


async def recent(tx: Transaction, limit: int) -> list[EventView]:
    """Return the newest `limit` events that have a trace, newest first."""
    rows = await tx.fetch(
        "SELECT * FROM inbox WHERE trace IS NOT NULL ORDER BY handled_at DESC, id DESC LIMIT $1", limit
    )
    return [_event_view(tx.installation, row) for row in rows]


async def order_of_payment(tx: Transaction, payment_id: str) -> str | None:
    """Return the key of the order of a captured payment; None if it is not known."""
    rows = await tx.fetch(_OF_PAYMENT, payment_id)
    return rows[0]["order_key"] if rows else None


_OF_PAYMENT = """
SELECT order_key FROM fact WHERE entity = 'payment' AND state = 'captured' AND entity_id = $1"""


async def order_of_link(tx: Transaction, link_id: str) -> str | None:
    """Return the key of the order of the provider's link `link_id`; None if it is not known."""
    rows = await tx.fetch("SELECT order_key FROM attempt WHERE link_id = $1", link_id)
    return rows[0]["order_key"] if rows else None
