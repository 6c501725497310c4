"""Another conversation turns out to be the same customer's: one order and one link, and nothing is lost."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import conversation as conversations
from flows.engine.model import Flow
from flows.messages.kinds import Message
from payments.ledger.facts import Detail, FactState
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from payments.shop.orders import Lifecycle
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator

MASALA, GINGER = "Masala chai 250 g", "Ginger chai 250 g"


def chat(shop_flow: Flow, id: str = "sim-2") -> Simulator:
    return Simulator(shop_flow, id=id)


def buys(simulator: Simulator, title: str = MASALA) -> Simulator:
    simulator.write("hi")
    simulator.tap(title)
    simulator.tap("Proceed to Checkout")
    simulator.tap("Confirm order")
    return simulator


def join(mine: Simulator, other: Simulator, *, heard_last: bool = False) -> list[Message]:
    """Merge as the store does: orders are taken over, timers are not."""
    mine.store.orders |= other.orders
    mine.store.join(other.conversation.id, mine.conversation.id)
    mine.store.left = {sku: left - (12 - other.left[sku]) for sku, left in mine.left.items()}
    mine._waiting += other._waiting
    body: dict[str, Any] = {
        "conversation": other.conversation.id,
        "heard_last": heard_last,
        "snapshot": orjson.dumps(conversations.to_json(other.conversation)).decode(),
    }
    return mine._take(EventKind.JOINED, body)


def links(simulator: Simulator) -> list[str]:
    """The links that can be paid."""
    return [attempt.reference_id for state in simulator.orders.values() for attempt in state.payable]


def keys(simulator: Simulator) -> str:
    assert simulator.order
    return simulator.order.key


def earlier_links(simulator: Simulator) -> list[str]:
    """Links of earlier orders that must end before a new one is made."""
    return list(simulator.conversation.data.get("earlier_links", ()))


def test_of_two_open_orders_the_others_ends_and_its_goods_are_free(shop_flow: Flow) -> None:
    mine, other = buys(chat(shop_flow, "sim-1")), buys(chat(shop_flow), "Kulhad cups (6)")
    key = keys(mine)
    assert other.left["kulhad-6"] == 11
    assert join(mine, other) == [], "the customer did nothing, and hears nothing"
    assert (keys(mine), mine.orders[keys(other)].lifecycle) == (key, Lifecycle.LAPSED)
    assert mine.left["kulhad-6"] == 12
    assert [reference.rpartition(".")[0] for reference in links(mine)] == [key]
    assert mine.orders[key].lifecycle is Lifecycle.OPEN
    assert earlier_links(mine) == []
    assert mine.results[-1].outcome is Outcome.APPLIED


def test_who_asked_for_their_payment_in_the_other_chat_has_asked_lately(shop_flow: Flow) -> None:
    mine, other = chat(shop_flow, "sim-1"), buys(chat(shop_flow))
    other.razorpay(Razorpay.SLOW)
    other.write("i have paid")
    asked_at = other.conversation.data["asked_at"]
    join(mine, other)
    assert (keys(mine), mine.conversation.data["asked_at"]) == (keys(other), asked_at)


def test_while_the_others_link_can_be_paid_no_new_one_is_made(shop_flow: Flow) -> None:
    mine, other = buys(chat(shop_flow, "sim-1")), buys(chat(shop_flow))
    mine.razorpay(Razorpay.SLOW)
    join(mine, other)
    assert len(links(mine)) == 2, "both were made before anybody knew"
    mine.write("menu")
    mine.tap(GINGER)
    mine.tap("Proceed to Checkout")
    mine.tap("Confirm order")
    newest = keys(mine)
    assert not [reference for reference in links(mine) if reference.startswith(newest)]
    assert len(earlier_links(mine)) == 2
    mine.razorpay(Razorpay.ANSWERS)
    assert [reference.rpartition(".")[0] for reference in links(mine)] == [newest]
    assert earlier_links(mine) == []


def test_what_is_paid_for_the_others_order_after_all_is_fulfilled(shop_flow: Flow) -> None:
    mine, other = buys(chat(shop_flow, "sim-1")), buys(chat(shop_flow), GINGER)
    mine.razorpay(Razorpay.SLOW)
    join(mine, other)
    theirs = mine.orders[keys(other)]
    payment = mine._payment(
        theirs.attempts[0], FactState.CAPTURED, theirs.order.total, "INR", Detail(method="upi")
    )
    said = mine._facts(
        theirs.order.key, payment, mine._ended(theirs.attempts[0], FactState.PAID, theirs.order.total)
    )
    assert mine.orders[keys(other)].lifecycle is Lifecycle.FULFILLED
    assert any("Payment Successful" in getattr(message, "body", "") for message in said)
    assert mine.parked == []


def test_cart_and_words_of_the_other_are_kept(shop_flow: Flow) -> None:
    mine, other = chat(shop_flow, "sim-1"), chat(shop_flow)
    other.write("हिंदी")
    other.tap("मसाला चाय 250 ग्राम")
    join(mine, other, heard_last=True)
    assert mine.conversation.data["cart"] == other.conversation.data["cart"]
    assert mine.conversation.language == "hi"
    assert mine.conversation.customer == {"name": "Asha"}


def test_what_the_survivor_has_of_its_own_stays(shop_flow: Flow) -> None:
    mine, other = chat(shop_flow, "sim-1"), chat(shop_flow)
    mine.write("hi")
    mine.tap(GINGER)
    other.write("हिंदी")
    other.tap("मसाला चाय 250 ग्राम")
    cart, state, visits = (getattr(mine.conversation, name) for name in ("data", "state", "visits"))
    join(mine, other)
    assert mine.conversation.data["cart"] == cart["cart"]
    assert mine.conversation.language == "en"
    assert (mine.conversation.state, mine.conversation.visits) == (state, visits)


def test_an_order_that_is_over_is_remembered_where_there_is_no_other(shop_flow: Flow) -> None:
    mine, other = chat(shop_flow, "sim-1"), buys(chat(shop_flow))
    other.pay()
    mine.write("hi")
    join(mine, other)
    [said] = mine.write("paid")
    assert "is paid, and we are on it" in getattr(said, "body", "")


def test_a_conversation_that_cannot_be_read_waits_for_a_person(shop_flow: Flow) -> None:
    mine = buys(chat(shop_flow, "sim-1"))
    before = mine.conversation
    for snapshot in ("{", "[1]", '{"state": 7}'):
        mine._take(EventKind.JOINED, {"conversation": "sim-2", "heard_last": False, "snapshot": snapshot})
    assert len(mine.parked) == 3
    assert mine.conversation == before


ACTS = (
    "hi",
    "cart",
    "cancel",
    "pay",
    "retry",
    "paid",
    MASALA,
    GINGER,
    "Proceed to Checkout",
    "Confirm order",
)


@given(
    st.lists(st.sampled_from(ACTS), max_size=8),
    st.lists(st.sampled_from(ACTS), max_size=8),
    st.lists(st.sampled_from(ACTS), max_size=6),
    st.sampled_from([Razorpay.ANSWERS, Razorpay.SLOW]),
    st.booleans(),
)
def test_whatever_both_did_there_is_one_open_order_and_at_last_one_link(
    shop_flow: Flow, ours: list[str], theirs: list[str], after: list[str], how: Razorpay, ordered: bool
) -> None:
    mine, other = chat(shop_flow, "sim-1"), chat(shop_flow)
    if ordered:
        buys(mine)
        buys(other)
    for simulator, acts in ((mine, ours), (other, theirs)):
        for act in acts:
            simulator.write(act)
    mine_open = any(state.lifecycle is Lifecycle.OPEN for state in mine.orders.values())
    if not mine_open and any(state.lifecycle is Lifecycle.OPEN for state in other.orders.values()):
        mine, other = other, mine
    mine.razorpay(how)
    join(mine, other)
    for act in after:
        mine.write(act)
    mine.razorpay(Razorpay.ANSWERS)
    assert mine.parked == []
    current = mine.order.key if mine.order else None
    still_open = [key for key, state in mine.orders.items() if state.lifecycle is Lifecycle.OPEN]
    assert set(still_open) <= {current}
    assert len(links(mine)) <= 1
    assert earlier_links(mine) == []
