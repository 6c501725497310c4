"""What must hold at the end of a day: cash, amendments, goods, slots, coupons, prices and numbers."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from payments.ledger.state import OrderState
from tests.simulation.checker import Books, Row
from tests.simulation.day import floods
from tests.simulation.day.deeds import Replay
from tests.simulation.day.journal import Entry, Journal
from tests.simulation.day.news import News
from tests.simulation.day.setting import CAPACITY, COUPON_USES, FAR, MOST_CASH, PER_CUSTOMER, TEAS, cut_off
from tests.simulation.meta import Meta
from tests.simulation.razorpay import Razorpay

_LIVE: Final = ("open", "promised", "fulfilled")
_HELD_FOR_NOBODY: Final = (None, "waiting", "remainder", "delivery", "delivery_kept", "dispute_lost")
"""What is in an order's row while no money of it waits for a person, or a task of its own says so."""
_FIRST: Final = 10_001
"""The first order's number."""
_AFTER_A_RESTORE: Final = 1_000
"""How many numbers a restore leaves out."""


class DayBooks(Books):
    """The database of one day beside the books of the outside."""

    def __init__(
        self,
        database: sqlite3.Connection,
        razorpay: Razorpay,
        meta: Meta,
        journal: Journal,
        seen: Counter[str],
    ) -> None:
        super().__init__(database, razorpay, meta)
        self.seen = seen
        rows = self.rows("SELECT id, forgotten_at FROM conversation WHERE forgotten_at IS NOT NULL")
        self.forgotten: dict[int, int] = {row["id"]: row["forgotten_at"] for row in rows}
        """Conversation whose customer was forgotten → when, in milliseconds since 1970, UTC."""
        seen["a customer was forgotten"] += len(self.forgotten)
        self.events = {row["id"]: row for row in self.rows("SELECT * FROM inbox")}
        self._refunds = self.rows("SELECT * FROM refund")
        self._amendments = self.rows("SELECT * FROM amendment")
        self._facts = self.rows("SELECT * FROM fact")
        handled = {id: row["handled_at"] for id, row in self.events.items()}
        self.entries = journal.lasting(handled)
        self.replay = self._replayed()

    def violations(self, acknowledged: dict[str, str], stock: dict[str, int]) -> list[str]:
        """Return all violations. `acknowledged` maps the inbox key of each acknowledged event to its kind."""
        return [
            *super().violations(acknowledged, stock),
            *self.replay.wrongs,
            *self._stages(),
            *self._quotas(),
            *self._late_slots(),
            *self._cash_terms(),
            *self._prices(),
            *self._numbers(),
            *floods.wrongs(self),
        ]

    def _of_nobody(self, key: str, times: int) -> bool:
        """A message that comes again after its sender was forgotten is somebody's first word too."""
        copies = self.rows(f"SELECT conversation_id FROM inbox WHERE key = '{key}'")
        of_the_forgotten = sum(row["conversation_id"] in self.forgotten for row in copies)
        return times - of_the_forgotten <= 1 or super()._of_nobody(key, times)

    def confirmations(self) -> Iterator[str]:
        """INV4, INV5, and the same of all other news, to customers and staff."""
        yield from News(self).wrongs()

    def _replayed(self) -> Replay:
        replay = Replay(self.orders, self._facts, self._amendments)
        for entry in self.entries:
            called_off = [key for key in entry.after if _by_customer(entry, key)]
            for number in entry.numbers:
                event = self.events[number]
                replay.take(event)
                if called_off and event["kind"] == "chat" and '"order.cancel"' in (event["trace"] or ""):
                    for key in called_off:
                        replay.called_off(key, entry.at)
                    called_off = []
        return replay

    def money_of(self, key: str, order: Row) -> Iterator[str]:
        """INV1, INV3: captured = fulfilled + refunded + held, and goods = fulfilled + owed + given."""
        payments = [p for p in self.payments[key] if p.id not in self.razorpay.kept]
        own = [payment for payment in payments if payment.currency == "INR"]
        by_hand, back_by_hand = self._hand(key)
        captured = sum(payment.net for payment in own) + by_hand
        back = sum(self.razorpay.returned(payment) for payment in own) + back_by_hand
        cost, due = self.cost(key), order["lifecycle"] in ("promised", "fulfilled")
        outside = any(not r.key and r.payment in own for r in self.razorpay.refunds.values())
        outside = outside or self._refunded_by_lost_books(key)
        fulfilled, held = order["fulfilled"], order["held"]
        if captured != back + fulfilled + held and not outside:
            yield f"INV1: of {captured} for {key}, {fulfilled} is for goods, {back} back, {held} held"
        if held and not order["held_for"]:
            yield f"INV1: {key} holds {held} for no reason"
        if order["held_for"] in ("unexplained", "mismatch unknown"):
            yield f"INV1: {key} holds {held} for no reason"
        if fulfilled > cost or (fulfilled and not due):
            yield f"goods: {key} is {order['lifecycle']}, costs {cost}, and {fulfilled} is for goods"
        if order["lifecycle"] == "fulfilled" and fulfilled < cost and not outside:
            yield f"goods: {key} costs {cost}, {fulfilled} is for goods, and the rest was given away"
        if order["lifecycle"] == "fulfilled" and captured < cost:
            yield f"INV3: {key} costs {cost}, and {captured} was captured"
        foreign = [p for p in payments if p not in own and self.razorpay.returned(p) < p.amount]
        if foreign and not order["held_for"]:
            yield f"INV1: {key} got foreign money and nobody is told"
        if captured >= cost and order["held_for"] in ("waiting", "short"):
            yield f"INV1: {key} is paid in full and is taken for short"
        if captured >= cost > 0 and not due and not back and not order["held_for"]:
            yield f"INV1: {key} is paid and neither fulfilled nor given back"
        deeds = self.replay.deeds[key]
        if deeds.delivery and held < deeds.cost and not (outside or deeds.doubtful):
            yield f"delivery: {key} keeps {deeds.cost} for its delivery, and holds {held}"
        yield from self._to_do(key, order)

    def _refunded_by_lost_books(self, key: str) -> bool:
        mine = (refund for refund in self._refunds if refund["order_key"] == key)
        return self.restored and any(refund["reason"] == "made outside Munshi" for refund in mine)

    def _hand(self, key: str) -> tuple[int, int]:
        """Return what people took for an order, and what they have to give back of it or have given back."""
        taken = sum(
            fact["amount"]
            for fact in self._facts
            if fact["order_key"] == key
            and fact["entity"] == "payment"
            and fact["state"] == "captured"
            and fact["entity_id"].startswith("hand-")
            and fact["entity_id"] not in self.replay.deeds[key].undone
        )
        back = sum(
            refund["amount"]
            for refund in self._refunds
            if refund["order_key"] == key
            and (refund["payment_id"].startswith("hand-") or refund["key"].startswith("hand-"))
            and refund["status"] in ("asked", "created", "processed")
        )
        if taken:
            self.seen["a person took money"] += 1
        if back:
            self.seen["a person gives money back"] += 1
        return taken, back

    def cost(self, key: str) -> int:
        """What the order costs after its amendments."""
        less = sum(one["amount"] for one in self._amendments if one["order_key"] == key)
        cost: int = self.orders[key]["total"] - less
        return cost

    def _to_do(self, key: str, order: Row) -> Iterator[str]:
        """What is still to be done is on the list, and nothing else."""
        deeds = self.replay.deeds[key]
        mine = [refund for refund in self._refunds if refund["order_key"] == key]
        asked = [one for one in mine if one["payment_id"].startswith("hand-")]
        # What an order that is paid by now had too much, went back. A promised one lacks it again.
        back = sum(one["amount"] for one in mine if one["status"] in ("asked", "created", "processed"))
        promised, fulfilled = order["lifecycle"] == "promised", order["lifecycle"] == "fulfilled"
        due = promised and deeds.cost + back > sum(deeds.paid.values())
        due = due or (fulfilled and deeds.due > 0)
        wanted = [
            *(["goods"] if order["stage"] in ("placed", "accepted", "preparing", "ready", "out") else []),
            *(["cash"] if order["stage"] in ("delivered", "returned") and due else []),
            *(["refund"] if any(refund["status"] in ("asked", "created") for refund in asked) else []),
            *(["delivery"] if deeds.delivery == "held" and order["held"] else []),
            *(["held"] if order["held_for"] not in _HELD_FOR_NOBODY else []),
        ]
        listed = (order["todo"] or "").split(",") if order["todo"] else []
        if listed != wanted and not deeds.doubtful:
            yield f"to do: of {key} the list says {listed}, and {wanted} is to be done"

    def _stages(self) -> Iterator[str]:
        for key, deeds in self.replay.deeds.items():
            stage = self.orders[key]["stage"]
            if stage != deeds.stage and (stage, deeds.stage) != ("placed", None):
                yield f"deeds: {key} is {stage}, and people moved it to {deeds.stage}"
            self.seen[f"an order ended {stage}"] += 1

    def goods(self, stock: dict[str, int]) -> Iterator[str]:
        """No more is sold than was in stock, and only open and promised orders reserve."""
        sold, reserved = Counter(self.replay.gone), Counter[str]()
        for key, order in self.orders.items():
            if order["lifecycle"] == "fulfilled":
                sold += self.replay.deeds[key].remaining
            elif order["lifecycle"] in ("open", "promised"):
                reserved += self.replay.deeds[key].remaining
        for row in self.rows("SELECT * FROM stock"):
            sku, counted = row["sku"], (row["sold"], row["reserved"])
            if sum(counted) > stock[sku]:
                yield f"stock: {counted} of {sku} are sold and reserved, of {stock[sku]}"
            if counted != (sold[sku], reserved[sku]):
                meant = (sold[sku], reserved[sku])
                yield f"stock: {sku} counts {counted} sold and reserved, its orders say {meant}"

    def _quotas(self) -> Iterator[str]:
        taken: Counter[str] = Counter()
        by_customer: Counter[tuple[int, str]] = Counter()
        for order in self.orders.values():
            if order["lifecycle"] in _LIVE:
                slot, coupon = self._slot(order), json.loads(order["terms"]).get("coupon")
                taken.update([f"slot:{slot}"] if slot else [])
                taken.update([f"coupon:{coupon}"] if coupon else [])
                by_customer[order["conversation_id"], coupon] += 1
        counted = {row["name"]: row["taken"] for row in self.rows("SELECT * FROM quota")}
        for name in sorted(counted.keys() | taken.keys()):
            if counted.get(name, 0) != taken[name]:
                yield f"quota: {name} counts {counted.get(name, 0)}, its orders say {taken[name]}"
        late = self._late()
        for name, count in taken.items():
            kind, _, rest = name.partition(":")
            most = CAPACITY[rest.partition(".")[2]] if kind == "slot" else COUPON_USES.get(rest)
            self.seen[f"all places of a {kind} were taken"] += count == most
            if most is not None and count > most + (late[rest] if kind == "coupon" else 0):
                yield f"quota: {name} is taken {count} times, of {most}"
        merged = set(self.joined_into.values())
        for (customer, coupon), count in by_customer.items():
            most = PER_CUSTOMER.get(coupon)
            if most is not None and count > most + late[coupon] and customer not in merged:
                yield f"quota: customer {customer} used {coupon} {count} times"

    @staticmethod
    def _slot(order: Row) -> str:
        return str(json.loads(order["destination"]).get("slot", ""))

    def _late(self) -> Counter[str]:
        """Return how many orders with each coupon were paid after they had lapsed."""
        return Counter(after.order.terms.coupon for _, after in self._came("lapsed", "fulfilled"))

    def _came(self, was: str, to: str) -> Iterator[tuple[int, OrderState]]:
        """Yield each order that went from one lifecycle to the other in one step, and when."""
        for entry in self.entries:
            for key, after in entry.after.items():
                before = entry.before.get(key)
                if before and before.lifecycle == was and after.lifecycle == to:
                    yield entry.at, after

    def _late_slots(self) -> Iterator[str]:
        """Money that comes late does not bring goods whose slot takes no more orders."""
        for at, after in self._came("lapsed", "fulfilled"):
            self.seen["an order was paid late, and is fulfilled"] += 1
            if at >= cut_off(after.order.to.slot):
                yield f"late: {after.key} is paid after the end of {after.order.to.slot}, and fulfilled"

    def _cash_terms(self) -> Iterator[str]:
        """Cash is promised within the shop's limit, near by, and not by who refused goods at the door."""
        refused: Counter[int] = Counter()
        for entry in self.entries:
            for key, after in entry.after.items():
                before, customer = entry.before.get(key), self.orders[key]["conversation_id"]
                became = after.lifecycle == "promised" and (not before or before.lifecycle != "promised")
                if became and (after.order.total > MOST_CASH or after.order.to.pincode in FAR):
                    yield f"cash: is promised for {key}, {after.order.total} to {after.order.to.pincode}"
                if became and refused[customer] and customer not in self.joined_into.values():
                    yield f"cash: is promised for {key} by who refused {refused[customer]} orders"
                was_promised = before is not None and before.lifecycle == "promised"
                refused[customer] += was_promised and after.stage == "refused"

    def _prices(self) -> Iterator[str]:
        """Each order costs its goods, less the coupon, and the fee of its area, if that is still known."""
        known = {k: o for k, o in self.orders.items() if o["conversation_id"] not in self.forgotten}
        for key, order in known.items():
            lines, terms = json.loads(order["lines"]), json.loads(order["terms"])
            goods = sum(line[2] * line[3] for line in lines)
            teas = sum(line[2] * line[3] for line in lines if line[0] in TEAS)
            discount = {"FIRST10": _percent(10, goods, 100_00), "LAST3": min(50_00, goods)}
            discount["TEA20"] = _percent(20, teas, 60_00)
            off = discount[terms["coupon"]] if "coupon" in terms else 0
            fee = _fee(json.loads(order["destination"]), goods)
            parts = (sum(line[6] for line in lines), sum(line[7] for line in lines))
            if (order["total"], *parts) != (goods - off + fee, off, fee):
                yield f"price: {key} costs {order['total']} with {parts}, not {goods} - {off} + {fee}"

    def _numbers(self) -> Iterator[str]:
        """Each order has a number, none has two, and none is left out but for those of lost books."""
        placed = sorted(self.orders.values(), key=lambda order: int(order["number"]))
        expected, restored = _FIRST, self.restored
        for order in placed:
            number = int(order["number"])
            if number == expected + _AFTER_A_RESTORE and restored:
                restored, expected = False, number
            if number != expected:
                yield f"number: {order['key']} is {number}, and {expected} is next"
            expected = number + 1
        clashes = Counter(order["number"] for order in placed)
        yield from (f"number: {number} is {n} orders'" for number, n in clashes.items() if n > 1)


def _by_customer(entry: Entry, key: str) -> bool:
    before, after = entry.before.get(key), entry.after[key]
    called_off = after.stage == "cancelled" and after.stage_by == "customer"
    return called_off and (before is None or before.stage != "cancelled")


def _percent(percent: int, goods: int, most: int) -> int:
    """`percent` of `goods`, up to the next whole rupee."""
    return min(-(-percent * goods // 10_000) * 100, most, goods)


def _fee(to: dict[str, Any], goods: int) -> int:
    if to.get("how") != "delivery":
        return 0
    if to["pincode"] in FAR:
        return 80_00
    return 0 if goods >= 500_00 else 40_00
