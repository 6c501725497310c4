"""What must be true when all is quiet: from the outside's own books and a second reader of the database.

It knows the tables' names and meanings and nothing of the code that writes them.
"""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
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
    """Everything that is wrong. `acknowledged` is what the bot answered 200 for: inbox key -> what it was."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    try:
        found = _Books(database, razorpay, meta)
        return [
            *razorpay.wrongs,
            *meta.wrongs,
            *found.money(),
            *found.confirmations(),
            *found.durable(acknowledged),
            *found.quiet(),
            *found.goods(stock),
            *found.order_of_messages(),
            *found.persons(),
        ]
    finally:
        database.close()


def joined(path: Path) -> int:
    """How many conversations turned out to be another's customer."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        [count] = database.execute(
            "SELECT COUNT(*) FROM conversation WHERE merged_into IS NOT NULL"
        ).fetchone()
    finally:
        database.close()
    return int(count)


@dataclass(frozen=True, slots=True)
class Book:
    """What became of one order, and of its money: paise that were captured, and that went back."""

    lifecycle: str
    captured: int
    returned: int = 0


def books(path: Path, razorpay: Razorpay) -> tuple[Book, ...]:
    """Those of each order, in the order in which they were placed."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        orders = database.execute("SELECT key, lifecycle FROM orders ORDER BY placed_by").fetchall()
    finally:
        database.close()
    found = []
    for key, lifecycle in orders:
        own = [p for p in razorpay.payments.values() if p.captured and p.link.order_key == key]
        found.append(Book(lifecycle, sum(p.net for p in own), sum(razorpay.returned(p) for p in own)))
    return tuple(found)


class _Books:
    def __init__(self, database: sqlite3.Connection, razorpay: Razorpay, meta: Meta) -> None:
        self._database, self._razorpay, self._meta = database, razorpay, meta
        self._orders = {row["key"]: row for row in self._rows("SELECT * FROM orders")}
        self._restored = bool(self._rows("SELECT id FROM installation WHERE restored_at IS NOT NULL"))
        self._one: dict[int, int] = {
            row["id"]: row["merged_into"]
            for row in self._rows("SELECT id, merged_into FROM conversation WHERE merged_into IS NOT NULL")
        }
        """The conversation that each joined one has become."""
        self._payments: defaultdict[str, list[Payment]] = defaultdict(list)
        for payment in razorpay.payments.values():
            if payment.captured:
                self._payments[payment.link.order_key].append(payment)

    def _rows(self, sql: str) -> list[Row]:
        return [dict(row) for row in self._database.execute(sql)]

    def money(self) -> Iterator[str]:
        """INV1, INV2, INV3, INV9: each captured rupee is in goods, went back, or waits with a reason."""
        yield from self._strays()
        for key, order in self._orders.items():
            payments = [p for p in self._payments[key] if p.id not in self._razorpay.kept]
            own = [payment for payment in payments if payment.currency == "INR"]
            captured = sum(payment.net for payment in own)
            back = sum(self._razorpay.returned(payment) for payment in own)
            goods = order["total"] if order["lifecycle"] == "fulfilled" else 0
            by_hand = any(not r.key and r.payment in own for r in self._razorpay.refunds.values())
            rest = captured - back - goods
            if rest < 0 and not by_hand:
                yield f"INV1: {key} gave goods for {goods} and {back} back, of {captured}"
            if rest > 0 and (not order["held_for"] or order["held"] != rest):
                yield f"INV1: {key} keeps {rest} and says {order['held']} for {order['held_for']!r}"
            if order["held_for"] in ("unexplained", "mismatch unknown"):
                yield f"INV1: {key} holds {order['held']} for no reason"
            kept = [p for p in payments if p not in own and self._razorpay.returned(p) < p.amount]
            if captured >= order["total"] and order["held_for"] in ("waiting", "short"):
                yield f"INV1: {key} is paid in full and is taken for short"
            if kept and not order["held_for"]:
                yield f"INV1: {key} got foreign money and nobody is told"
            if goods and captured < order["total"]:
                yield f"INV3: {key} costs {order['total']}, and {captured} was captured"
            if captured >= order["total"] and not goods and not back and not order["held_for"]:
                yield f"INV1: {key} is paid and neither fulfilled nor given back"
        yield from self._waiting_for_nothing()
        for payment in self._razorpay.payments.values():
            if self._razorpay.returned(payment) > (payment.net if payment.captured else payment.amount):
                yield f"INV9: {payment.id} gave back more than came for the shop"
        keys = Counter(refund.key for refund in self._razorpay.refunds.values() if refund.key)
        yield from (f"INV9: {key} was refunded {count} times" for key, count in keys.items() if count > 1)

    def _strays(self) -> Iterator[str]:
        """Money for orders that restored books lack: a person has settled it, or is told of it."""
        for key in self._payments.keys() - self._orders.keys():
            for payment in self._payments[key]:
                here = payment.net - self._razorpay.returned(payment)
                if payment.id not in self._razorpay.kept and here >= 100 and not self._alarmed(payment.id):
                    yield f"INV1: {payment.id} was paid for {key}, and there is no such order"

    def _alarmed(self, payment: str) -> bool:
        """Whether an operator is told of a payment for an order that the books lack."""
        return bool(self._rows(f"SELECT id FROM notice WHERE kind = 'stray money' AND subject = '{payment}'"))

    def _waiting_for_nothing(self) -> Iterator[str]:
        """INV23: an order is open only while money for it may come."""
        now = self._meta.now()
        may_come = {link.order_key for link in self._razorpay.links.values() if self._razorpay.is_open(link)}
        may_come |= {p.link.order_key for p in self._razorpay.payments.values() if p.status == "authorized"}
        for key, order in self._orders.items():
            placed = order["placed_at"] > now - 30 * 60_000
            waits = order["lifecycle"] == "open" and order["held_for"] is None
            if waits and key not in may_come and not placed:
                yield f"INV23: {key} is open, and no money can come for it"

    def confirmations(self) -> Iterator[str]:
        """INV4, INV5: one confirmation for each fulfilled order, none for others."""
        heard: defaultdict[str, list[Accepted]] = defaultdict(list)
        returned: Counter[str] = Counter()
        # What lost books sent counts if the restored ones were told that it came, and so did not send it.
        missing = {row["id"] for row in self._rows(_SENT)} & self._meta.recalled
        missing -= {message.entry for message in self._meta.log}
        recalled = [message for message in self._meta.lost if message.entry in missing]
        for message in [*self._meta.log, *recalled]:
            if found := _CONFIRMED.search(message.text):
                heard[found[1] or found[2]].append(message)
            if found := _RETURNED.search(message.text):
                returned[found[1] or found[2]] += 1
        unsent = self._unsent()
        asked = {
            row["order_key"]
            for row in self._rows("SELECT * FROM refund WHERE reason <> 'made outside Munshi'")
        }
        numbers = {order["number"]: order for order in self._orders.values()}
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
                if count > 1 + self._meta.doubtful[entry]:
                    yield f"INV4: {order['key']}: one confirmation was sent {count} times"
            if messages and not fulfilled:
                yield f"INV5: {order['key']} is {order['lifecycle']}, and the customer was told it is paid"
            ours = order["key"] in asked
            told = returned[number] or (customer, "payment_returned") in unsent
            if order["lifecycle"] == "returned" and ours and not told:
                yield f"INV4: the money for {order['key']} goes back and nobody told the customer"

    def _unsent(self) -> set[tuple[int, str]]:
        """(conversation, message) of what no try could bring to its customer; bounced twice is none.

        Of what lost books alone were told that it failed, the restored ones believe that it came.
        """
        hopeless, bounced = self._meta.undeliverable, self._meta.bounced
        rows = [row for row in self._rows(_UNSENT) if row["id"] in hopeless or row["id"] not in bounced]
        rows += [row for row in self._rows(_SENT) if (row["id"], row["provider_id"]) in self._meta.forgotten]
        return {(self._now(row["conversation_id"]), row["name"]) for row in rows}

    def _now(self, conversation: int) -> int:
        """The conversation that this one has become, if it was joined to another."""
        return self._one.get(conversation, conversation)

    def durable(self, acknowledged: dict[str, str]) -> Iterator[str]:
        """INV6, INV16: what was acknowledged is there, once."""
        keys = Counter(row["key"] for row in self._rows("SELECT key FROM inbox"))
        for key, what in acknowledged.items():
            if keys[key] != 1:
                yield f"INV6: {what} was acknowledged and is there {keys[key]} times"

    def quiet(self) -> Iterator[str]:
        """INV7: nothing waits, nothing is parked."""
        now = self._meta.now()
        for row in self._rows("SELECT * FROM inbox WHERE state = 'parked'"):
            if self._restored and "which this database doesn't have" in row["error"]:
                continue  # of an order that the lost books sold: an operator sees it
            yield f"INV7: event {row['id']} ({row['kind']}) is parked: {row['error']}"
        for row in self._rows(f"SELECT * FROM inbox WHERE state = 'pending' AND due_at < {now - 60_000}"):
            yield f"INV7: event {row['id']} ({row['kind']}) still waits"
        for row in self._rows("SELECT * FROM outbox WHERE state IN ('pending', 'sending')"):
            yield f"INV7: delivery {row['id']} ({row['name']}) still waits, after {row['error']}"
        for row in self._rows("SELECT reference_id FROM attempt WHERE status = 'planned'"):
            yield f"INV7: link {row['reference_id']} is planned, and nobody will ever ask for it"

    def goods(self, stock: dict[str, int]) -> Iterator[str]:
        """Nothing is sold that was not there; what is reserved is for open orders."""
        promised: Counter[str] = Counter()
        reserved: Counter[str] = Counter()
        for order in self._orders.values():
            for sku, _, quantity, _ in json.loads(order["lines"]):
                promised[sku] += quantity if order["lifecycle"] == "fulfilled" else 0
                reserved[sku] += quantity if order["lifecycle"] == "open" else 0
        for row in self._rows("SELECT * FROM stock"):
            sku = row["sku"]
            if promised[sku] > stock[sku]:
                yield f"stock: {promised[sku]} of {sku} are promised, of {stock[sku]}"
            if (row["sold"], row["reserved"]) != (promised[sku], reserved[sku]):
                counted, meant = (row["sold"], row["reserved"]), (promised[sku], reserved[sku])
                yield f"stock: {sku} counts {counted} sold and reserved, its orders say {meant}"

    def order_of_messages(self) -> Iterator[str]:
        """INV18: a customer hears things in the order in which they were decided.

        A reminder may wait for others, what is said once more after a doubt was said before, and what
        bounced comes when it can.
        """
        said = {row["id"] for row in self._rows("SELECT id FROM outbox WHERE urgency = 1")}
        said |= self._meta.bounced.keys()
        into = Counter(self._one.values())
        # Of three that are one now, one may have been joined to another before the third.
        joined = into.keys() | {one for one, now in self._one.items() if into[now] > 1}
        last: dict[str, int] = {}
        for message in self._meta.log:
            conversation, id = message.opaque.rpartition(".")[0], message.entry
            # What two conversations had to say before they were known as one, stands in no order.
            if id in said or int(conversation.rpartition("-")[2]) in joined:
                continue
            said.add(id)
            if id < last.get(conversation, 0):
                yield f"INV18: delivery {id} came after {last[conversation]}"
            last[conversation] = max(id, last.get(conversation, 0))

    def persons(self) -> Iterator[str]:
        """INV24: who is known to be one person is one customer, with one open order; two stay two."""
        owners = {row["value"]: row["conversation_id"] for row in self._rows("SELECT * FROM alias")}
        people: defaultdict[int, set[str]] = defaultdict(set)
        for addresses in self._meta.register.known_as_one():
            customers = {owners[address] for address in addresses if address in owners}
            if len(customers) > 1:
                yield f"INV24: {sorted(addresses)} are one person, and customers {sorted(customers)}"
        for address, customer in owners.items():
            people[customer].add(self._meta.register.person(address))
        yield from (f"INV24: {sorted(p)} are one customer: {c}" for c, p in people.items() if len(p) > 1)
        waiting = Counter(
            order["conversation_id"]
            for order in self._orders.values()
            if order["lifecycle"] == "open" and order["held_for"] is None
        )
        yield from (f"INV24: {n} open orders of customer {c}" for c, n in waiting.items() if n > 1)
