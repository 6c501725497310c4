"""Which messages newer ones supersede: answers, and never what is said of money or an order."""

import pytest

from flows.engine.effects import Say
from flows.engine.model import Flow
from flows.messages.kinds import Text
from payments.processing.answers import ANY, topic
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind
from payments.shop.staff import Staff
from payments.simulator.simulator import Simulator
from tests.builders import attempt, order_state
from tests.payments.memory_shop import MemoryShop

LINKED = order_state(attempts=(attempt(),))
URL = str(LINKED.attempts[0].short_url)


class Noting(Simulator):
    """A simulated chat that notes the topic of each message, by its name in the flow."""

    topics: dict[str, list[str | None]]

    def _keep(self, changes: ChangeSet) -> None:
        super()._keep(changes)
        for said in changes.messages:
            vars(self).setdefault("topics", {}).setdefault(said.value.name, []).append(said.value.topic)


def test_a_whole_purchase(shop_flow: Flow) -> None:
    chat = Noting(shop_flow)
    chat.write("hi")
    chat.tap("Masala chai 250 g")
    chat.tap("Proceed to Checkout")
    chat.tap("Confirm order")
    chat.write("pay")
    chat.write("status")
    chat.pay()
    chat.write("status")
    chat.write("menu")
    chat.tap("Ginger chai 250 g")
    chat.tap("Proceed to Checkout")
    chat.tap("Confirm order")
    chat.write("cancel")
    answers = ("products", "cart", "summary")
    assert [chat.topics[name][:2] for name in answers] == [[ANY] * 2] * 3
    assert chat.topics["complete_payment"] == [None] * 2, "Razorpay's answer caused it"
    shown = [one for topics in chat.topics.values() for one in topics if one not in (None, ANY)]
    assert [str(one).partition("://")[0] for one in shown] == ["link https"], "the link, asked for again"
    assert chat.topics["payment_successful"] == [None]
    assert chat.topics["products"][2:] == [None], "it comes with the end of the order"


@pytest.mark.parametrize("kind", EventKind)
def test_only_an_answer_that_changes_no_order_has_a_topic(kind: EventKind) -> None:
    answer, link = Say("m", Text("hello")), Say("m", Text(f"pay here: {URL}"))
    asked = kind in (EventKind.CHAT, EventKind.REQUEST)
    assert topic(answer, kind, [LINKED], about_order=False) == (ANY if asked else None)
    assert topic(link, kind, [LINKED], about_order=False) == (f"link {URL}" if asked else None)
    assert topic(answer, kind, [LINKED], about_order=True) is None
    assert topic(Say("m", Text("buy"), offer=True), kind, [], about_order=False) is None


def test_what_one_of_the_staff_is_answered_is_always_sent(store: MemoryShop) -> None:
    hi = (EventKind.CHAT, {"event": {"kind": "text", "text": "hi"}})
    assert {said.topic for said in store.take(hi).messages} == {ANY}
    store.staff = {"c-1": Staff("Asha", "+919812345601", frozenset())}
    assert {said.topic for said in store.take(hi).messages} == {None}
