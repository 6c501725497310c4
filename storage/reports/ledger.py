"""The ledger report: where all money is, what is held, and what does not add up.

What the last audit saw and nothing has changed is not read again. So its cost and its memory grow with the
orders that changed since, the held orders, the products and the discrepancies, not with all orders.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tortoise.expressions import Q

from payments.ledger import audit
from payments.ledger.audit import Discrepancy
from payments.ledger.audited import Audit, Figures
from payments.ledger.facts import EntityType, FactState, reported_in
from payments.ledger.holds import Hold, from_codes
from payments.processing.step_input import EventKind
from payments.shop.orders import conversation_of
from storage.audits.chain import newest
from storage.audits.examine import Examined, examine
from storage.database.encoding import loads
from storage.database.models import Inbox, Quota, Stock
from storage.database.order_models import Fact, Order, Stray
from storage.database.queues import InboxState
from storage.database.records import Records
from storage.database.sql import chunks
from storage.database.transaction import Row, Transaction
from storage.inbox.arrival import NOBODY
from storage.inbox.arrivals import conversation_number
from storage.reports.backlog import Held

PAGE: Final = 500
"""Orders, or events, per page."""


@dataclass(slots=True)
class Books:
    """All money in the database at one instant."""

    figures: Figures
    audit: Audit
    """The newest audit. Orders that have not changed since are as it saw them."""
    changed: int = 0
    """Orders that changed since they were last audited, or whose books are wrong: they were read now."""
    held: list[Held] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)


async def books(records: Records, page: int = PAGE) -> Books:
    """Check that the money adds up: read what changed since the last audit, and add it to what that saw."""
    made = await newest(records.reads)
    result = Books(made.figures, made)
    async for orders in changed_orders(records.reads, page):
        result.changed += len(orders)
        before = [one.before.found.figures.negative() for one in orders if one.before is not None]
        result.figures = result.figures.plus(*(one.found.figures for one in orders), *before)
        result.discrepancies += [
            found for one in orders for found in one.discrepancies if found not in result.discrepancies
        ]
    [counted] = await records.reads.fetch("SELECT COUNT(*) AS orders FROM orders")
    result.discrepancies += audit.miscounted_orders(result.figures.orders, counted["orders"])
    result.held = await _held(records)
    stock = await Stock.all(records.client).filter(in_served__isnull=False)  # other counts rest
    reserved = {count.sku: count.reserved for count in stock}
    result.discrepancies += audit.miscounted(reserved, result.figures.pieces)
    taken = {row.name: row.taken for row in await Quota.all(records.client)}
    result.discrepancies += audit.misbooked(taken, result.figures.places)
    result.discrepancies += [stray async for stray in _unclaimed(records, page)]
    return result


async def changed_orders(reads: Transaction, page: int) -> AsyncIterator[list[Examined]]:
    """Yield, by page, the orders that changed since they were last audited, as they are now."""
    last = ""
    while rows := await reads.fetch(_CHANGED, last, page):
        last = rows[-1]["key"]
        yield await examine(reads, [(row["conversation_id"], row["key"]) for row in rows])


async def _held(records: Records) -> list[Held]:
    rows = await records.reads.fetch(_HELD)
    return [Held(row["key"], row["number"], _hold(row["held_for"]), row["held"]) for row in rows]


def _hold(codes: str) -> Hold:
    hold = from_codes(codes)
    assert hold is not None, "the rows of the query have a reason"
    return hold


_CHANGED: Final = """
SELECT key, conversation_id FROM orders WHERE audited IS NULL AND key > $1 ORDER BY key LIMIT $2"""
_HELD: Final = "SELECT key, number, held, held_for FROM orders WHERE held_for IS NOT NULL ORDER BY key"
_CAPTURED: Final = Q(entity=EntityType.PAYMENT, state=FactState.CAPTURED)


async def _captures_of(records: Records, payments: Sequence[str]) -> list[Fact]:
    """Return the facts that say that one of `payments` was captured."""
    captures = Fact.filter(_CAPTURED, entity_id__in=payments).using_db(records.client)
    return await captures.only("entity_id", "order_key")


@dataclass(frozen=True, slots=True)
class _Capture:
    """A captured payment in an event that no step has taken in."""

    event: int
    order: str
    payment: str
    amount: int


async def _unclaimed(records: Records, page: int) -> AsyncIterator[Discrepancy]:
    """Yield the captured payments that no order counts and no person has settled."""
    counted, settled = set[str](), await _settled(records)
    async for captures in _captures_in_events(records, page):
        payments = sorted({capture.payment for capture in captures})
        known = await _captures_of(records, payments) if captures else ()
        counted.update(fact.entity_id for fact in known)
        for capture in captures:
            if capture.payment not in counted and capture.payment not in settled:
                # Several events may report one payment.
                counted.add(capture.payment)
                yield audit.unclaimed(capture.order, capture.payment, capture.event, capture.amount)


async def _captures_in_events(records: Records, page: int) -> AsyncIterator[list[_Capture]]:
    """Yield, by page, the captured payments of parked events and of events that belong to no customer."""
    parked = Inbox.filter(state=InboxState.PARKED, kind__in=(EventKind.FACTS, EventKind.RESULT))
    kept = Inbox.filter(state=InboxState.KEPT, kind=EventKind.FACTS, conversation_id=NOBODY)
    for events in (parked, kept):
        last, query = 0, events.using_db(records.client).order_by("id").limit(page)
        while rows := await query.filter(id__gt=last).values("id", "body"):
            last = rows[-1]["id"]
            yield [capture for row in rows for capture in _captured(records.installation, row)]


async def _settled(records: Records) -> set[str]:
    """Return the payments about which a person has decided, of orders that this database lacks."""
    strays = await Stray.all(records.client)
    existing: set[str] = set()
    for chunk in chunks(sorted({stray.order_key for stray in strays})):
        query = Order.filter(key__in=chunk).using_db(records.client)
        existing.update(order.key for order in await query.only("key"))
    lacking = [stray for stray in strays if stray.order_key not in existing]
    return {payment for stray in lacking for payment in stray.payments.split()}


def _captured(installation: str, row: Row) -> Iterator[_Capture]:
    """Yield the captured payments in an event's body that name an order of this installation."""
    body = loads(row["body"])
    for fact in reported_in(body, EntityType.PAYMENT, FactState.CAPTURED):
        order = fact.get("order_key") or body.get("order_key")
        if isinstance(order, str) and _ours(installation, order):
            yield _Capture(row["id"], order, str(fact.get("entity_id")), int(fact.get("amount", 0)))


def _ours(installation: str, order: str) -> bool:
    return conversation_number(installation, conversation_of(order)) is not None
