"""The whole shop's books, read in pages: sums, what waits for a person, and what does not add up.

Memory grows with what is wrong or waits, and with the products, never with the orders.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tortoise.expressions import Q
from tortoise.functions import Count

from payments.ledger import audit
from payments.ledger.audit import Discrepancy, Sums
from payments.ledger.facts import in_body
from payments.ledger.state import OrderState
from payments.shop.orders import Lifecycle, conversation_of
from storage.database.encoding import loads
from storage.database.models import Fact, Inbox, Order, Refund, Stock, Stray
from storage.database.records import Records
from storage.database.sql import chunks
from storage.database.transaction import Row
from storage.inbox.arrivals import NOBODY, conversation_number
from storage.inbox.step_inputs import OrderRows, by_order, order_state
from storage.reports.backlog import Held

PAGE: Final = 500
"""Orders, or events, read at a time."""


@dataclass(slots=True)
class Books:
    """What the database says of all money, at one instant."""

    orders: int = 0
    payments: int = 0
    sums: dict[str, Sums] = field(default_factory=dict)
    """By currency."""
    held: list[Held] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)

    def add(self, state: OrderState, paid_at: int | None) -> None:
        """Count one order in."""
        self.orders += 1
        self.payments += len(state.balance.payments)
        for currency, sums in audit.sums(state).items():
            self.sums[currency] = self.sums.get(currency, Sums()) + sums
        if state.held_for is not None:
            self.held.append(Held(state.order.key, state.order.number, state.held_for, state.held))
        self.discrepancies.extend(audit.discrepancies(state, paid_at))


async def books(records: Records, page: int = PAGE) -> Books:
    """Read every order with its facts and refunds, and prove them."""
    found, wanted = Books(), Counter[str]()
    async for state, paid_at in _orders(records, page):
        found.add(state, paid_at)
        if state.lifecycle is Lifecycle.OPEN:
            wanted.update({line.sku: line.quantity for line in state.order.lines})
    stock = await Stock.all(records.client)
    found.discrepancies.extend(audit.miscounted({one.sku: one.reserved for one in stock}, wanted))
    found.discrepancies.extend([twice async for twice in _paid_twice(records)])
    found.discrepancies.extend([stray async for stray in _unclaimed(records, page)])
    return found


async def _orders(records: Records, page: int) -> AsyncIterator[tuple[OrderState, int | None]]:
    # As plain rows, of which there may be millions: as objects of the models they take twice the time.
    last, orders = "", Order.all(records.client).order_by("key").limit(page)
    while rows := await orders.filter(key__gt=last).values(*_ORDER):
        first, last = last, rows[-1]["key"]
        owners = sorted({row["conversation_id"] for row in rows})
        # By the range of keys: with a list of them beside that of conversations, every pair is looked up.
        theirs = Q(conversation_id__in=owners, order_key__gt=first, order_key__lte=last)
        facts = by_order(await Fact.filter(theirs).using_db(records.client).values(*_FACT))
        refunds = by_order(await Refund.filter(theirs).using_db(records.client).values(*_REFUND))
        for row in rows:
            key = row["key"]
            # No attempts: a link is no money.
            known = OrderRows(row, (), facts.get(key, ()), refunds.get(key, ()))
            yield order_state(records.installation, known), row["paid_at"]


_ORDER: Final = (
    "key", "conversation_id", "number", "lines", "total", "currency", "lifecycle", "fulfilled", "held",
    "held_for", "placed_at", "placed_by", "paid_at",
)  # fmt: skip
_FACT: Final = ("order_key", "entity", "entity_id", "state", "amount", "currency", "at", "detail")
_REFUND: Final = ("key", "order_key", "payment_id", "amount", "reason", "status", "refund_id")


async def _paid_twice(records: Records) -> AsyncIterator[Discrepancy]:
    counted = (
        Fact.filter(_CAPTURED).using_db(records.client).annotate(facts=Count("id")).group_by("entity_id")
    )
    several = await counted.filter(facts__gt=1).values("entity_id")
    orders = defaultdict(set)
    for some in chunks([row["entity_id"] for row in several]):
        for fact in await _captures_of(records, some):
            orders[fact.entity_id].add(fact.order_key)
    for payment, keys in sorted(orders.items()):
        yield audit.paid_twice(payment, keys)


_CAPTURED: Final = Q(entity="payment", state="captured")


async def _captures_of(records: Records, payments: Sequence[str]) -> list[Fact]:
    """The facts that say that one of `payments` was captured."""
    captures = Fact.filter(_CAPTURED, entity_id__in=payments).using_db(records.client)
    return await captures.only("entity_id", "order_key")


@dataclass(frozen=True, slots=True)
class _Told:
    """A captured payment in an event that no order took in."""

    event: int
    order: str
    payment: str
    amount: int


async def _unclaimed(records: Records, page: int) -> AsyncIterator[Discrepancy]:
    taken, settled = set[str](), await _settled(records)
    async for told in _told(records, page):
        known = await _captures_of(records, sorted({one.payment for one in told})) if told else ()
        taken.update(fact.entity_id for fact in known)
        for one in told:
            if one.payment not in taken and one.payment not in settled:
                # Several events tell of one payment.
                taken.add(one.payment)
                yield audit.unclaimed(one.order, one.payment, one.event, one.amount)


async def _told(records: Records, page: int) -> AsyncIterator[list[_Told]]:
    """What the events tell that no step has taken in: those parked, and those that are nobody's."""
    parked = Inbox.filter(state="parked", kind__in=("facts", "result"))
    kept = Inbox.filter(state="kept", kind="facts", conversation_id=NOBODY)
    for events in (parked, kept):
        last, some = 0, events.using_db(records.client).order_by("id").limit(page)
        while rows := await some.filter(id__gt=last).values("id", "body"):
            last = rows[-1]["id"]
            yield [one for row in rows for one in _captured(records.installation, row)]


async def _settled(records: Records) -> set[str]:
    """The payments of which a person has decided, for orders that this database lacks."""
    strays = await Stray.all(records.client)
    here: set[str] = set()
    for some in chunks(sorted({stray.order_key for stray in strays})):
        found = Order.filter(key__in=some).using_db(records.client)
        here.update(order.key for order in await found.only("key"))
    return {one for stray in strays if stray.order_key not in here for one in stray.payments.split()}


def _captured(installation: str, row: Row) -> Iterator[_Told]:
    """The captured payments in an event's body, where it names an order that this installation made."""
    body = loads(row["body"])
    for fact in in_body(body):
        order = fact.get("order_key") or body.get("order_key")
        captured = fact.get("entity") == "payment" and fact.get("state") == "captured"
        if captured and isinstance(order, str) and _ours(installation, order):
            yield _Told(row["id"], order, str(fact.get("entity_id")), int(fact.get("amount", 0)))


def _ours(installation: str, order: str) -> bool:
    return conversation_number(installation, conversation_of(order)) is not None
