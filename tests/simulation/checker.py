"""The invariants that must hold at the end of a history.

The checker compares the database with the books of the simulated outside. It knows the tables'
columns and their meanings, and shares no code with what writes them.
"""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.simulation.meta import Accepted, Meta
from tests.simulation.razorpay import Razorpay
from tests.simulation.razorpay_books import Payment

_CONFIRMED: Final = re.compile(r"Payment Successful![\s\S]*Order ID: #(\d+)|\[payment_successful\] (\d+)")
_RETURNED: Final = re.compile(r"order #(\d+) does not go ahead|\[payment_returned\] (\d+)")

_UNSENT: Final = """
SELECT id, conversation_id, name FROM outbox
WHERE lane = 'chat' AND urgency = 0 AND (state = 'failed' OR receipt = 'failed')"""
_SENT: Final = "SELECT id, conversation_id, name, provider_id FROM outbox WHERE state = 'done'"

Row = dict[str, Any]


def violations(
    path: Path, razorpay: Razorpay, meta: Meta, acknowledged: dict[str, str], stock: dict[str, int]
) -> list[str]:
    """Return all violations. `acknowledged` maps the inbox key of each acknowledged event to its kind."""
    with opened(path) as database:
        return Books(database, razorpay, meta).violations(acknowledged, stock)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database at `path` to read it, and close it."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    try:
        yield database
    finally:
        database.close()


def joined(path: Path) -> int:
    """Return how many conversations were joined to another."""
    with opened(path) as database:
        [count] = database.execute(
            "SELECT COUNT(*) FROM conversation WHERE merged_into IS NOT NULL"
        ).fetchone()
    return int(count)


@dataclass(frozen=True, slots=True)
class Book:
    """The end of one order: its lifecycle, and the paise captured and returned."""

    lifecycle: str
    captured: int
    returned: int = 0


def books(path: Path, razorpay: Razorpay) -> tuple[Book, ...]:
    """Return the end of each order, in the sequence in which they were placed."""
    with opened(path) as database:
        orders = database.execute("SELECT key, lifecycle FROM orders ORDER BY placed_by").fetchall()
    found = []
    for key, lifecycle in orders:
        own = [p for p in razorpay.payments.values() if p.captured and p.link.order_key == key]
        found.append(Book(lifecycle, sum(p.net for p in own), sum(razorpay.returned(p) for p in own)))
    return tuple(found)


