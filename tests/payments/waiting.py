"""The database in small, and the events that wait in it, for the tests of `advance`."""

from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final

from bot.whatsapp.limits import LIMITS
from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.events import Event, Tapped, TextReceived
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger import facts as fact_values
from payments.ledger.facts import Fact
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, Outcome, values
from payments.processing.memory import MemoryStore
from payments.processing.shop_state import order_key_in
from payments.processing.step_input import InboxEvent, Kind
from payments.shop import cart
from payments.shop.cart import Cart
from payments.shop.orders import Attempt, AttemptStatus
from tests.payments.done import Done

NOW: Final = 1_800_000_000_000
Body = Mapping[str, Any]


def repairing(text: str, repairs: str) -> Flow:
    """The shop of the flow file `text` with these repairs, written as in the file."""
    start, end = text.index("  repairs:"), text.index("  products:")
    return load(f"{text[:start]}  repairs: {{{repairs}}}\n{text[end:]}", "flows.yaml", SHOP, limits=LIMITS)


class Store(MemoryStore):
    """A shop's memory, with what is due fed to `advance` by hand."""

    def __init__(self, flow: Flow) -> None:
        asha = Conversation("c-1", customer={"name": "Asha"})
        super().__init__(flow.sections["shop"].counted, {asha.id: asha})
        self.flow = flow
        self.reserved: Counter[str] = Counter()
        """Pieces of each counted product that orders hold."""
        self.last = Done(ChangeSet(self.conversation))
        self.nonce = ""
        """Keys are easier to read without random letters."""
        self._number = 0

    def take(self, *arrivals: tuple[Kind, Body], now: int = NOW) -> Done:
        """All `arrivals` in one step."""
        events = []
        for kind, body in arrivals:
            self._number += 1
            events.append(InboxEvent(self._number, kind, body, now))
        changes = advance(self.flow, self.given("c-1", events, self.nonce), now)
        self.save(changes)
        for move in changes.moves:
            self.reserved[move.sku] += move.reserved
        self.last = Done(changes)
        return self.last

    def twin(self) -> "Store":
        """The same shop at the same moment, which goes its own way and has said nothing yet."""
        twin = copy(self)
        twin.conversations, twin.orders = dict(self.conversations), dict(self.orders)
        twin.results, twin.timers, twin.polls = dict(self.results), dict(self.timers), set(self.polls)
        twin.notices, twin.calls, twin.messages = dict(self.notices), list(self.calls), []
        twin.reserved = Counter(self.reserved)
        return twin

    @property
    def said(self) -> list[str]:
        return [say.name for say in values(self.messages)]

    @property
    def conversation(self) -> Conversation:
        return self.conversations["c-1"]

    @conversation.setter
    def conversation(self, conversation: Conversation) -> None:
        self.conversations["c-1"] = conversation

    @property
    def current(self) -> str:
        """The key of the order that the chat is about; empty if there is none."""
        return order_key_in(self.conversation.data) or ""

    @property
    def order_state(self) -> OrderState:
        """The order that the chat is about."""
        return self.orders[self.current]

    @property
    def cart(self) -> Cart:
        return cart.from_json(self.conversation.data.get("cart", ()))

    @property
    def link(self) -> Attempt:
        """The link that the customer has or waits for."""
        assert self.order_state.link
        return self.order_state.link

    @property
    def earlier_links(self) -> tuple[str, ...]:
        return tuple(self.conversation.data.get("earlier_links", ()))

    def change(self, key: str, **changes: Any) -> None:
        self.orders[key] = replace(self.orders[key], **changes)

    def order(self) -> str:
        """Buy one packet; the key of the order, whose link is still being made."""
        self.take(chat(TextReceived("hi")), chat(Tapped("c-1.0|add|masala-250")))
        self.take(chat(TextReceived("checkout")), chat(TextReceived("yes")))
        assert self.conversation.state == "awaiting_payment"
        return self.current

    def order_with_link(self) -> str:
        key = self.order()
        self.take(created(f"{key}.1"))
        return key

    def order_with_link_again(self) -> str:
        """A second packet, and an order of both."""
        key = self.order()
        self.take(withdrawn(f"{key[:-1]}{int(key[-1]) - 1}.1"))
        self.take(created(f"{key}.1"))
        return key

    def status(self, key: str, ordinal: int = 1) -> AttemptStatus:
        return next(a.status for a in self.orders[key].attempts if a.ordinal == ordinal)

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in self.last.results]


def chat(event: Event, name: str = "Asha") -> tuple[Kind, Body]:
    return Kind.CHAT, {"event": events.to_json(event), "name": name}


def created(reference: str) -> tuple[Kind, Body]:
    fields = {
        "reference_id": reference,
        "link_id": f"plink_{reference}",
        "short_url": f"https://rzp.io/{reference}",
    }
    return Kind.RESULT, {"name": "payment_link.created", "fields": {**fields, "status": "created"}}


def refused(reference: str) -> tuple[Kind, Body]:
    return Kind.RESULT, {
        "name": "payment_link.refused",
        "fields": {"reference_id": reference, "reason": "no"},
    }


def kept(reference: str) -> tuple[Kind, Body]:
    fields = {"reference_id": reference, "reason": "words that nobody knows"}
    return Kind.RESULT, {"name": "payment_link.kept", "fields": fields}


def fetched(reference: str, *told: Fact, asked: bool = False) -> tuple[Kind, Body]:
    values = [fact_values.to_json(fact) for fact in told]
    fields = {"reference_id": reference, "facts": values, "problems": [], "asked": asked}
    return Kind.RESULT, {"name": "payments.fetched", "fields": fields}


def withdrawn(reference: str, status: str = "cancelled") -> tuple[Kind, Body]:
    return Kind.RESULT, {
        "name": "payment_link.withdrawn",
        "fields": {"reference_id": reference, "link_id": f"plink_{reference}", "status": status},
    }


def facts(*told: Fact) -> tuple[Kind, Body]:
    return Kind.FACTS, {"order_key": told[0].order_key, "facts": [fact_values.to_json(fact) for fact in told]}


def payment(
    key: str,
    state: str,
    amount: int = 18_000,
    id: str = "pay_1",
    currency: str = "INR",
    ordinal: int = 1,
) -> Fact:
    detail = {"method": "upi", "error_description": "Declined", "link": f"plink_{key}.{ordinal}"}
    return Fact(key, "payment", id, state, amount, currency, 0, detail)


def link(key: str, state: str, ordinal: int = 1) -> Fact:
    return Fact(key, "payment_link", f"plink_{key}.{ordinal}", state, 18_000, "INR", 0)


def success(key: str) -> list[tuple[Kind, Body]]:
    """What Razorpay sends when a link is paid: four events, which overlap in what they say."""
    authorised, captured = payment(key, "authorized"), payment(key, "captured")
    order = Fact(key, "order", "order_1", "paid", 18_000, "INR", 0)
    return [
        facts(authorised),
        facts(captured),
        facts(captured, order),
        facts(captured, order, link(key, "paid")),
    ]
