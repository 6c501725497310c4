"""The database in small, and the events that wait in it, for the tests of `advance`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.events import Event, Tapped, TextReceived
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger import facts as fact_values
from payments.ledger.balance import Verdict
from payments.ledger.facts import Fact
from payments.ledger.state import OrderState
from payments.processing.advance import advance
from payments.processing.case import Advanced, Arrived, Case, Kind, Outcome
from payments.shop import stock
from payments.shop.actions import SHOP
from payments.shop.orders import AttemptStatus
from storage.inbox.cases import _order_keys

NOW: Final = 1_800_000_000_000
Body = Mapping[str, Any]


def repairing(text: str, repairs: str) -> Flow:
    """The shop of the flow file `text` with these repairs, written as in the file."""
    start, end = text.index("  repairs:"), text.index("  products:")
    return load(f"{text[:start]}  repairs: {{{repairs}}}\n{text[end:]}", "flows.yaml", SHOP)


class Store:
    """The database in small: what is written is what the next case loads."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.conversation = flow, Conversation("c-1", customer={"name": "Asha"})
        self.orders: dict[str, OrderState] = {}
        self.left: Mapping[str, int] = flow.sections["shop"].counted
        self.account: str | None = None
        self.said: list[str] = []
        self.reserved: Counter[str] = Counter()
        """Pieces of each counted product that orders hold."""
        self.last = Advanced(self.conversation, ())
        self.nonce = ""
        """Keys are easier to read without random letters."""
        self._number = 0

    def take(self, *arrivals: tuple[Kind, Body], now: int = NOW) -> Advanced:
        """All `arrivals` in one case."""
        arrived = []
        for kind, body in arrivals:
            self._number += 1
            arrived.append(Arrived(self._number, kind, body, now))
        named = {key for event in arrived for key in _order_keys(event)} | {self._current}
        orders = {key: state for key, state in self.orders.items() if key in named}
        case = Case(self.conversation, tuple(arrived), self.nonce, orders, self.left, self.account)
        self.last = done = advance(self.flow, case, now)
        self.conversation = done.conversation
        self.said += [say.name for say in done.sends]
        for order in done.orders:
            self.orders[order.key] = OrderState(order, (), Verdict.UNPAID, ())
        for fact in done.facts:
            self.change(fact.order_key, facts=(*self.orders[fact.order_key].facts, fact))
        for attempt in done.attempts:
            others = [a for a in self.orders[attempt.order_key].attempts if a.ordinal != attempt.ordinal]
            self.change(attempt.order_key, attempts=(*others, attempt))
        for refund in done.refunds:
            rest = [r for r in self.orders[refund.order_key].refunds if r.key != refund.key]
            self.change(refund.order_key, refunds=(*rest, refund))
        for settled in done.settled:
            names = ("verdict", "standing", "fulfilled", "held", "held_for")
            self.change(settled.order.key, **{name: getattr(settled, name) for name in names})
        self.left = stock.after(self.left, done.moves)
        for move in done.moves:
            self.reserved[move.sku] += move.reserved
        self.account = done.account or self.account
        return done

    @property
    def _current(self) -> str | None:
        return (self.conversation.data.get("order") or {}).get("key")

    def change(self, key: str, **changes: Any) -> None:
        self.orders[key] = replace(self.orders[key], **changes)

    def order(self) -> str:
        """Buy one packet; the key of the order, whose link is still being made."""
        self.take(chat(TextReceived("hi")), chat(Tapped("c-1.0|add|masala-250")))
        self.take(chat(TextReceived("checkout")), chat(TextReceived("yes")))
        assert self.conversation.state == "awaiting_payment"
        return str(self.conversation.data["order"]["key"])

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
        return [handled.outcome for handled in self.last.handled]


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