class Books:
    """The database of one history beside the books of the outside."""

    def __init__(self, database: sqlite3.Connection, razorpay: Razorpay, meta: Meta) -> None:
        self._database, self.razorpay, self.meta = database, razorpay, meta
        self.orders = {row["key"]: row for row in self.rows("SELECT * FROM orders")}
        self.restored = bool(self.rows("SELECT id FROM installation WHERE restored_at IS NOT NULL"))
        self.joined_into: dict[int, int] = {
            row["id"]: row["merged_into"]
            for row in self.rows("SELECT id, merged_into FROM conversation WHERE merged_into IS NOT NULL")
        }
        """Joined conversation → the one that took it over."""
        self.payments: defaultdict[str, list[Payment]] = defaultdict(list)
        for payment in razorpay.payments.values():
            if payment.captured:
                self.payments[payment.link.order_key].append(payment)

    def violations(self, acknowledged: dict[str, str], stock: dict[str, int]) -> list[str]:
        """Return all violations. `acknowledged` maps the inbox key of each acknowledged event to its kind."""
        return [
            *self.outside(),
            *self.money(),
            *self.confirmations(),
            *self.durable(acknowledged),
            *self.quiet(),
            *self.goods(stock),
            *self.order_of_messages(),
            *self.persons(),
        ]

    def outside(self) -> Iterator[str]:
        """INV9, INV22 and others: what Razorpay and Meta found wrong themselves.

        A refund may have the key of one that only the lost books knew: Razorpay refuses it.
        """
        for wrong in self.razorpay.wrongs:
            if not (self.restored and "another body under the idempotency key" in wrong):
                yield wrong
        yield from self.meta.wrongs

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of a query."""
        return [dict(row) for row in self._database.execute(sql)]

    def money(self) -> Iterator[str]:
        """INV1, INV2, INV3, INV9: all captured money is fulfilled, refunded, or held for a reason."""
        yield from self._strays()
        for key, order in self.orders.items():
            yield from self.money_of(key, order)
        yield from self._waiting_for_nothing()
        for payment in self.razorpay.payments.values():
            if self.razorpay.returned(payment) > (payment.net if payment.captured else payment.amount):
                yield f"INV9: {payment.id} gave back more than came for the shop"
        keys = Counter(refund.key for refund in self.razorpay.refunds.values() if refund.key)
        yield from (f"INV9: {key} was refunded {count} times" for key, count in keys.items() if count > 1)

    def money_of(self, key: str, order: Row) -> Iterator[str]:
        """INV1, INV3: the same of one order."""
        payments = [p for p in self.payments[key] if p.id not in self.razorpay.kept]
        own = [payment for payment in payments if payment.currency == "INR"]
        captured = sum(payment.net for payment in own)
        back = sum(self.razorpay.returned(payment) for payment in own)
        goods = order["total"] if order["lifecycle"] == "fulfilled" else 0
        by_hand = any(not r.key and r.payment in own for r in self.razorpay.refunds.values())
        rest = captured - back - goods
        if rest < 0 and not by_hand and not self._refunded_by_lost_books(key):
            yield f"INV1: {key} gave goods for {goods} and {back} back, of {captured}"
        if rest > 0 and (not order["held_for"] or order["held"] != rest):
            yield f"INV1: {key} keeps {rest} and says {order['held']} for {order['held_for']!r}"
        if order["held_for"] in ("unexplained", "mismatch unknown"):
            yield f"INV1: {key} holds {order['held']} for no reason"
        kept = [p for p in payments if p not in own and self.razorpay.returned(p) < p.amount]
        if captured >= order["total"] and order["held_for"] in ("waiting", "short"):
            yield f"INV1: {key} is paid in full and is taken for short"
        if kept and not order["held_for"]:
            yield f"INV1: {key} got foreign money and nobody is told"
        if goods and captured < order["total"]:
            yield f"INV3: {key} costs {order['total']}, and {captured} was captured"
        if captured >= order["total"] and not goods and not back and not order["held_for"]:
            yield f"INV1: {key} is paid and neither fulfilled nor given back"

    def _refunded_by_lost_books(self, key: str) -> bool:
        """Return whether money of the order went back by a decision that a restored copy does not know."""
        outside = f"SELECT key FROM refund WHERE order_key = '{key}' AND reason = 'made outside Munshi'"
        return self.restored and bool(self.rows(outside))

    def _strays(self) -> Iterator[str]:
        """INV1: money for orders that restored books lack is settled by an operator, or there is a notice."""
        for key in self.payments.keys() - self.orders.keys():
            for payment in self.payments[key]:
                here = payment.net - self.razorpay.returned(payment)
                if payment.id not in self.razorpay.kept and here >= 100 and not self._alarmed(payment.id):
                    yield f"INV1: {payment.id} was paid for {key}, and there is no such order"

    def _alarmed(self, payment: str) -> bool:
        """Return whether there is a notice of a payment for an order that the books lack."""
        return bool(self.rows(f"SELECT id FROM notice WHERE kind = 'stray money' AND subject = '{payment}'"))

    def _waiting_for_nothing(self) -> Iterator[str]:
        """INV23: an order is open only while money for it can come."""
        now = self.meta.now()
        may_come = {link.order_key for link in self.razorpay.links.values() if self.razorpay.is_open(link)}
        may_come |= {p.link.order_key for p in self.razorpay.payments.values() if p.status == "authorized"}
        for key, order in self.orders.items():
            placed = order["placed_at"] > now - 30 * 60_000
            waits = order["lifecycle"] == "open" and order["held_for"] is None
            if waits and key not in may_come and not placed:
                yield f"INV23: {key} is open, and no money can come for it"

    def confirmations(self) -> Iterator[str]:
        """INV4, INV5: each fulfilled order has one confirmation, and no other order has one."""
        heard: defaultdict[str, list[Accepted]] = defaultdict(list)
        returned: Counter[str] = Counter()
        # A message of the lost books counts if the restored ones got its status and so did not send it again.
        missing = {row["id"] for row in self.rows(_SENT)} & self.meta.recalled
        missing -= {message.entry for message in self.meta.log}
        recalled = [message for message in self.meta.lost if message.entry in missing]
        for message in [*self.meta.log, *recalled]:
            if found := _CONFIRMED.search(message.text):
                heard[found[1] or found[2]].append(message)
            if found := _RETURNED.search(message.text):
                returned[found[1] or found[2]] += 1
        unsent = self.unsent()
        asked = {
            row["order_key"]
            for row in self.rows("SELECT * FROM refund WHERE reason <> 'made outside Munshi'")
        }
        numbers = {order["number"]: order for order in self.orders.values()}
        for number, order in numbers.items():
            fulfilled = order["lifecycle"] == "fulfilled"
            messages = heard.get(number, [])
            ids = Counter(message.entry for message in messages)
            customer = order["conversation_id"]
            if fulfilled and not messages and (customer, "payment_successful") not in unsent:
                yield f"INV4: {order['key']} is fulfilled and nobody told the customer"
            if len(ids) > 1:
                yield f"INV4: {order['key']} was confirmed {len(ids)} times"
            for entry, count in ids.items():
                if count > 1 + self.meta.ambiguous[entry]:
                    yield f"INV4: {order['key']}: one confirmation was sent {count} times"
            if messages and not fulfilled:
                yield f"INV5: {order['key']} is {order['lifecycle']}, and the customer was told it is paid"
            ours = order["key"] in asked
            told = returned[number] or (customer, "payment_returned") in unsent
            if order["lifecycle"] == "returned" and ours and not told:
                yield f"INV4: the money for {order['key']} goes back and nobody told the customer"

    def unsent(self) -> set[tuple[int, str]]:
        """Return (conversation, message) of what could not be delivered; a temporary failure is no excuse.

        If only the lost books recorded a failure, the restored ones believe that the message arrived.
        """
        hopeless, bounced = self.meta.undeliverable, self.meta.bounced
        rows = [row for row in self.rows(_UNSENT) if row["id"] in hopeless or row["id"] not in bounced]
        rows += [row for row in self.rows(_SENT) if (row["id"], row["provider_id"]) in self.meta.forgotten]
        return {(self.current(row["conversation_id"]), row["name"]) for row in rows}

    def current(self, conversation: int) -> int:
        """Return the conversation that took this one over, or itself."""
        return self.joined_into.get(conversation, conversation)

    def durable(self, acknowledged: dict[str, str]) -> Iterator[str]:
        """INV6, INV16: each acknowledged event is in the inbox once."""
        keys = Counter(row["key"] for row in self.rows("SELECT key FROM inbox"))
        for key, what in acknowledged.items():
            if keys[key] != 1 and not self._of_nobody(key, keys[key]):
                yield f"INV6: {what} was acknowledged and is there {keys[key]} times"

    def _of_nobody(self, key: str, times: int) -> bool:
        """Return whether a message came again, hours late, from a number that its sender had given up since.

        It is then taken for the first word of the number's next owner.
        """
        if times < 2:
            return False
        rows = self.rows(f"SELECT conversation_id FROM inbox WHERE key = '{key}' AND kind = 'chat'")
        customers = {row["conversation_id"] for row in rows}
        given_up = self.meta.sent_from[key] & self.meta.register.given_up
        return len(customers) == len(rows) == times and bool(given_up)

    def quiet(self) -> Iterator[str]:
        """INV7: no event or delivery waits, and no event is parked."""
        now = self.meta.now()
        for row in self.rows("SELECT * FROM inbox WHERE state = 'parked'"):
            if self.restored and "which this database doesn't have" in row["error"]:
                continue  # its order is in the lost books only: an operator sees the parked event
            yield f"INV7: event {row['id']} ({row['kind']}) is parked: {row['error']}"
        for row in self.rows(f"SELECT * FROM inbox WHERE state = 'pending' AND due_at < {now - 60_000}"):
            yield f"INV7: event {row['id']} ({row['kind']}) still waits"
        for row in self.rows("SELECT * FROM outbox WHERE state IN ('pending', 'sending')"):
            yield f"INV7: delivery {row['id']} ({row['name']}) still waits, after {row['error']}"
        for row in self.rows("SELECT reference_id FROM attempt WHERE status = 'planned'"):
            yield f"INV7: link {row['reference_id']} is planned, and nobody will ever ask for it"

    def goods(self, stock: dict[str, int]) -> Iterator[str]:
        """No more is sold than was in stock, and only open orders reserve."""
        promised: Counter[str] = Counter()
        reserved: Counter[str] = Counter()
        for order in self.orders.values():
            for sku, _, quantity, *_ in json.loads(order["lines"]):
                promised[sku] += quantity if order["lifecycle"] == "fulfilled" else 0
                reserved[sku] += quantity if order["lifecycle"] in ("open", "promised") else 0
        for row in self.rows("SELECT * FROM stock"):
            sku = row["sku"]
            if promised[sku] > stock[sku]:
                yield f"stock: {promised[sku]} of {sku} are promised, of {stock[sku]}"
            if (row["sold"], row["reserved"]) != (promised[sku], reserved[sku]):
                counted, meant = (row["sold"], row["reserved"]), (promised[sku], reserved[sku])
                yield f"stock: {sku} counts {counted} sold and reserved, its orders say {meant}"

    def order_of_messages(self) -> Iterator[str]:
        """INV18: a customer gets messages in the sequence in which they were decided.

        Exempt are reminders (they wait for other messages), repeats after an ambiguous send, and messages
        that bounced.
        """
        exempt = {row["id"] for row in self.rows("SELECT id FROM outbox WHERE urgency = 1")}
        exempt |= self.meta.bounced.keys()
        into = Counter(self.joined_into.values())
        # Of three conversations that are one now, two may have been joined before the third.
        joined = into.keys() | {old for old, current in self.joined_into.items() if into[current] > 1}
        last: dict[str, int] = {}
        for message in self.meta.log:
            conversation, id = message.opaque.rpartition(".")[0], message.entry
            # Messages of two conversations from before they were joined have no common sequence.
            if id in exempt or int(conversation.rpartition("-")[2]) in joined:
                continue
            exempt.add(id)
            if id < last.get(conversation, 0):
                yield f"INV18: delivery {id} came after {last[conversation]}"
            last[conversation] = max(id, last.get(conversation, 0))

    def persons(self) -> Iterator[str]:
        """INV24: addresses of one person belong to one customer with one open order, two persons' to two."""
        owners = {row["value"]: row["conversation_id"] for row in self.rows("SELECT * FROM alias")}
        people: defaultdict[int, set[str]] = defaultdict(set)
        for addresses in self.meta.register.known_as_one():
            customers = {owners[address] for address in addresses if address in owners}
            if len(customers) > 1:
                yield f"INV24: {sorted(addresses)} are one person, and customers {sorted(customers)}"
        for address, customer in owners.items():
            people[customer].add(self.meta.register.person(address))
        yield from (f"INV24: {sorted(p)} are one customer: {c}" for c, p in people.items() if len(p) > 1)
        waiting = Counter(
            order["conversation_id"]
            for order in self.orders.values()
            if order["lifecycle"] == "open" and order["held_for"] is None
        )
        yield from (f"INV24: {n} open orders of customer {c}" for c, n in waiting.items() if n > 1)
