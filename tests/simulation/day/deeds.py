"""What the staff and the customers did to each order, replayed from the stored events by rules of our own.

The rules are written here a second time, from the shop's terms: whose press counts, which stage may follow,
what cash was due, what a piece is worth. What the bot stored is compared with them, event by event.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.checker import Row
from tests.simulation.day.setting import CANCEL_WITHIN
from tests.simulation.day.watch import LADDER

_ENDED: Final = frozenset({"delivered", "cancelled", "refused", "returned"})
_ABOUT_GOODS: Final = frozenset({"less", "return", "allowance", "address", "note"})
_AMENDING: Final = _ABOUT_GOODS | {"refuse", "delivery"}
"""Verbs that leave an amendment."""
_KEEP: Final = "keep-delivery"
_GIVES: Final = frozenset({"less", "return", "allowance", "refunded", "undo", "delivery"})
"""Verbs for those who may give money back."""
_OF_ORDERS: Final = _AMENDING | {"stage", "cancel", "cash", "upi", "refunded", "undo"}
"""Verbs that change an order."""


@dataclass
class Deeds:
    """One order, as the replay has it. Money is in paise."""

    order: Row
    stage: str | None = None
    """None: nobody has moved it since it was placed."""
    stages: list[str] = field(default_factory=list)
    """The stages that people moved it to."""
    by: list[str] = field(default_factory=list)
    paid: dict[str, int] = field(default_factory=dict)
    """What counts towards the total, by payment."""
    doubtful: bool = False
    """Whether money came that does not fit: then what is due is not looked at."""
    less: int = 0
    """Paise that amendments took off."""
    taken_out: Counter[str] = field(default_factory=Counter)
    """Pieces that amendments took out, by sku."""
    amendments: int = 0
    """How many of them the customer must hear of: not of notes, which are for the staff."""
    address: str = ""
    """Where the goods go, once somebody changed it."""
    hand: int = 0
    """How often a person took money."""
    undone: set[str] = field(default_factory=set)
    """Payments by hand that were recorded by mistake."""
    given: set[str] = field(default_factory=set)
    """Payments by hand of which a person gave something back."""
    delivery: str = ""
    """`held` once the goods were refused and their delivery is held, `decided` once a person has decided."""

    @property
    def lines(self) -> list[Any]:
        """`[sku, name, quantity, price, rate, hsn, discount, delivery]` of each line."""
        found: list[Any] = json.loads(self.order["lines"])
        return found

    @property
    def remaining(self) -> Counter[str]:
        """The pieces that are still in the order, by sku."""
        pieces = Counter({line[0]: line[2] for line in self.lines})
        pieces.subtract(self.taken_out)
        return +pieces

    @property
    def cost(self) -> int:
        """What the order costs now."""
        cost: int = self.order["total"] - self.less
        return cost

    @property
    def due(self) -> int:
        """What is missing to that."""
        return max(0, self.cost - sum(self.paid.values()))

    def worth(self, sku: str, pieces: int) -> int:
        """What the last `pieces` of a line that are still there are worth."""
        [line] = [line for line in self.lines if line[0] == sku]
        charged, quantity, left = line[2] * line[3] - line[6], line[2], self.remaining[sku]
        worth: int = charged * left // quantity - charged * (left - pieces) // quantity
        return worth


class Replay:
    """The replay of all events of one database, in the sequence in which they were stepped."""

    def __init__(self, orders: Mapping[str, Row], facts: list[Row], amendments: list[Row]) -> None:
        self.deeds = {key: Deeds(order) for key, order in orders.items()}
        self.gone: Counter[str] = Counter()
        """Pieces that nobody can sell any more although no order has them, by sku."""
        self.wrongs: list[str] = []
        self._facts: defaultdict[int, list[Row]] = defaultdict(list)
        self._amendments: defaultdict[int, list[Row]] = defaultdict(list)
        for fact in facts:
            self._facts[fact["learned_from"]].append(fact)
        for one in amendments:
            self._amendments[one["caused_by"]].append(one)

    def take(self, event: Row) -> None:
        """Replay one event."""
        body = json.loads(event["body"])
        deeds = self.deeds.get(body.get("order_key") or "") if event["kind"] == "staff" else None
        acted = deeds is not None and event["state"] == "applied"
        if deeds is not None and acted:
            self.wrongs += self._act(deeds, event["id"], body)
        for fact in self._facts[event["id"]]:
            self.wrongs += self._learn(fact, body if acted else {})
        for one in self._amendments[event["id"]]:
            if not acted or body["verb"] not in _AMENDING:
                self.wrongs.append(f"deeds: nobody asked for the amendment {one['key']}")

    def called_off(self, key: str, at: int) -> None:
        """The customer called the order off."""
        deeds = self.deeds[key]
        stage, placed_at = deeds.stage or "placed", deeds.order["placed_at"]
        if deeds.order["stage_by"] != "customer":
            self.wrongs.append(f"deeds: {key} was called off by {deeds.order['stage_by']} after its customer")
        if deeds.stage in _ENDED or stage == "out":
            self.wrongs.append(f"deeds: a customer called {key} off, which was {stage}")
        if deeds.paid and at - placed_at > CANCEL_WITHIN:
            self.wrongs.append(f"deeds: a customer called {key} off {at - placed_at} ms after placing it")
        self._end(deeds, "cancelled", "customer", None)

    def _end(self, deeds: Deeds, to: str, by: str, shelf: bool | None) -> None:
        """End an order whose goods are due, or that can still be paid."""
        usable = deeds.stage in (None, "placed", "accepted") or to == "refused"
        if not (usable if shelf is None else shelf):
            self.gone += deeds.remaining
        deeds.stage = to
        deeds.stages.append(to)
        deeds.by.append(by)

    def _act(self, deeds: Deeds, number: int, body: dict[str, Any]) -> Iterator[str]:
        """Do what the staff did, and yield what was not theirs to do."""
        verb, words, key = body["verb"], body["value"].split(), deeds.order["key"]
        stage, expected = deeds.stage or "placed", body["expected"]
        if verb not in _OF_ORDERS:
            return
        if expected and expected != stage:
            yield f"deeds: {body['by']} saw {key} as {expected}, it was {stage}, and '{verb}' counted"
        if not body["money"] and verb in _GIVES:
            yield f"deeds: {body['by']} may not give back money, and '{verb}' of {key} counted"
        ends = {"cancel": "cancelled", "refuse": "refused"}.get(verb) or (words[0] if verb == "stage" else "")
        if ends in ("cancelled", "refused"):
            yield from self._ended(deeds, ends, body, words)
            if _KEEP in words:
                yield from self._delivery_held(deeds, self._amendments[number])
        elif verb == "stage":
            yield from self._moved(deeds, words, number, body)
        elif verb in _ABOUT_GOODS:
            yield from self._amended(deeds, verb, words, number)
        elif verb == "delivery":
            yield from self._delivery(deeds, words[0], self._amendments[number])
        elif verb == "undo":
            yield from self._undone(deeds, number, words)
        elif verb in ("cash", "upi"):
            yield from self._paid_by_hand(deeds, number, _paise(words[0]) if words else deeds.due)

    def _ended(self, deeds: Deeds, to: str, body: dict[str, Any], words: list[str]) -> Iterator[str]:
        key, stage = deeds.order["key"], deeds.stage or "placed"
        if stage in _ENDED or (to == "refused" and stage != "out"):
            yield f"deeds: {body['by']} called {key} off, which was {stage}"
        if deeds.paid and not body["money"]:
            yield f"deeds: {body['by']} may not give back money, and called the paid {key} off"
        said = {"waste": False, "restock": True}
        shelf = next((said[word] for word in words if word in said), None)
        self._end(deeds, to, body["by"], shelf)

    @staticmethod
    def _delivery_held(deeds: Deeds, stored: list[Row]) -> Iterator[str]:
        """Of a paid order that is refused, only the delivery is still owed."""
        key, fee = deeds.order["key"], sum(line[7] for line in deeds.lines)
        if not deeds.paid:
            yield f"deeds: nothing was paid for {key}, and its delivery is kept"
        deeds.less += sum(one["amount"] for one in stored)
        if deeds.cost != min(fee, deeds.cost + sum(one["amount"] for one in stored)) and not deeds.doubtful:
            yield f"deeds: the delivery of {key} costs {fee}, and {deeds.cost} is kept"
        deeds.delivery = "held"

    @staticmethod
    def _delivery(deeds: Deeds, word: str, stored: list[Row]) -> Iterator[str]:
        """A person decides about the delivery: kept, it is still owed; given back, nothing is."""
        key = deeds.order["key"]
        again = deeds.delivery == "decided" and word == "keep"
        if not deeds.delivery or again or len(stored) != 1:
            yield f"deeds: 'delivery {word}' of {key} counted, which is {deeds.delivery or 'not refused'}"
            return
        amount = deeds.cost if word == "refund" else 0
        if stored[0]["amount"] != amount:
            yield f"deeds: 'delivery {word}' of {key} takes {stored[0]['amount']} off, not {amount}"
        deeds.less += stored[0]["amount"]
        deeds.amendments += bool(amount)
        deeds.delivery = "decided"

    def _undone(self, deeds: Deeds, number: int, words: list[str]) -> Iterator[str]:
        """A payment by hand was a mistake: what it paid for is owed again."""
        key = deeds.order["key"]
        meant = f"hand-{key}-{words[0] if words else 1}"
        stored = [fact["entity_id"] for fact in self._facts[number] if fact["state"] == "undone"]
        if stored != [meant] or (not words and deeds.hand > 1):
            yield f"deeds: '{' '.join(['undo', *words])}' of {key} undid {stored}"
        if meant in deeds.given | deeds.undone or meant not in deeds.paid:
            yield f"deeds: {meant} was undone, and it was given back or never taken"
        deeds.undone.add(meant)
        deeds.paid.pop(meant, None)

    def _moved(self, deeds: Deeds, words: list[str], number: int, body: dict[str, Any]) -> Iterator[str]:
        key, stage, to = deeds.order["key"], deeds.stage or "placed", words[0]
        if to == "ready" and json.loads(deeds.order["destination"])["how"] == "pickup":
            to = "out"  # the shop has no stage ready, and a button of that name for what is fetched
        if to == "delivered" and body.get("elsewhere") and deeds.due:
            to = "out"  # nobody there says how it was paid
        if stage in _ENDED or LADDER.index(to) <= LADDER.index(stage):
            yield f"deeds: {key} went from {stage} to {to}"
        settled = words[1:] and words[1] in ("cash", "upi")
        if to == "delivered" and deeds.due and not words[1:] and not deeds.doubtful:
            yield f"deeds: {key} was delivered, {deeds.due} is due, and nobody said how it is paid"
        if to == "delivered" and settled and (words[2:] or deeds.due):
            yield from self._paid_by_hand(deeds, number, _paise(words[2]) if words[2:] else deeds.due)
        deeds.stage = to
        deeds.stages.append(to)
        deeds.by.append(body["by"])

    def _amended(self, deeds: Deeds, verb: str, words: list[str], number: int) -> Iterator[str]:
        key, stored = deeds.order["key"], self._amendments[number]
        pieces = int(words[1]) if verb in ("less", "return") else 0
        every_piece = bool(pieces) and deeds.remaining == Counter({words[0]: pieces})
        shelf = "waste" not in words[2:3] + words[-1:]
        if verb == "less" and every_piece and not stored:
            self._end(deeds, "cancelled", "staff", shelf)
            return
        if len(stored) != 1:
            yield f"deeds: '{verb}' left {len(stored)} amendments of {key}"
            return
        [one] = stored
        if pieces:
            worth = min(deeds.worth(words[0], pieces), deeds.cost)
            if (one["sku"], one["pieces"], one["amount"]) != (words[0], pieces, worth):
                yield f"deeds: {pieces} of {words[0]} of {key} are worth {worth}, not {one['amount']}"
            deeds.taken_out[words[0]] += pieces
            if not shelf:
                self.gone[words[0]] += pieces
        elif verb == "allowance" and one["amount"] != _paise(words[0]):
            yield f"deeds: {words[0]} rupees less for {key} are stored as {one['amount']}"
        deeds.less += one["amount"]
        to = json.loads(one["destination"] or "{}").get("address", "")
        before = deeds.address or json.loads(deeds.order["destination"]).get("address", "")
        deeds.address = to or before
        deeds.amendments += bool(one["amount"] or one["pieces"] or deeds.address != before)
        if verb == "return" and every_piece:
            deeds.stage = "returned"
            deeds.stages.append("returned")
            deeds.by.append("staff")

    def _paid_by_hand(self, deeds: Deeds, number: int, amount: int) -> Iterator[str]:
        hands = [fact for fact in self._facts[number] if fact["entity_id"].startswith("hand-")]
        if [fact["amount"] for fact in hands] != [amount] and not deeds.doubtful:
            stored = [fact["amount"] for fact in hands]
            yield f"deeds: {amount} were taken for {deeds.order['key']}, and {stored} stored"
        deeds.hand += 1

    def _learn(self, fact: Row, body: dict[str, Any]) -> Iterator[str]:
        deeds, detail = self.deeds[fact["order_key"]], json.loads(fact["detail"])
        by_hand = fact["entity_id"].startswith("hand-")
        takes = body.get("verb") in ("cash", "upi") or body.get("value", "").split()[1:2] in (
            ["cash"],
            ["upi"],
        )
        if fact["entity"] == "refund" and detail.get("payment_id", "").startswith("hand-"):
            deeds.given.add(detail["payment_id"])
        if fact["entity"] == "payment" and by_hand and not takes and fact["state"] != "undone":
            yield f"deeds: nobody took the money of {fact['entity_id']}"
        if fact["entity"] == "payment" and fact["state"] in ("captured", "confirmed"):
            fits = fact["currency"] == "INR" and not detail.get("mismatch")
            deeds.doubtful = deeds.doubtful or not fits
            if fits:
                deeds.paid[fact["entity_id"]] = fact["amount"] - detail.get("on_top", 0)


def _paise(rupees: str) -> int:
    return round(float(rupees) * 100)
