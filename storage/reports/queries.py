"""Questions that the server asks for others, on its own connection: of the API, the metrics and the demo.

In SQL, as all that is asked there: on SQLite that is the thread of the units of work, where nothing but their
statements can be awaited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from payments.ledger.state import PaymentStatus
from payments.processing.step_input import Kind
from payments.shop.orders import Attempt, Lifecycle, Order
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.inbox.step_inputs import attempt_of, order_of


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order and where its money stands."""

    order: Order
    payment: PaymentStatus
    lifecycle: Lifecycle
    fulfilled: int
    """Paise of what was captured that stand for goods."""
    held_for: str | None
    """What its money waits for, if some does."""
    paid_at: int | None
    """Milliseconds since 1970, UTC; set once, when the whole total was first captured."""
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """One inbox row."""

    number: int
    conversation: str | None
    kind: Kind
    state: str
    """`pending`, `applied`, `ignored`, `parked` or `kept`."""
    body: Mapping[str, Any]
    trace: tuple[Mapping[str, Any], ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits."""

    pending: int
    """Events that are due and not handled, receipts included."""
    parked: int
    unfinished: int
    """Outbox entries not done and not failed."""
    held: int
    """Orders with money that waits for a person."""
    notices: int
    """What operators were told and have not seen to."""
    oldest_due_ms: int
    """How long the longest-waiting due event has waited; 0 if none."""


async def order(tx: Transaction, key: str) -> OrderView | None:
    """The order with `key`."""
    return await _order_view(tx, await tx.fetch("SELECT * FROM orders WHERE key = $1", key))


async def order_placed_by(tx: Transaction, number: int) -> OrderView | None:
    """The order that event `number` placed."""
    return await _order_view(tx, await tx.fetch("SELECT * FROM orders WHERE placed_by = $1", number))


async def _order_view(tx: Transaction, found: Sequence[Row]) -> OrderView | None:
    if not found:
        return None
    row = found[0]
    attempts = await tx.fetch(_ATTEMPTS, row["conversation_id"], row["key"])
    return OrderView(
        order=order_of(tx.installation, row),
        payment=PaymentStatus(row["payment"]),
        lifecycle=Lifecycle(row["lifecycle"]),
        fulfilled=row["fulfilled"],
        held_for=row["held_for"],
        paid_at=row["paid_at"],
        attempts=tuple(attempt_of(attempt) for attempt in attempts),
    )


_ATTEMPTS = "SELECT * FROM attempt WHERE conversation_id = $1 AND order_key = $2 ORDER BY ordinal"


async def known_names(tx: Transaction, kind: str, values: Sequence[str]) -> list[str]:
    """Those of `values` that a customer is called by, as names of `kind`, in their order."""
    rows = await tx.fetch(_NAMES, values, kind) if values else []
    known = {row["value"] for row in rows}
    return [value for value in values if value in known]


_NAMES = "SELECT value FROM alias WHERE value = ANY($1::text[]) AND kind = $2"


async def event(tx: Transaction, number: int) -> EventView | None:
    """The event `number`."""
    rows = await tx.fetch("SELECT * FROM inbox WHERE id = $1", number)
    return _event_view(tx.installation, rows[0]) if rows else None


def _event_view(installation: str, row: Row) -> EventView:
    return EventView(
        number=row["id"],
        conversation=f"{installation}-{row['conversation_id']}" if row["conversation_id"] else None,
        kind=Kind(row["kind"]),
        state=row["state"],
        body=loads(row["body"]),
        trace=tuple(loads(row["trace"])) if row["trace"] else (),
        error=row["error"],
    )


async def counts(tx: Transaction, now: int) -> Counts:
    """What waits at `now`."""
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


# Each WHERE is one partial index's; a query over all pending rows would read the whole inbox.
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
    """The newest `limit` events that came to a decision, newest first."""
    rows = await tx.fetch(
        "SELECT * FROM inbox WHERE trace IS NOT NULL ORDER BY handled_at DESC, id DESC LIMIT $1", limit
    )
    return [_event_view(tx.installation, row) for row in rows]


async def order_of_link(tx: Transaction, link_id: str) -> str | None:
    """The key of the order that the provider's link `link_id` was made for."""
    rows = await tx.fetch("SELECT order_key FROM attempt WHERE link_id = $1", link_id)
    return rows[0]["order_key"] if rows else None
