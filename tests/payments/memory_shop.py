"""A shop in memory, whose inbox events a test feeds to `advance` by hand."""

import re
from collections import Counter
from copy import copy
from dataclasses import replace
from typing import Any, Final

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.events import Tapped
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, Outcome, values
from payments.processing.conversation_data import order_key_in
from payments.processing.memory import MemoryStore
from payments.processing.step_input import InboxEvent
from payments.shop import cart
from payments.shop.cart import Cart
from payments.shop.orders import Attempt, AttemptStatus
from tests.builders import (
    PACKET,
    InboxBody,
    chat,
    fact,
    link_created,
    link_of,
    link_withdrawn,
    payment_of,
    webhook,
)
from tests.payments.change_set_view import ChangeSetView

NOW: Final = 1_800_000_000_000


def flow_with_repairs(text: str, repairs: str) -> Flow:
    """The flow of the file `text` with these `repairs:`, written as in the file."""
    return load(with_repairs(text, repairs), "flows.yaml", SHOP, limits=LIMITS)


def with_repairs(text: str, repairs: str) -> str:
    """The flow file `text` with these `repairs:`, written as in the file."""
    changed, count = re.subn(r"(?m)^  repairs:.*\n(    .*\n)*", f"  repairs: {{{repairs}}}\n", text)
    assert count == 1
    return changed


class MemoryShop(MemoryStore):
    """One customer of the shop, who has not written yet."""

    def __init__(self, flow: Flow) -> None:
        asha = Conversation("c-1", customer={"name": "Asha"})
        super().__init__(flow.sections["shop"].counted, conversations={asha.id: asha})
        self.flow = flow
        self.reserved: Counter[str] = Counter()
        """Pieces of each counted product that orders hold."""
        self.last = ChangeSetView(ChangeSet(self.conversation))
        self.nonce = ""
        """Keys are easier to read without random letters."""
        self._number = 0

    def take(self, *arrivals: InboxBody, now: int = NOW) -> ChangeSetView:
        """Run one step with all `arrivals`."""
        events = []
        for kind, body in arrivals:
            self._number += 1
            events.append(InboxEvent(self._number, kind, body, now))
        changes = advance(self.flow, self.given("c-1", events, self.nonce), now)
        self.save(changes)
        for move in changes.moves:
            self.reserved[move.sku] += move.reserved
        self.last = ChangeSetView(changes)
        return self.last

    def twin(self) -> "MemoryShop":
        """An independent copy of the shop, without the messages sent so far."""
        twin = copy(self)
        twin.conversations, twin.orders = dict(self.conversations), dict(self.orders)
        twin.results, twin.timers, twin.polls = dict(self.results), dict(self.timers), set(self.polls)
        twin.notices, twin.calls, twin.messages = dict(self.notices), list(self.calls), []
        twin.reserved = Counter(self.reserved)
        return twin

    @property
    def said(self) -> list[str]:
        """The names of all messages sent, oldest first."""
        return [say.name for say in values(self.messages)]

    @property
    def conversation(self) -> Conversation:
        """The conversation of the customer."""
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
        """Replace fields of an order's state."""
        self.orders[key] = replace(self.orders[key], **changes)

    def order(self) -> str:
        """Buy one packet. Return the key of the order, whose link is still being made."""
        self.take(chat("hi"), chat(Tapped("c-1.0|add|masala-250")))
        self.take(chat("checkout"), chat("yes"))
        assert self.conversation.state == "awaiting_payment"
        return self.current

    def order_with_link(self) -> str:
        """Buy one packet. Return the key of the order, whose link is made."""
        key = self.order()
        self.take(link_created(f"{key}.1"))
        return key

    def order_with_link_again(self) -> str:
        """Buy a second packet: an order of both, in place of the first. Return its key."""
        key = self.order()
        self.take(link_withdrawn(f"{key[:-1]}{int(key[-1]) - 1}.1"))
        self.take(link_created(f"{key}.1"))
        return key

    def status(self, key: str, ordinal: int = 1) -> AttemptStatus:
        """The status of one link of an order."""
        return next(a.status for a in self.orders[key].attempts if a.ordinal == ordinal)

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each event of the last step."""
        return [result.outcome for result in self.last.results]


def success_webhooks(key: str) -> list[InboxBody]:
    """What Razorpay sends when a link is paid: four webhooks, whose facts overlap."""
    authorised, captured = payment_of(key, "authorized"), payment_of(key, "captured")
    order = fact("order", "paid", "order_1", PACKET, order_key=key)
    return [
        webhook(authorised),
        webhook(captured),
        webhook(captured, order),
        webhook(captured, order, link_of(key, "paid")),
    ]
