"""What goes wrong on a shop's day: a coupon's last uses, and orders that give a use back."""

from typing import Final

from payments.shop.orders import Lifecycle
from tests.payments.day_shop import Day, words

LUNCH: Final = "slot:2026-01-01.lunch"


def test_last_use_by_two_at_once() -> None:
    day = Day()
    day.store.taken = {"coupon:TWICE": 1}
    other = day.beside()
    for one in (day, other):
        one.review("Veg thali")
        assert one.typed("TWICE") == ["₹120 - ₹50 + ₹40 = ₹110"]
    assert day.taps("Cash") == ["Ordered, ₹110 in cash"]
    assert other.taps("Cash") == ["No: coupon: used up"]
    assert other.taps("Cash") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]
    assert other.taps("Cash") == ["Ordered, ₹160 in cash"]
    assert day.taken["coupon:TWICE"] == 2


def test_order_lapses() -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}
    day.lapses()
    assert day.state.lifecycle is Lifecycle.LAPSED
    assert day.taken == {}
    day.typed("repeat")
    assert day.typed("first10") == ["₹120 - ₹12 + ₹40 = ₹148"], "it can be used again"


def test_whole_order_cancelled() -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.pay()
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}
    assert day.staff("cancel") == ["Stage cancelled by Meena, back ₹148"]
    assert day.taken == {}
    assert day.conversation.data.get("coupons") is None


def test_late_payment_after_last_use() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.typed("twice")
    day.taps("Pay now")
    day.lapses()
    day.store.taken = {"coupon:TWICE": 2}
    assert day.pays_late() == ["Paid"]
    assert (day.state.lifecycle, day.taken) == (Lifecycle.FULFILLED, {"coupon:TWICE": 3})


def test_a_link_is_not_renewed_after_the_last_use() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.typed("twice")
    day.taps("Pay now")
    day.lapses()
    day.store.taken = {"coupon:TWICE": 2}
    day.typed("pay")
    assert day.state.lapsed
    assert day.taken == {"coupon:TWICE": 2}


def test_piece_refunded() -> None:
    day = Day()
    day.review("Veg thali", "Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.pay()
    assert day.staff("less", "thali 1 sold out") == ["Missing 1 × Veg thali: ₹108 less, ₹108 back"]
    assert day.taken["coupon:FIRST10"] == 1


def test_coupon_ends_before_payment() -> None:
    day = Day(now="2026-01-01 20:50", slots="", hours="")
    day.review("Veg thali", slot="")
    assert day.typed("old") == ["₹120 - ₹20 + ₹40 = ₹140"]
    day.at("2026-01-01 23:55")
    day.taps("Pay now")
    day.at("2026-01-02 00:05")
    assert words(day.pay()) == ["Paid"]
    assert day.state.order.discount == 2_000
