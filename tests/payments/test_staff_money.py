"""What the staff say about money: only what is due is taken, and no word they type is passed over."""

from functools import cache

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.calls import RefundPayment
from payments.ledger.state import OrderState, Task
from payments.ledger.unfinished import unfinished
from payments.processing.actions import SHOP
from payments.shop.fulfilment import Stage
from payments.simulator.simulated_gateway import NothingToPay
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, TEXT, bought, told


def order_of(simulator: Simulator) -> OrderState:
    """The order that the chat is about."""
    assert simulator.order is not None
    return simulator.order


def paid_online() -> Simulator:
    """The shop, where the customer has paid ₹160 by a link."""
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay()
    return simulator


def refunds_asked(simulator: Simulator) -> list[int]:
    return [one.value.amount for one in simulator.store.calls if isinstance(one.value, RefundPayment)]


# What is not due is not taken by a slip


@pytest.mark.parametrize("words", ["cash 160", "upi 160", "cash 99999", "cash 160 surplus"])
def test_who_may_not_give_money_back_takes_no_more_than_is_due(words: str) -> None:
    simulator = paid_online()
    [answer] = told(simulator, "Ramesh", f"#10001 {words}")
    assert answer == "Not done: only ₹0 is due for #10001, and you may not give money back: ask who may."
    assert order_of(simulator).balance.paid == 16_000
    assert refunds_asked(simulator) == []


def test_a_slip_of_who_may_is_refused_too_and_the_word_surplus_says_that_it_is_none() -> None:
    simulator = paid_online()
    [answer] = told(simulator, "Meena", "#10001 cash 160")
    assert answer == "Not done: only ₹0 is due for #10001. To record more, say: cash 160 surplus."
    assert refunds_asked(simulator) == []
    told(simulator, "Meena", "#10001 cash 160 Surplus")
    assert refunds_asked(simulator) == [16_000]


def test_an_order_over_the_api_takes_no_more_than_is_due_either() -> None:
    simulator = bought()
    [answer] = told(simulator, "Meena", "#10001 delivered upi 500")
    assert answer.startswith("Not done: only ₹160 is due for #10001.")
    assert order_of(simulator).stage is Stage.PLACED


def test_money_that_was_taken_for_a_paid_order_at_the_door_goes_back() -> None:
    simulator = paid_online()
    [answer] = told(simulator, "Meena", "#10001 delivered cash")
    assert answer == "Not done: #10001 is paid in full already."
    told(simulator, "Meena", "#10001 delivered cash 160 surplus")
    assert order_of(simulator).stage is Stage.DELIVERED
    assert refunds_asked(simulator) == [16_000]


# A sum that is said is the sum that is recorded


@pytest.mark.parametrize("method", ["cash", "upi"])
def test_delivered_for_a_part_leaves_the_rest_owed(method: str) -> None:
    simulator = bought()
    [answer] = told(simulator, "Ramesh", f"#10001 delivered {method} 100")
    assert answer == (
        "#10001: delivered, ₹60 to be paid. #10001 cash 60, once it is taken;"
        " #10001 allowance 60 <why>, to let it be."
    )
    state = order_of(simulator)
    assert (state.balance.paid, state.due) == (10_000, 6_000)
    assert [(payment.method, payment.by) for payment in state.balance.payments] == [(method, "Ramesh")]


@pytest.mark.parametrize(
    ("words", "over"),
    [
        ("out 300", "300"),
        ("out cash", "cash"),
        ("delivered owed 100", "100"),
        ("delivered cash 100 50", "50"),
        ("cash 100 50", "50"),
        ("cancel 50", "50"),
        ("cancel waste 50", "50"),
        ("refuse soon", "soon"),
        ("refunded 100", "100"),
        ("show all", "all"),
    ],
)
def test_a_word_that_a_verb_does_not_read_is_refused(words: str, over: str) -> None:
    simulator = bought()
    before = order_of(simulator)
    [answer] = told(simulator, "Meena", f"#10001 {words}")
    assert answer.startswith("Not done: ")
    assert f"'{over}'" in answer
    assert order_of(simulator) == before


# What is owed for goods that came back


def test_the_delivery_of_a_returned_order_is_owed_until_someone_ends_it() -> None:
    simulator = bought()
    told(simulator, "Meena", "#10001 delivered owed")
    told(simulator, "Meena", "#10001 return thali 1")
    assert order_of(simulator).tasks == (Task.CASH,)
    assert told(simulator, "Meena", "#orders")[0].startswith("#10001 returned, ₹40 to be paid")
    [figures] = told(simulator, "Meena", "#day")
    assert "Owed for delivered orders: ₹40 (#10001 ₹40)" in figures
    told(simulator, "Meena", "#10001 allowance 40")
    assert order_of(simulator).tasks == ()
    assert unfinished(order_of(simulator)) is None


