"""The figures of a day: what counts, on which day, and for whom."""

from dataclasses import replace
from datetime import date

from payments.ledger.day import Day, to_json
from payments.processing.staff_lists import day_lines
from payments.shop.business_day import Period, period_of
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.local_time import INDIA, local_date
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, bought, flow, told

_DAY = 86_400_000
SHOP: Shop = flow().sections["shop"]


def figures(simulator: Simulator, later: int = 0) -> Day:
    """The figures of the day `later` days after the simulated one."""
    today = local_date(INDIA, simulator.now)
    period = period_of(INDIA, date.fromordinal(today.toordinal() + later))
    found = Day()
    for state in simulator.store.orders.values():
        found.add(state, period)
    return found


def test_cash_online_and_owed() -> None:
    simulator = bought()
    told(simulator, "Ramesh", "#10001 out")
    told(simulator, "Ramesh", "#10001 delivered cash")
    for title in ("Kaju", LUNCH, "Cash"):
        simulator.tap(title)
    told(simulator, "Ramesh", "#10002 delivered owed")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    day = figures(simulator)
    assert (day.orders, day.unpaid) == (2, 1)
    simulator.pay()
    day = figures(simulator)
    assert (day.orders, day.ordered, day.unpaid) == (3, 16_000 + 30_050 + 16_000, 0)
    assert (day.paid_online, day.payments, day.taken) == (16_000, 1, {("cash", "Ramesh"): 16_000})
    assert day.owed == {"10002": 30_050}
    assert day.best(SHOP, "en") == [("Veg thali", 2), ("Kaju katli", 1)]
    [said] = told(simulator, "Meena", "#day")
    assert said.splitlines() == [
        "Thu 1 Jan",
        "3 orders, ₹620.50",
        "Paid online: ₹160 in 1 payment",
        "Cash: ₹160 (Ramesh ₹160)",
        "Owed for delivered orders: ₹300.50 (#10002 ₹300.50)",
        "Best sellers: 2 × Veg thali, 1 × Kaju katli",
        "To do: 1 placed, 1 owed",
    ]


def test_money_that_waits_for_a_person_is_to_do() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10001 cancel")
    [said] = told(simulator, "Meena", "#day")
    lines = said.splitlines()
    assert "Waits for one of you: ₹160 (#10001 ₹160)" in lines
    assert lines[-1] == "To do: 1 for you to decide"


def test_what_waits_in_another_money_is_named_without_a_sum() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay(16_000, "USD")
    [said] = told(simulator, "Meena", "#day")
    assert "Waits for one of you: #10001" in said.splitlines()
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    simulator.pay()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10002 cancel")
    [said] = told(simulator, "Meena", "#day")
    lines = said.splitlines()
    assert "Waits for one of you: ₹280 (#10001, #10002 ₹280)" in lines
    assert lines[-1] == "To do: 2 for you to decide"


def test_money_counts_on_the_day_on_which_it_moved() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay()
    simulator.now += _DAY
    told(simulator, "Meena", "#10001 cancel")
    before, after = figures(simulator, -1), figures(simulator)
    assert (before.paid_online, before.refunded, before.cancelled) == (16_000, 0, 1)
    assert (after.paid_online, after.refunded, after.orders, after.cancelled) == (0, 16_000, 0, 0)


def test_cash_counts_on_the_day_on_which_it_was_taken() -> None:
    simulator = bought()
    simulator.now += _DAY
    told(simulator, "Ramesh", "#10001 delivered cash")
    before, after = figures(simulator, -1), figures(simulator)
    assert (before.orders, before.by_hand) == (1, 0)
    assert (after.orders, after.by_hand) == (0, 16_000)


def test_what_was_called_off_is_no_order_and_sells_nothing() -> None:
    simulator = bought()
    told(simulator, "Meena", "#10001 out")
    told(simulator, "Meena", "#10001 refuse")
    day = figures(simulator)
    assert (day.orders, day.cancelled, day.best(SHOP, "en"), day.owed) == (0, 1, [], {})


def test_the_parts_of_many_orders_add_up_in_any_order() -> None:
    simulator = bought()
    [state] = simulator.store.orders.values()
    period = Period(0, 10 * simulator.now)
    others = [replace(state, order=replace(state.order, number=str(n))) for n in range(7)]
    delivered = [replace(one, stage=Stage.DELIVERED) for one in others[:3]]
    one, other = Day(), Day()
    for order in (*others, *delivered):
        one.add(order, period)
    for order in reversed((*others, *delivered)):
        other.add(order, period)
    assert one == other
    assert one.sold == {"thali": 10}
    assert to_json(one, SHOP, "en")["owed"] == [{"number": str(n), "amount": 16_000} for n in range(3)]


def test_a_product_is_one_best_seller_in_whatever_language_it_was_ordered() -> None:
    [state] = bought().store.orders.values()
    found, period = Day(), Period(0, state.order.placed_at + 1)
    for name, sku in (("Veg thali", "thali"), ("वेज थाली", "thali"), ("Gone", "gone")):
        line = replace(state.order.lines[0], name=name, sku=sku)
        found.add(replace(state, order=replace(state.order, lines=(line,))), period)
    assert found.best(SHOP, "en") == [("Veg thali", 2), ("Gone", 1)]
    assert to_json(found, SHOP, "en")["best"][0] == {"name": "Veg thali", "quantity": 2}


def test_an_empty_day_has_its_lines() -> None:
    assert [*day_lines(Day(), "Thu 1 Jan", flow())] == [
        "Thu 1 Jan", "0 orders, ₹0", "Paid online: ₹0 in 0 payments", "To do: nothing",
    ]  # fmt: skip
