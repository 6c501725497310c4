"""The shipped flow, with cash, answers every input wherever an order comes to, and only with true messages.

A breadth-first search over one order, on the real step: what the customer may do in each place, what
Razorpay may do, and time. Two places are the same if everything that rules and messages read is the same.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from operator import methodcaller
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.reader import read
from flows.engine.conversation import Talk
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Message
from payments.processing.actions import SHOP
from payments.processing.changes import ChangeSet, Outcome, values
from payments.shop.staff import Right, Staff
from payments.simulator.simulated_gateway import NothingToPay, Razorpay
from payments.simulator.simulator import Simulator
from tests.payments.message_claims import ALWAYS, SHOWN, WHEN, untruths

PLACES: Final = 600
"""Places after which the search ends. All statuses and states are among the first 300."""
LINKS: Final = 3
"""Most links of the order."""
PAYMENTS: Final = 2

Deeds = dict[str, Callable[["Watched"], list[Message]]]

BY_OTHERS: Final[Deeds] = {
    "pays": methodcaller("pay"),
    "pays a part": methodcaller("pay", 10_000),
    "pays too much": methodcaller("pay", 99_000),
    "pays in dollars": methodcaller("pay", 18_000, "USD"),
    "a payment fails": methodcaller("fail"),
    "the bank says yes": methodcaller("allow"),
    "the bank lets go": methodcaller("let_go"),
    "Razorpay is asked": methodcaller("poll"),
    "it settles late": methodcaller("settle_late"),
    "the refund is processed": methodcaller("refund", "processed"),
    "the refund fails": methodcaller("refund", "failed"),
    "it is refunded by hand": methodcaller("refund_in_dashboard"),
    "Meena accepts": methodcaller("staff_writes", "Meena", "#10001 accepted"),
    "Meena delivers, and takes cash": methodcaller("staff_writes", "Meena", "#10001 delivered cash"),
    "Meena calls it off": methodcaller("staff_writes", "Meena", "#10001 cancel"),
    "Meena makes it cheaper": methodcaller("staff_writes", "Meena", "#10001 allowance 10"),
    "the link is cancelled by hand": methodcaller("cancel_link"),
    **{f"Razorpay {how}": methodcaller("razorpay", how) for how in Razorpay},
    "15 s pass": methodcaller("wait", 15_000),
    "11 min pass": methodcaller("wait", 11 * 60_000),
    "26 min pass": methodcaller("wait", 26 * 60_000),
    "21 min pass without a server": methodcaller("be_down", 21 * 60_000),
    "3 h pass without a server": methodcaller("be_down", 180 * 60_000),
}


class Watched(Simulator):
    """A simulated chat that notes every message that is untrue when it is sent."""

    def __init__(self, flow: Flow) -> None:
        # Nobody may talk to customers: a person would answer in the bot's place, and doubles the places.
        meena = Staff("Meena", "+919812345671", frozenset({Right.ORDERS, Right.MONEY}))
        super().__init__(flow, staff=[meena])
        self.wrong: list[str] = []

    def _keep(self, changes: ChangeSet) -> None:
        super()._keep(changes)
        self.wrong += untruths(self.conversation, self.orders, changes)
        self.wrong += [str(done.error) for done in changes.results if done.outcome is Outcome.PARKED]
        if SHOWN & {say.name for say in values(changes.messages)} and not self._can_pay():
            self.wrong.append(f"asked to pay over no link: {changes.results}")

    def _can_pay(self) -> bool:
        return any(attempt.expires_at > self.now for _, attempt in self._open_links())

    def twin(self) -> "Watched":
        """An independent copy of the chat."""
        twin = copy.copy(self)
        twin.store = copy.copy(self.store)
        for kept in fields(self.store):
            setattr(twin.store, kept.name, copy.copy(getattr(self.store, kept.name)))
        twin.phones = replace(self.phones, told=[*self.phones.told])
        for name in ("_later", "_said", "_waiting", "_made", "_untold", "wrong"):
            setattr(twin, name, copy.copy(getattr(self, name)))
        twin.conversation = replace(self.conversation, talk=Talk())
        return twin

    @property
    def stands(self) -> str:
        """The order's payment status; empty if there is none."""
        return self.order.status if self.order else ""

    @property
    def link_comes(self) -> bool:
        """Whether Razorpay has yet to answer a request for a link."""
        return bool(self._waiting) and bool({"creating", "planned"} & set(self._attempts()))

    def _attempts(self) -> tuple[str, ...]:
        return tuple(str(a.status) for state in self.orders.values() for a in state.attempts)

    @property
    def far(self) -> bool:
        """Whether the search goes no further from here."""
        return len(self.orders) > 1 or len(self._attempts()) > LINKS or self._payments > PAYMENTS

    @property
    def place(self) -> tuple[object, ...]:
        """Everything that the next answer may depend on, except amounts and times."""
        chat, order = self.conversation, self.order
        link = order.link if order else None
        return (
            *(chat.state, chat.language, bool(chat.data.get("cart")), self.stands, order and order.lapsed),
            *(bool(link and link.short_url), link is not None and link.expires_at <= self.now),
            *((state.lifecycle, state.held_for, state.stage) for state in self.orders.values()),
            *(self._attempts(), self._razorpay, tuple(type(call).__name__ for call in self._waiting)),
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """One deed and its result."""

    before: Watched
    deed: str
    by_customer: bool
    after: Watched
    answer: list[Message]

    def __str__(self) -> str:
        return f"{self.deed}, in {self.before.place}"


def customers(flow: Flow) -> Deeds:
    """What a customer may do anywhere: one word of each trigger, each old button, and other input."""
    words = {trigger: word for state in flow.states.values() for word, trigger in state.words.items()}
    old = {rule.trigger for rule in flow.rules if "." not in rule.trigger} - {"otherwise", "stale"}
    return {
        **{f"writes {word}": methodcaller("write", word) for word in [*sorted(words.values()), "zzz"]},
        **{f"taps an old {name}": methodcaller("tap_reply", f"sim-1.0|{name}|") for name in sorted(old)},
        "sends a sticker": methodcaller("send", "sticker"),
    }


def offered(chat: Watched) -> Deeds:
    """The buttons and rows of the newest message."""
    newest = chat.said[-1].message.replies if chat.said else ()
    return {f"taps {reply.title}": methodcaller("tap_reply", reply.id) for reply in newest}


def explored(flow: Flow) -> Iterator[Edge]:
    start = Watched(flow)
    start.write("hi")
    start.tap("Masala chai 250 g")
    # From a paid order too: what may become of its money is far from an empty chat.
    paid = start.twin()
    paid.tap("Proceed to Checkout")
    paid.tap("Confirm order")
    paid.pay()
    anywhere, seen, ahead = customers(flow), {start.place, paid.place}, deque([start, paid])
    while ahead:
        chat = ahead.popleft()
        mine = anywhere | offered(chat)
        for name, deed in (mine | BY_OTHERS).items():
            after = chat.twin()
            try:
                answer = deed(after)
            except NothingToPay:
                continue
            yield Edge(chat, name, name in mine, after, answer)
            if after.place not in seen and len(seen) < PLACES and not after.far:
                seen.add(after.place)
                ahead.append(after)


@pytest.fixture(scope="module")
def with_cash(shop_text: str) -> Flow:
    """The shipped flow without the comment sign before `cash`."""
    return load(shop_text.replace("  # cash:", "  cash:"), "flows.yaml", SHOP, limits=LIMITS)


@pytest.fixture(scope="module")
def edges(with_cash: Flow) -> list[Edge]:
    return list(explored(with_cash))


def test_the_search_comes_everywhere(edges: list[Edge], shop_flow: Flow) -> None:
    assert {edge.before.stands for edge in edges} == ALWAYS
    leaves = {state.leaf for state in shop_flow.states.values()}
    unneeded = {"checkout.address", "checkout.time", "shelf", "which"}
    assert {edge.before.conversation.state for edge in edges} | unneeded == leaves


def test_nothing_is_said_that_is_not_so(edges: list[Edge]) -> None:
    wrong = {problem: edge for edge in edges for problem in edge.after.wrong}
    assert not wrong, "\n".join(f"{edge}: {problem}" for problem, edge in [*wrong.items()][:20])


def test_whatever_the_customer_does_is_answered_at_once_or_when_the_link_is_slow(edges: list[Edge]) -> None:
    silent = [edge for edge in edges if edge.by_customer and not edge.answer]
    assert silent, "the link that a customer asks for takes its time"
    for edge in silent:
        assert edge.after.link_comes, f"silence: {edge}"
        later = edge.after.twin()
        later.wait(15_000)
        assert len(later.said) > len(edge.after.said), f"silence, and 15 s later as well: {edge}"


def test_each_message_has_its_place_in_the_table(shop_flow: Flow) -> None:
    assert set(WHEN) == {*shop_flow.messages, "apology"}
    assert set(WHEN) > SHOWN


def test_what_may_come_a_day_after_the_customer_last_wrote_has_a_template(
    shop_flow: Flow, shop_text: str
) -> None:
    written = read(shop_text, "flows.yaml").data["messages"]
    late_news = ("payment", "refund.", "after ", "order.stage", "order.amended")
    news = [rule for rule in shop_flow.rules if rule.trigger.startswith(late_news)]
    assert len(news) > 30
    late = {name for rule in news if rule.trigger != "payment.asked_lately" for name in rule.reaction.say}
    late |= {name for rule in shop_flow.rules for name in rule.reaction.tell}
    late |= {name for state in ("paid", "failed") for name in shop_flow.states[state].enter.say}
    assert {name for name in late if "template" not in written[name]} == set()
