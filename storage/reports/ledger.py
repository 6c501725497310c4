"""The whole shop's books, read in pages: sums, what waits for a person, and what does not add up.

Memory grows with what is wrong or waits, and with the products, never with the orders.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from payments.ledger import audit
from payments.ledger.audit import Discrepancy, Sums
from payments.ledger.facts import in_body
from payments.ledger.state import OrderState
from payments.shop.orders import Standing, conversation_of
from storage.database.encoding import loads
from storage.database.records import Records
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
        if state.standing is Standing.OPEN:
            wanted.update({line.sku: line.quantity for line in state.order.lines})
    counted = {row["sku"]: row["reserved"] for row in await records.fetch("SELECT sku, reserved FROM stock")}
    found.discrepancies.extend(audit.miscounted(counted, wanted))
    found.discrepancies.extend([twice async for twice in _paid_twice(records)])
    found.discrepancies.extend([stray async for stray in _unclaimed(records, page)])
    return found


async def _orders(records: Records, page: int) -> AsyncIterator[tuple[OrderState, int | None]]:
    last = ""
    while rows := await records.fetch(_ORDERS, last, page):
        first, last = last, rows[-1]["key"]
        owners = [row["conversation_id"] for row in rows]
        facts = by_order(await records.fetch(_FACTS, owners, first, last))
        refunds = by_order(await records.fetch(_REFUNDS, owners, first, last))
        for row in rows:
            key = row["key"]
            # No attempts: a link is no money.
            known = OrderRows(row, (), facts.get(key, ()), refunds.get(key, ()))
            yield order_state(records.installation, known), row["paid_at"]


_ORDERS: Final = "SELECT * FROM orders WHERE key > $1 ORDER BY key LIMIT $2"
# By the range of keys: with a list of them beside that of conversations, every combination is looked up.
_FACTS: Final = """
SELECT * FROM fact WHERE conversation_id = ANY($1::bigint[]) AND order_key > $2 AND order_key <= $3"""
_REFUNDS: Final = """
SELECT * FROM refund WHERE conversation_id = ANY($1::bigint[]) AND order_key > $2 AND order_key <= $3"""


async def _paid_twice(records: Records) -> AsyncIterator[Discrepancy]:
    payments = [row["entity_id"] for row in await records.fetch(_SEVERAL)]
    orders = defaultdict(set)
    for row in await records.fetch(_ON_ORDERS, payments) if payments else ():
        orders[row["entity_id"]].add(row["order_key"])
    for payment, keys in sorted(orders.items()):
        yield audit.paid_twice(payment, keys)


_SEVERAL: Final = """
SELECT entity_id FROM fact WHERE entity = 'payment' AND state = 'captured'
GROUP BY entity_id HAVING COUNT(*) > 1"""
_ON_ORDERS: Final = """
SELECT entity_id, order_key FROM fact
WHERE entity = 'payment' AND state = 'captured' AND entity_id = ANY($1::text[])"""


@dataclass(frozen=True, slots=True)
class _Told:
    """A captured payment in an event that no order took in."""

    event: int
    order: str
    payment: str
    amount: int


async def _unclaimed(records: Records, page: int) -> AsyncIterator[Discrepancy]:
    taken: set[str] = set()
    settled = {one for row in await records.fetch(_SETTLED) for one in row["payments"].split()}
    for query, values in ((_PARKED, ()), (_KEPT, (NOBODY,))):
        last = 0
        while rows := await records.fetch(query, last, page, *values):
            last = rows[-1]["id"]
            told = [one for row in rows for one in _captured(records.installation, row)]
            known = await records.fetch(_ON_ORDERS, sorted({one.payment for one in told})) if told else []
            taken.update(row["entity_id"] for row in known)
            for one in told:
                if one.payment not in taken and one.payment not in settled:
                    # Several events tell of one payment.
                    taken.add(one.payment)
                    yield audit.unclaimed(one.order, one.payment, one.event, one.amount)


_SETTLED: Final = """
SELECT s.payments FROM stray s WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.key = s.order_key)"""
_PARKED: Final = """
SELECT id, body FROM inbox WHERE state = 'parked' AND kind IN ('facts', 'result') AND id > $1
ORDER BY id LIMIT $2"""
_KEPT: Final = """
SELECT id, body FROM inbox WHERE state = 'kept' AND kind = 'facts' AND id > $1 AND conversation_id = $3
ORDER BY id LIMIT $2"""


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
