"""What goes wrong on a shop's day: a customer with two orders cancels and rates one of them."""

import re

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.processing import views
from payments.processing.actions import SHOP
from payments.processing.shop_state import ShopState
from payments.processing.turn import begin
from payments.shop.orders import Lifecycle
from tests.payments.day_shop import Day, text_of, words


def two_orders(**changed: str) -> Day:
    """The first is paid and to be delivered; the second lapsed, and the chat is about it."""
    day = Day(**changed)
    day.review("Veg thali")
    day.taps("Pay now")
    day.pay()
    day.review("Kaju katli")
    day.taps("Pay now")
    day.lapses()
    assert [order.lapsed for order in day.orders.values()] == [False, True]
    return day


def test_cancel_order_means_the_order_that_is_under_way() -> None:
    day = two_orders(cancel="cancel: {before: out}")
    first, second = day.orders
    assert day.typed("cancel order")[0] == "Stage cancelled by customer, back ₹160"
    assert day.state.key == first
    assert day.state.lifecycle is Lifecycle.RETURNED
    assert day.orders[second].lapsed


def test_an_order_that_can_be_paid_goes_before_an_older_one() -> None:
    day = Day(cancel="cancel: {before: out}")
    day.review("Veg thali")
    day.taps("Cash")
    first = day.state
    day.review("Kaju katli")
    day.taps("Pay now")
    second = day.state.key
    day.typed("cancel order")
    assert (day.state.key, day.state.lifecycle) == (second, Lifecycle.RETURNED)
    assert day.orders[first.key] == first
    day.typed("cancel order")
    assert day.orders[first.key].lifecycle is Lifecycle.RETURNED, "the next one is meant then"


def test_a_refused_cancel_is_about_the_order_that_it_was_refused_for() -> None:
    day = two_orders(cancel="cancel: {before: accepted}")
    first, _ = day.orders
    day.staff("stage", "out", first)
    assert day.typed("cancel order") == ["No: order: too late"]
    assert day.state.key == first


def test_what_an_order_says_of_cancelling_is_what_happens() -> None:
    day = Day(cancel="")
    day.review("Veg thali")
    day.taps("Pay now")
    day.lapses()
    shown = views.of(shop_state(day), day._flow.statics["en"])["order"]
    assert shown["can_cancel"] is True
    assert day.typed("cancel order") == ["Stage cancelled by customer"]


def shop_state(day: Day) -> ShopState:
    """The state that the next step of the chat begins with."""
    return begin(day._flow, day.store.given(day.conversation.id, []), day.now).shop


def test_a_button_rates_the_order_that_its_message_was_about() -> None:
    text = re.sub('stage: "Stage .*"', lambda _: _STARS, text_of())
    text = text.replace(
        "  cancel_it:", '  rate: {do: {order.rate: "{{ event.value }}"}, say: thanks}\n  cancel_it:'
    )
    day = Day()
    day._flow = load(text, "day.yaml", SHOP, limits=LIMITS)
    day.review("Veg thali")
    day.taps("Cash")
    first = day.state.key
    day.staff("stage", "delivered cash")
    [stars] = [say.message.replies for say in day.said if say.name == "stage"]
    day.review("Kaju katli")
    day.taps("Cash")
    assert day.state.key != first
    assert words(day.tap_reply(stars[0].id, "Good")) == ["Thanks"]
    assert (day.orders[first].rating, day.state.rating) == (5, None)
    assert words(day.tap_reply(stars[1].id, "Bad")) == ["No: order: rated before"]
    forged = stars[0].id.replace(first, "sim-77-1abcdefghij")
    assert words(day.tap_reply(forged, "Good")) == ["No: order: not delivered"]


_STARS = """thanks: Thanks
  stage:
    text: "Stage {{ event.stage }} by {{ event.by }}"
    buttons:
      - {on: rate, with: "{{ order.key }} 5", title: Good}
      - {on: rate, with: "{{ order.key }} 1", title: Bad}"""
