"""What the staff type in their chats: commands about orders, lists, and who may."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.events import Tapped
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.named_orders import order_number, period_from, period_to
from payments.processing.staff_help import help_for
from payments.processing.staff_lists import LINES
from payments.processing.step_input import EventKind
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from payments.shop.staff import Right
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import (
    BUYS,
    DINNER,
    LUNCH,
    TEXT,
    bought,
    bought_in,
    fetched,
    flow,
    plays,
    told,
)


def test_a_day_by_typed_commands() -> None:
    plays(
        BUYS
        + """
- staff: "Meena writes #orders"
- told: "#10001 placed, ₹160 to be paid, Thu 1 Jan, Lunch …, 411005\\n#<number> shows one of them."
- staff: "Ramesh writes #10001 accepted"
- shop: accepted
  told: ["#10001 was accepted by Ramesh.", "#10001: accepted, ₹160 to be paid."]
- staff: "Ramesh writes #10001 out"
- staff: "Meena writes #10001 delivered cash"
- shop: [delivered, "#10001 paid"]
  told: "#10001: delivered, ₹160 paid."
- staff: "Meena writes #orders"
- told: Nothing is to do.
"""
    )


def test_an_order_is_shown_with_its_next_stages() -> None:
    simulator = bought()
    [shown] = told(simulator, "Ramesh", "# 10001")
    assert shown.splitlines()[0] == "#10001: placed, ₹160 to be paid."
    for part in (
        "1 × Veg thali ₹120",
        "Delivery ₹40",
        "Total ₹160",
        "4 Lake Road Pune 411005",
        "Asha +919800000001",
    ):
        assert part in shown
    message = simulator.store.told[-1].value.message
    assert [reply.title for reply in message.replies] == ["Accepted", "Out for delivery", "Cash taken ₹160"]
    simulator.staff_taps("Ramesh", "Out for delivery")
    assert simulator.order is not None
    assert simulator.order.stage is Stage.OUT


def test_an_order_of_who_was_forgotten_is_shown_without_them() -> None:
    simulator = bought()
    simulator.store.forgotten.add(simulator.conversation.id)
    assert told(simulator, "Ramesh", "#10001") == ["#10001: placed, ₹160 to be paid."]


def test_a_typed_command_does_what_a_button_does() -> None:
    typed, tapped = bought(), bought()
    told(typed, "Meena", "#10001 OUT")
    told(tapped, "Meena", "#10001")
    tapped.staff_taps("Meena", "Out for delivery")
    assert typed.order == tapped.order


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Meena", "#10001 less thali 1 sold out", "#10001: cancelled"),
        ("Meena", "#10001 cancel", "#10001: cancelled"),
        ("Meena", "#10001 allowance 20 late", "#10001: placed, ₹140 to be paid"),
        ("Ramesh", "#10001 less thali 1", "that needs the right 'money', which Ramesh does not have"),
        ("Lata", "#10001 out", "that needs the right 'orders', which Lata does not have"),
        ("Chand", "#orders", "that needs the right 'orders', which Chand does not have"),
        ("Chand", "#day", "that needs the right 'orders', which Chand does not have"),
        ("Lata", "#day", "Paid online: ₹0"),
        ("Meena", "#10001 delivered", "say whether by cash, by upi, or owed. As in #10001 delivered cash."),
        ("Meena", "#99999 out", "There is no order #99999."),
        ("Meena", "#10001 fly", "There is no 'fly' for an order"),
        ("Meena", "#10001 reply hello", "There is no 'reply' for an order"),
        ("Meena", "#10001 Acepted", "nothing was done. Did you mean 'accepted'? #help shows what there is."),
        ("Meena", "#10001 dispatched", "nothing was done. Did you mean 'out'? #help shows what there is."),
        ("Meena", "#10001 refund", "nothing was done. Money goes back by return, less or allowance. #help"),
        ("Meena", "#10001 Out for delivery", "#10001: out, ₹160 to be paid."),
        ("Meena", "#10001 out for", "'for' is not understood there"),
        ("Meena", "#10001 Cash taken ₹160", "#10001: delivered, ₹160 paid."),
        ("Meena", "#10001 cash 150/-", "#10001: placed, ₹10 to be paid."),
        ("Meena", "#day tomorrow", "'tomorrow' is not a date"),
        ("Meena", "#day 8/11/2026", "Paid online: ₹0"),
        (
            "Meena",
            "#10001 less",
            "say which product and how many: less <sku> <pieces>; it has thali (Veg thali)",
        ),
        ("Meena", "#10001 less kaju 1", "#10001 has no 'kaju': it has thali (Veg thali)."),
        ("Chand", "#products", "that needs the right 'orders', which Chand does not have"),
        ("Ramesh", "#product THALI", "thali: Veg thali"),
        ("Ramesh", "#products nothing such", "Nothing is called 'nothing such'. #products alone shows all."),
        ("Ramesh", "#products 7", "There is no page 7: #products 1 shows the last."),
        ("Meena", "#frob", "There is no #frob."),
        ("Meena", "#done", "reply with #done to a message"),
        ("Lata", "#done", "that needs the right 'chat', which Lata does not have"),
        ("Meena", "#help", "#orders shows what is to do."),
        ("Meena", "#", "#orders shows what is to do."),
    ],
)
def test_every_command_is_answered(name: str, text: str, said: str) -> None:
    [answer] = told(bought(), name, text)
    assert said in answer


def test_a_button_that_comes_too_late_is_answered_with_those_that_fit() -> None:
    simulator = bought()
    told(simulator, "Meena", "#10001")
    cash = next(r for r in simulator.store.told[-1].value.message.replies if r.title == "Cash taken ₹160")
    told(simulator, "Ramesh", "#10001 accepted")
    simulator._chat(Tapped(cash.id, ""), simulator.phones.conversation("Meena"))
    answer = simulator.store.told[-1].value.message
    assert answer.words == "Not done: #10001 is accepted (by Ramesh) already."
    assert [reply.title for reply in answer.replies] == ["Out for delivery", "Cash taken ₹160"]
    simulator.staff_taps("Meena", "Cash taken ₹160")
    assert simulator.order is not None
    assert simulator.order.stage is Stage.DELIVERED


def test_who_may_not_give_money_back_hears_first_that_the_order_has_ended() -> None:
    simulator = bought()
    told(simulator, "Meena", "#10001 delivered cash 100")
    assert told(simulator, "Ramesh", "#10001 refuse") == ["Not done: #10001 is delivered (by Meena) already."]
    simulator = bought()
    told(simulator, "Meena", "#10001 cash 100")
    told(simulator, "Meena", "#10001 out")
    because = "₹100 was paid for it, and you may not give money back: ask who may"
    assert told(simulator, "Ramesh", "#10001 refuse") == [f"Not done: {because}."]


def test_cash_for_an_order_that_is_to_be_paid_online() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    said = ["Not done: the customer chose to pay #10001 online, and has not yet."]
    assert told(simulator, "Meena", "#10001 cash") == said
    assert told(simulator, "Meena", "#10001 allowance 20 late") == said


def test_an_order_for_pickup_is_made_ready() -> None:
    simulator = fetched()
    [shown] = told(simulator, "Ramesh", "#10001")
    assert shown.splitlines()[0] == "#10001: placed, ₹120 to be paid, pickup."
    titles = [reply.title for reply in simulator.store.told[-1].value.message.replies]
    assert titles == ["Accepted", "Ready", "Cash taken ₹120"]
    assert "pickup" in told(simulator, "Meena", "#orders")[0]
    assert told(simulator, "Ramesh", "#10001 ready") == ["#10001: out, ₹120 to be paid, pickup."]


def test_an_order_for_pickup_has_the_stage_ready_of_its_shop() -> None:
    simulator = fetched("stages: [ready, out, delivered]")
    told(simulator, "Ramesh", "#10001")
    titles = [reply.title for reply in simulator.store.told[-1].value.message.replies]
    assert titles == ["Ready", "Cash taken ₹120"]
    assert told(simulator, "Ramesh", "#10001 ready") == ["#10001: ready, ₹120 to be paid, pickup."]


def test_a_command_is_nothing_to_the_customers_chat_of_the_member() -> None:
    simulator = bought()
    id = simulator.phones.conversation("Meena")
    told(simulator, "Meena", "#frob")
    assert simulator.said_to(id) == []
    simulator.staff_writes("Meena", "hi")
    assert [say.name for say in simulator.said_to(id)] == ["menu"], "the staff buy too"


def test_a_customer_has_no_commands() -> None:
    simulator = bought()
    before = simulator.order
    simulator.write("#10001 delivered cash")
    assert [say.name for say in simulator.said[-1:]] == ["menu"], "an ordinary text"
    assert simulator.order == before
    assert simulator.store.told == []


def test_a_list_is_asked_for_in_ones_own_chat_whatever_a_button_names() -> None:
    simulator = bought()
    told(simulator, "Meena", "#day")
    [button] = simulator.store.told[-1].value.message.replies
    assert button.title == "Orders to do"
    simulator.tap_reply(button.id)
    assert simulator.results[-1].trace[0]["refused"] == "it is not from the staff"
    forged = button.id.replace("sim-2", "sim-1")
    id = simulator.phones.conversation("Meena")
    simulator._chat(Tapped(forged, ""), id)
    [last] = [one.value for one in simulator.store.told[-1:]]
    assert (last.to, "#10001 placed" in last.message.words) == ((id,), True)


def test_a_long_list_says_how_many_are_left() -> None:
    patient = TEXT.replace("  cash: {up_to", "  budgets: {orders: 99}\n  cash: {up_to")
    simulator = bought_in(load(patient, "flows.yaml", SHOP, limits=LIMITS))
    for _ in range(LINES + 3):
        for title in ("Thali", DINNER, "Cash"):
            simulator.tap(title)
    [said] = told(simulator, "Meena", "#orders")
    lines = said.splitlines()
    assert (len(lines), lines[-2]) == (LINES + 2, "and 4 more")
    assert lines[0].startswith("#10001 placed"), "lunch before dinner"


def test_what_was_placed_later_and_is_due_sooner_comes_first() -> None:
    simulator = bought("Thali", DINNER, "Cash")
    for title in ("Thali", LUNCH, "Cash"):
        simulator.tap(title)
    [said] = told(simulator, "Meena", "#orders")
    assert [line.split(",")[0] for line in said.splitlines()[:2]] == ["#10002 placed", "#10001 placed"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#10034", "10034"),
        (" # 10034 out", "10034"),
        ("#१००३४ out", "10034"),
        ("#10034out", None),
        ("10034", None),
        ("#orders", None),
        ("#" + "9" * 19, None),
    ],
)
def test_the_number_in_a_command(text: str, number: str | None) -> None:
    assert order_number(text) == number


def test_a_period_is_read_as_it_was_written() -> None:
    assert period_from(period_to(Period(-5, 9))) == Period(-5, 9)
    assert [period_from(words) for words in ("", "1", "1 b", "1 2 3")] == [None] * 4


def test_a_list_that_nobody_of_the_staff_asked_for_is_refused() -> None:
    simulator = Simulator(flow())
    for verb, value in (("orders", ""), ("day", "0 86400000"), ("day", "today")):
        simulator._take(EventKind.STAFF, staff_action_to_json(StaffAction("", "x", verb, value)))
        assert "refused" in simulator.results[-1].trace[0]
    assert simulator.store.told == []


def test_what_is_to_be_brought_comes_before_what_is_owed() -> None:
    shop = bought()
    told(shop, "Meena", "#10001 delivered owed")
    shop.write("hi")
    for title in ("Kaju", DINNER, "Cash"):
        shop.tap(title)
    [listed] = told(shop, "Meena", "#orders")
    assert [line.split()[:2] for line in listed.splitlines()[:2]] == [
        ["#10002", "placed,"],
        ["#10001", "delivered,"],
    ]


def test_help_shows_what_the_member_and_the_shop_have_a_use_for() -> None:
    simulator = bought()
    [of_ramesh] = told(simulator, "Ramesh", "#help")
    assert "#10034 accepted, out, delivered; #10034 delivered cash, upi or owed." in of_ramesh
    assert "#10034 cash <rupees>." in of_ramesh
    assert "allowance" not in of_ramesh
    assert "#done" not in of_ramesh
    assert told(simulator, "Chand", "#frob")[0].splitlines()[1:] == [
        "#done, in reply to a customer's message, gives their chat back to the bot."
    ]
    shop = flow().sections["shop"].model_copy(update={"cash": None, "delivery": None})
    lines = help_for(list(Right), shop).splitlines()
    assert "#10034 accepted, out, delivered." in lines
    assert "#10034 refuse." in lines
    assert not any(word in line for line in lines for word in ("cash", "upi", "undo", "address", "fee"))