# What a person does in Razorpay's dashboard


def test_the_dashboard_refunds_what_razorpay_has_and_no_more() -> None:
    simulator = paid_online()
    told(simulator, "Meena", "#10001 allowance 60")
    simulator.refund_in_dashboard()
    assert [refund.amount for refund in order_of(simulator).refunds] == [6_000, 10_000]
    with pytest.raises(NothingToPay):
        simulator.refund_in_dashboard()
    by_hand = bought()
    told(by_hand, "Meena", "#10001 cash")
    with pytest.raises(NothingToPay):
        by_hand.refund_in_dashboard()


# Money that a person took, a person gives back


def by_hand_told(simulator: Simulator, text: str) -> list[str]:
    """What the customer hears of money, when Meena writes `text`."""
    return [message.words for message in simulator.staff_writes("Meena", text) if "by hand" in message.words]


@cache
def plain_flow() -> Flow:
    """The flow, in which each message about money says what of it a person gives back."""
    text = TEXT.replace("  order.stage: {say: stage}", _RULES).replace(
        "  order.amended: {say: amended}\n", ""
    )
    text = text.replace(
        "messages:",
        'messages:\n  back: "{{ event.amount }}, {{ event.by_hand }} by hand"\n'
        '  ended: "{{ event.refund }}, {{ event.by_hand }} by hand"',
        1,
    )
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


_RULES = """  order.stage: {say: ended}
  order.amended: {say: ended}
  payment.surplus: {say: back}
  payment.returned: {say: back}
  refund.processed: {say: back}"""


def test_an_event_says_what_of_the_money_a_person_gives_back() -> None:
    simulator = Simulator(plain_flow())
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Cash"):
        simulator.tap(title)
    assert by_hand_told(simulator, "#10001 cash 200 surplus") == ["4000, 4000 by hand"]
    assert by_hand_told(simulator, "#10001 refunded") == ["4000, 4000 by hand"]
    assert by_hand_told(simulator, "#10001 allowance 10") == ["1000, 1000 by hand"]
    assert "15000, 15000 by hand" in by_hand_told(simulator, "#10001 cancel")


def test_what_goes_back_over_razorpay_is_not_given_back_by_hand() -> None:
    simulator = Simulator(plain_flow())
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    simulator.pay()
    assert by_hand_told(simulator, "#10001 allowance 10") == ["1000, 0 by hand"]


# What the staff are answered


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("#10001 delivered Cash", "#10001: delivered, ₹160 paid."),
        ("#10001\nout", "#10001: out, ₹160 to be paid."),
        ("#10001: out", "#10001: out, ₹160 to be paid."),
        ("#10001 \tdelivered\nowed", "#10001: delivered, ₹160 to be paid."),
        ("#10001,out", "Not done: write a space between #10001 and what is to be done."),
        ("#10001-out", "Not done: write a space between #10001 and what is to be done."),
        ("#10001 allowance 161", "Not done: an allowance for #10001 is at most what it costs, ₹160."),
        ("#10001 cash -5", "Not done: '-5' is no sum that can be taken: write rupees, as 180 or 249.50."),
        ("#10001 cash 5,00", "Not done: '5,00' is no sum that can be taken: write rupees, as 180 or 249.50."),
        ("#10001 cash ₹100", "#10001: placed, ₹60 to be paid."),
        (
            f"#10001 less thali {'1' * 4000}",
            "Not done: say which product and how many: less <sku> <pieces>; it has thali (Veg thali).",
        ),
    ],
)
def test_the_staff_are_answered_as_people_write(text: str, answer: str) -> None:
    assert told(bought(), "Meena", text) == [answer]


def test_the_staff_hear_what_goes_back_and_what_they_give_back() -> None:
    simulator = bought()
    assert told(simulator, "Meena", "#10001 cash") == ["#10001: placed, ₹160 paid."]
    assert told(simulator, "Meena", "#10001 cancel") == [
        "#10001: cancelled, ₹160 paid, ₹160 to be given back by hand."
    ]
    assert told(simulator, "Meena", "#10001 refunded") == ["#10001: cancelled, ₹160 paid, ₹160 goes back."]
    online = paid_online()
    assert told(online, "Meena", "#10001 cancel") == ["#10001: cancelled, ₹160 paid, ₹160 goes back."]
