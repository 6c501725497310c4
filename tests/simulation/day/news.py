"""Each piece of news is said once, to whom it is for, and to nobody else; and it arrives."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from payments.ledger.state import OrderState
from tests.simulation.checker import Row
from tests.simulation.day.deeds import Deeds
from tests.simulation.day.setting import QUIET, STAFF

if TYPE_CHECKING:
    from tests.simulation.day.books import DayBooks

_NUMBER: Final = re.compile(r"#(\d+)")
_OF_STAGES: Final = {"accepted": "accepted", "out": "on_its_way", "delivered": "delivered"}
"""Stage → the message that the flow has for it."""
_PERSON: Final = frozenset({"person"})
OFFER: Final = "something_new"
"""The message of the flow that is sent to many."""
_BACK: Final = frozenset({"menu", "bot"})
_NOW: Final = frozenset({"stop", "offers", "cancel order", "delete my data"})
"""What the bot does all the same while a person has the chat."""


class News:
    """The messages of one day, by the order that they are about."""

    def __init__(self, books: "DayBooks") -> None:
        self._books = books
        self._chats = books.rows("SELECT * FROM outbox WHERE lane = 'chat'")
        owners = {row["value"]: row["conversation_id"] for row in books.rows("SELECT * FROM alias")}
        self._staff = {owners[phone]: phone for phone in STAFF}
        """Conversation → phone number, of each of the staff."""
        self._said: defaultdict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
        """Order number → (message, conversation) → how often it was said."""
        for row in self._chats:
            if found := _NUMBER.search(_words(json.loads(row["payload"]))):
                self._said[found[1]][row["name"], books.current(row["conversation_id"])] += 1

    def wrongs(self) -> Iterator[str]:
        """Yield what was not said, or said too often, or did not arrive."""
        for key, order in self._books.orders.items():
            yield from self._of_order(key, order)
        yield from self._arrived()
        yield from self._stops()
        yield from self._handovers()
        yield from self._offers()

    def _of_order(self, key: str, order: Row) -> Iterator[str]:
        deeds, customer = self._books.replay.deeds[key], order["conversation_id"]
        said = self._said[order["number"]]
        promised, fulfilled = self._promised(key), self._became(key, "fulfilled")
        paid_online, by_hand = self._paid_how(key) if fulfilled else (False, False)
        wanted = {
            **{name: deeds.stages.count(stage) for stage, name in _OF_STAGES.items()},
            "called_off": deeds.by.count("customer"),
            "amended": deeds.amendments,
            "cash_order": promised,
            "payment_successful": int(paid_online),
            "receipt": int(by_hand),
        }
        if deeds.undone:  # what was told of a slip, and of what pays in its place, has no fixed number
            del wanted["receipt"]
        told = {"new_order": promised + int(paid_online)}
        if "customer" in deeds.by and not (promised or fulfilled):
            # Paid and called off in one step: which came first, the step does not show.
            del wanted["payment_successful"]
            told.clear()
        if customer in self._books.forgotten:  # who was forgotten hears no more of what comes after
            wanted = {name: min(times, said[name, customer]) for name, times in wanted.items()}
            del wanted["amended"]  # a new address is not known any more
        for name, times in wanted.items():
            if said[name, customer] != times:
                yield f"INV4: '{name}' of {key} was said {said[name, customer]} times, not {times}"
        yield from self._ended(key, customer, deeds)
        for staff in self._staff:
            for name, times in told.items():
                if said[name, staff] != times:
                    who = self._staff[staff]
                    yield f"told: '{name}' of {key} was told to {who} {said[name, staff]} times, not {times}"
        for (name, conversation), _ in said.items():
            # Who writes to the staff of an order is one of them.
            if conversation not in (customer, *self._staff) and name not in ("from a customer",):
                yield f"told: conversation {conversation} was told '{name}' of {key}"

    def _promised(self, key: str) -> int:
        """Return how often cash was promised. What is owed again after a slip was promised before."""
        changes = ((entry.before.get(key), entry.after.get(key)) for entry in self._books.entries)
        came = (
            before.lifecycle if before else ""
            for before, after in changes
            if after and after.lifecycle == "promised"
        )
        return sum(1 for was in came if was not in ("promised", "fulfilled"))

    def _became(self, key: str, lifecycle: str) -> int:
        return sum(1 for _ in self._turns(key, lifecycle))

    def _turns(self, key: str, lifecycle: str) -> Iterator[OrderState]:
        """Yield the order each time that it became this."""
        for entry in self._books.entries:
            before, after = entry.before.get(key), entry.after.get(key)
            if after and after.lifecycle == lifecycle and (not before or before.lifecycle != lifecycle):
                yield after

    def _paid_how(self, key: str) -> tuple[bool, bool]:
        """Return whether the order became fulfilled by money from Razorpay alone, or with money by hand."""
        for after in self._turns(key, "fulfilled"):
            ids = {f.entity_id for f in after.facts if f.entity == "payment" and f.state == "captured"}
            hand = any(id.startswith("hand-") for id in ids)
            return bool(ids) and not hand, hand
        return False, False

    def _ended(self, key: str, customer: int, deeds: Deeds) -> Iterator[str]:
        """Who ends an order says so, by the stage or by what becomes of the money."""
        said = self._said[self._books.orders[key]["number"]]
        by_staff = deeds.stage in ("cancelled", "refused") and "customer" not in deeds.by
        off = said["order_off", customer] + said["paid_order_off", customer]
        returned = said["payment_returned", customer]
        unheard = by_staff and off + returned == 0 and customer not in self._books.forgotten
        if off > by_staff or unheard:
            yield f"INV4: the end of {key} ({deeds.stage}) was said {off} times, its refund {returned} times"
        if returned and self._books.orders[key]["lifecycle"] != "returned":
            yield f"INV5: {key} is {self._books.orders[key]['lifecycle']}, and its money is said to go back"

    def _arrived(self) -> Iterator[str]:
        """Each message that counts as sent was received, and once but for sends whose answer was lost."""
        meta = self._books.meta
        received = Counter(message.entry for message in meta.log)
        earlier = {message.entry for message in meta.lost}
        for row in self._chats:
            id, times = row["id"], received[row["id"]]
            if times > 1 + meta.ambiguous[id]:
                yield f"INV4: message {id} ({row['name']}) was sent {times} times"
            lost = row["receipt"] == "failed" or id in meta.bounced or id in meta.undeliverable
            if row["state"] == "done" and not times and not lost and id not in earlier:
                yield f"INV4: message {id} ({row['name']}) counts as sent, and nobody got it"

    def _stops(self) -> Iterator[str]:
        """After a stop nothing is said that nobody asked for, but for money and orders."""
        wants: dict[int, bool] = {}
        reminders: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self._chats:
            event = self._books.events.get(row["caused_by"])
            # What the staff are told of a customer is in another conversation.
            by_time = event is not None and event["kind"] in ("timer", "handover")
            own = event is not None and row["conversation_id"] == event["conversation_id"]
            if row["urgency"] == 1 or (own and by_time):
                reminders[row["caused_by"]].append(row)
        for event in self._stepped():
            customer = self._books.current(event["conversation_id"])
            for row in reminders[event["id"]]:
                if wants.get(customer, True) is False and customer not in self._merged:
                    yield f"quiet: customer {customer} stopped, and '{row['name']}' was said"
            words = _text_of(event)
            if words in ("stop", "offers") and f'"{words}"' in (event["trace"] or ""):
                wants[customer] = words != "stop"

    def _offers(self) -> Iterator[str]:
        """An offer goes once to who asked for offers last, and to nobody else. A day has one broadcast."""
        offers = [row for row in self._chats if row["name"] == OFFER]
        said = Counter(row["caused_by"] for row in offers)
        joined = Counter(self._books.joined_into.values())
        got = Counter(self._books.current(row["conversation_id"]) for row in offers)
        for customer, times in got.items():
            # Who was two customers when it was sent has it as both.
            if times > 1 + joined[customer]:
                yield f"offers: customer {customer} got {times} of one offer"
        wants: dict[int, bool] = {}
        for event in self._stepped():
            customer = self._books.current(event["conversation_id"])
            words, times = _text_of(event), said[event["id"]]
            if words in ("stop", "offers") and f'"{words}"' in (event["trace"] or ""):
                wants[customer] = words == "offers"
            asked = wants.get(customer, False)
            if times and not asked and customer not in self._merged:
                yield f"offers: customer {customer}, who did not ask for offers, got one"
            if event["kind"] == "offer" and not times and '"broadcast"' not in (event["trace"] or ""):
                yield f"offers: customer {customer} was to get one, and no trace says why they did not"

    @property
    def _merged(self) -> set[int]:
        return set(self._books.joined_into.values())

    def _stepped(self) -> Iterator[Row]:
        for entry in self._books.entries:
            yield from (self._books.events[number] for number in entry.numbers)

    def _handovers(self) -> Iterator[str]:
        """While a person has a chat, the bot answers no text in it; after long silence it has it again."""
        answers: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self._chats:
            answers[row["caused_by"]].append(row)
        since: dict[int, int] = {}
        """Customer → when somebody last wrote, for those whose chat a person has."""
        for event in self._stepped():
            customer, at = event["conversation_id"], event["handled_at"]
            if customer in self._merged or customer in self._staff:
                continue
            words = _text_of(event)
            if customer in since and words is not None:
                if words in _BACK:
                    del since[customer]
                    continue
                own = [row["name"] for row in answers[event["id"]] if row["conversation_id"] == customer]
                to_staff = [row for row in answers[event["id"]] if row["name"] == "from a customer"]
                if own and words not in _NOW:
                    yield f"handover: event {event['id']} of customer {customer} was answered by {own}"
                if len(to_staff) != 1:
                    yield f"handover: event {event['id']} was told to {len(to_staff)} people"
                since[customer] = at
            elif words in _PERSON and '"handover"' in (event["trace"] or ""):
                since[customer] = at
            elif event["kind"] in ("staff", "handover", "forget"):
                self._by_people(event, customer, since)
        now = self._books.meta.now()
        for customer, last in since.items():
            if now - last > 2 * QUIET:
                yield f"handover: nobody wrote in the chat of {customer} for {now - last} ms"

    @staticmethod
    def _by_people(event: Row, customer: int, since: dict[int, int]) -> None:
        verb, trace = json.loads(event["body"]).get("verb"), event["trace"] or ""
        forgotten = event["kind"] == "forget" and event["state"] == "applied"
        if verb in ("reply", "handover", "wrote") and '"refused"' not in trace:
            since[customer] = event["handled_at"]
        elif forgotten or ('"event":"handover"' in trace.replace(" ", "") and '"ended"' in trace):
            since.pop(customer, None)


def _text_of(event: Row) -> str | None:
    """Return the words of a text message in lower case; None of any other event."""
    if event["kind"] != "chat":
        return None
    said: dict[str, Any] = json.loads(event["body"])["event"]
    return said["text"].strip().lower() if said["kind"] == "text" else None


def _words(payload: dict[str, Any]) -> str:
    """Return the text of a message as it is stored."""
    return next((str(payload[key]) for key in ("body", "text", "caption") if payload.get(key)), "")
