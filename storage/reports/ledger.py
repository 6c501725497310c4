"""The ledger report: read all orders in pages, sum their money, list held money and discrepancies.

Memory grows with the discrepancies, the held orders and the products, not with the number of orders.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tortoise.expressions import Q
from tortoise.functions import Count

from payments.ledger import audit
from payments.ledger.audit import Discrepancy, Sums
from payments.ledger.facts import EntityType, FactState, reported_in
from payments.ledger.state import OrderState
from payments.processing.step_input import EventKind
from payments.shop import quotas
from payments.shop.orders import conversation_of
from storage.database.encoding import loads
from storage.database.models import Inbox, Quota, Stock
from storage.database.order_models import Amendment, Fact, Order, Refund, Stray
from storage.database.queues import InboxState
from storage.database.records import Records
from storage.database.sql import chunks
from storage.database.transaction import Row
from storage.inbox.arrival import NOBODY
from storage.inbox.arrivals import conversation_number
from storage.inbox.order_rows import OrderRows, by_order, order_state
from storage.reports.backlog import Held

PAGE: Final = 500
"""Orders, or events, per page."""


@dataclass(slots=True)
class Books:
    """All money in the database at one instant."""

    orders: int = 0
    payments: int = 0
    sums: dict[str, Sums] = field(default_factory=dict)
    """By currency."""
    held: list[Held] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)

    def add(self, state: OrderState, paid_at: int | None) -> None:
        """Add one order. `paid_at` is in milliseconds since 1970, UTC; None if it is not paid."""
        self.orders += 1
        self.payments += len(state.balance.payments)
        for currency, sums in audit.sums(state).items():
            self.sums[currency] = self.sums.get(currency, Sums()) + sums
        if state.held_for is not None:
            self.held.append(Held(state.order.key, state.order.number, state.held_for, state.held))
        self.discrepancies.extend(audit.discrepancies(state, paid_at))


async def books(records: Records, page: int = PAGE) -> Books:
    """Read every order with its facts and refunds, and check that the money adds up."""
    result, wanted, places = Books(), Counter[str](), Counter[str]()
    async for state, paid_at in _orders(records, page):
        result.add(state, paid_at)
        if state.reserves:
            wanted.update({line.sku: line.quantity for line in state.lines})
        if state.takes_place:
            places.update(booking.name for booking in quotas.bookings(state.order, 1))
    stock = await Stock.all(records.client).filter(in_served__isnull=False)  # other counts rest
    result.discrepancies.extend(audit.miscounted({count.sku: count.reserved for count in stock}, wanted))
    taken = {row.name: row.taken for row in await Quota.all(records.client)}
    result.discrepancies.extend(audit.misbooked(taken, places))
    result.discrepancies.extend([twice async for twice in _paid_twice(records)])
    result.discrepancies.extend([stray async for stray in _unclaimed(records, page)])
    return result


async def _orders(records: Records, page: int) -> AsyncIterator[tuple[OrderState, int | None]]:
    # As plain rows: there may be millions, and as ORM objects they take twice the time.
    last, orders = "", Order.all(records.client).order_by("key").limit(page)
    while rows := await orders.filter(key__gt=last).values(*_ORDER):
        first, last = last, rows[-1]["key"]
        owners = sorted({row["conversation_id"] for row in rows})
        # By the range of keys: with a list of keys, the database would look up every pair of both lists.
        of_page = Q(conversation_id__in=owners, order_key__gt=first, order_key__lte=last)
        facts = by_order(await Fact.filter(of_page).using_db(records.client).values(*_FACT))
        refunds = by_order(await Refund.filter(of_page).using_db(records.client).values(*_REFUND))
        changed = Amendment.filter(of_page).using_db(records.client).order_by("caused_by", "key")
        amendments = by_order(await changed.values())
        for row in rows:
            key = row["key"]
            # Without attempts: a link is no money.
            money = (facts.get(key, ()), refunds.get(key, ()))
            order_rows = OrderRows(row, (), *money, amendments.get(key, ()))
            yield order_state(records.installation, order_rows), row["paid_at"]


_ORDER: Final = (
    "key", "conversation_id", "number", "lines", "total", "currency", "terms", "destination", "stage",
    "stage_by", "stage_at", "lifecycle", "fulfilled", "held", "held_for", "placed_at", "placed_by", "paid_at",
    "rating",
)  # fmt: skip
_FACT: Final = ("order_key", "entity", "entity_id", "state", "amount", "currency", "at", "detail")
_REFUND: Final = ("key", "order_key", "payment_id", "amount", "reason", "status", "refund_id")


async def _paid_twice(records: Records) -> AsyncIterator[Discrepancy]:
    """Yield the payments that several orders count as captured."""
    counted = (
        Fact.filter(_CAPTURED).using_db(records.client).annotate(facts=Count("id")).group_by("entity_id")
    )
    several = await counted.filter(facts__gt=1).values("entity_id")
    orders = defaultdict(set)
    for chunk in chunks([row["entity_id"] for row in several]):
        for fact in await _captures_of(records, chunk):
            orders[fact.entity_id].add(fact.order_key)
    for payment, keys in sorted(orders.items()):
        yield audit.paid_twice(payment, keys)


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
