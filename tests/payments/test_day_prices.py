"""What goes wrong on a shop's day: prices and carts that change before the order."""

from dataclasses import replace
from typing import Final

import pytest

from payments.ledger.state import PaymentStatus
from tests.payments.day_shop import FAR, SECTIONS, Day, words

DEARER: Final = SECTIONS["products"].replace("price: 120", "price: 130")


ELSEWHERE: Final = "Flat 99, Other Street, Pune 411009"


SLOT: Final = "2026-01-01.lunch"


def test_price_rises_between_summary_and_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.becomes(products=DEARER)
    assert day.taps("Pay now") == ["No: order: changed", "₹130 - ₹0 + ₹40 = ₹170"]
    assert not day.orders
    assert day.taps("Pay now") == ["Pay ₹170"]


def test_price_rises_after_the_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.becomes(products=DEARER)
    assert words(day.pay()) == ["Paid"]
    assert (day.state.order.total, day.state.status) == (16_000, PaymentStatus.PAID)


@pytest.mark.parametrize(
    "change",
    [
        {"areas": SECTIONS["areas"].replace("fee: 40", "fee: 50")},
        {"coupons": SECTIONS["coupons"].replace("percent: 10,", "percent: 20,")},
    ],
)
def test_a_fee_or_a_coupon_changes_between_summary_and_order(change: dict[str, str]) -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first-10")
    day.becomes(**change)
    assert day.taps("Pay now")[0] == "No: order: changed"


def test_another_language_is_not_another_price() -> None:
    day = Day()
    assert day.review("Veg thali") == ["₹120 - ₹0 + ₹40 = ₹160"]
    day.conversation = replace(day.conversation, language="hi")
    assert day.taps("Pay now") == ["Pay ₹160"]
    assert day.state.order.lines[0].name == "थाली"


def test_the_same_goods_in_another_order_are_not_another_price() -> None:
    day = Day()
    day.review("Veg thali", "Gift box")
    day.conversation.data["cart"].reverse()
    assert day.taps("Pay now") == ["Pay ₹309.50"]


def test_a_program_orders_at_its_price_and_the_old_summary_orders_nothing_else() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    assert day.api(("kaju", 2)) == ["Pay ₹520"]
    first = day.state.key
    assert day.taps("Pay now") == ["No: order: changed", "₹520 - ₹0 + ₹0 = ₹520"]
    assert day.state.key == first
    assert day.api() == ["Pay ₹520"], "what the cart holds, at the price shown last"


def test_an_address_that_the_summary_did_not_show_gets_no_goods() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    assert day.api(address=ELSEWHERE) == ["Pay ₹160"]
    assert day.state.to.address == ELSEWHERE
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]


@pytest.mark.parametrize(
    ("items", "said", "reason"),
    [
        ([("kaju", 1)], {"address": FAR, "slot": SLOT}, "below minimum"),
        ([("kaju", 9)], {"address": ELSEWHERE, "slot": SLOT}, "sold out"),
        ([("kaju", 1)], {"address": FAR, "slot": "2026-01-01.brunch"}, "no slot"),
        ([("kaju", 4)], {"address": FAR, "slot": SLOT, "pays": "cash"}, "no cash"),
        ([], {"address": ELSEWHERE, "coupon": "OLD9"}, "unknown"),
        ([], {"address": ELSEWHERE, "note": "x" * 600}, "too long"),
        ([("kaju", 1)], {"address": ELSEWHERE, "pickup": True}, "no slot"),
        ([("cake", 1)], {"address": ELSEWHERE}, "unknown"),
    ],
)
def test_a_request_that_is_refused_leaves_cart_and_checkout_as_they_were(
    items: list[tuple[str, int]], said: dict[str, str | bool], reason: str
) -> None:
    day = Day()
    day.review("Veg thali", slot="Today, Lunch" if "slot" in said else "")
    before = day.conversation.data
    day.api(*items, **said)
    assert (day.refusal, day.orders) == (reason, {})
    assert day.conversation.data == before


def test_a_program_that_orders_the_cart_as_it_is_relies_on_the_price_shown_last() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.becomes(slots="", products=DEARER)
    assert day.api() == ["No: order: changed", "₹130 - ₹0 + ₹40 = ₹170"]
    assert day.api(note="now") == ["Pay ₹170"], "a program that says more does not"


def test_size_removed_while_in_cart() -> None:
    day = Day()
    day.review("Veg thali", "Kaju katli")
    day.becomes(products=SECTIONS["products"].replace("sku: kaju,", "sku: barfi,"))
    assert day.taps("Pay now") == ["No: order: sold out"]
    assert day.conversation.data["cart"] == [["thali", 1]]
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]


def test_coupon_makes_it_free() -> None:
    day = Day()
    day.review("Kaju katli", "Kaju katli", address="Flat 4, Lake Road, Pune 411005")
    day.typed("all")
    assert day.taps("Pay now") == ["No: order: too small"]
    assert not day.orders


def test_coupon_never_costs_free_delivery() -> None:
    day = Day()
    assert day.review("Kaju katli", "Kaju katli") == ["₹520 - ₹0 + ₹0 = ₹520"]
    assert day.typed("twice") == ["₹520 - ₹50 + ₹0 = ₹470"]
