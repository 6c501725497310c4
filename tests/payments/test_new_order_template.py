"""What a member of the staff who has not written for 24 hours reads of a new order."""

from dataclasses import replace

from flows.messages.kinds import TemplateMessage
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.simulator import people
from payments.simulator.simulator import Simulator
from tests.test_scenarios import SHIPPED, WITH_EVERYTHING, shop


def _fallback(simulator: Simulator) -> TemplateMessage:
    told = simulator.store.told[-1].value
    assert told.name == "new_order"
    assert told.message.fallback is not None
    return told.message.fallback


def test_the_template_has_all_that_is_needed_to_bring_the_order() -> None:
    simulator = Simulator(shop(WITH_EVERYTHING), staff=people.named(["Meena"]))
    simulator.write("hi")
    simulator.tap("Masala chai 250 g")
    simulator.tap("Proceed to Checkout")
    simulator.write("4 Lake Road, Pune 411005")
    simulator.tap("Today, Evening")
    simulator.write("note")
    simulator.write("no sugar\nring twice")
    simulator.tap("Cash on delivery")
    fallback = _fallback(simulator)
    assert fallback.values == (
        "10001",
        "₹220 in cash",
        "1 × Masala chai 250 g",
        "Thu 1 Jan, Evening 17:00-20:00 4 Lake Road, Pune 411005",
        "Asha",
        "+919800000001",
        "no sugar ring twice",
    )
    assert len(fallback.buttons) == 3


def test_what_an_order_does_not_have_is_a_dash() -> None:
    simulator = Simulator(shop(SHIPPED), staff=people.named(["Meena"]))
    simulator.write("hi")
    for title in ("Masala chai 250 g", "Proceed to Checkout", "Confirm order"):
        simulator.tap(title)
    simulator.pay()
    assert _fallback(simulator).values == (
        "10001", "₹180 paid", "1 × Masala chai 250 g", "-", "Asha", "+919800000001", "-",
    )  # fmt: skip


def test_of_an_order_that_was_made_cheaper_before_it_was_paid_the_new_price_is_said() -> None:
    simulator = Simulator(shop(SHIPPED), staff=people.named(["Meena"]))
    simulator.write("hi")
    for title in ("Masala chai 250 g", "Proceed to Checkout", "Confirm order"):
        simulator.tap(title)
    [(key, state)] = simulator.store.orders.items()
    cheaper = Amendment("a", key, AmendmentKind.ALLOWANCE, "Meena", simulator.now, amount=1_000)
    simulator.store.orders[key] = replace(state, stage=Stage.PLACED).amended(cheaper)
    simulator.pay(17_000)
    [said] = [say.message.words for say in simulator.said if say.name == "payment_successful"]
    assert "Total Paid: ₹170\n" in said
    assert simulator.store.told[-1].value.message.words.startswith("🛎️ Order #10001, ₹170 paid")
    assert _fallback(simulator).values[1] == "₹170 paid"
