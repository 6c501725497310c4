"""Orders from the cart to the last amendment, against sums that were worked out by hand; and random ones."""

import random
from dataclasses import astuple
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.vocabulary import Scene
from payments.processing import views
from payments.processing.checkout_changes import say
from payments.processing.order_actions import ORDER
from payments.processing.quoting import Quote
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.checkout import CheckoutFault
from payments.shop.order_terms import (
    destination_from_json,
    destination_to_json,
    terms_from_json,
    terms_to_json,
)
from payments.shop.orders import Line, Order
from payments.shop.pricing import Taxable, tax_rows
from tests.payments.day_shop import FAR, PUNE, SECTIONS, Day

ELSEWHERE: Final = SECTIONS["areas"].replace("fee: 40,", "fee: 40, state: 29,")
"""The first area lies in another state."""

WORKED: Final[dict[str, tuple[Any, ...]]] = {
    # cart, address, coupon; goods, discount, delivery, total, GST inside; amendments, what is owed then
    "one dish": ([("thali", 1)], PUNE, "", (12_000, 0, 4_000, 16_000, 762), [], 16_000),
    "two rates and a coupon": (
        [("kaju", 1), ("box", 1)], PUNE, "FIRST10", (40_950, 4_100, 4_000, 40_850, 3_508),
        [("less", "box 1")], 27_397,
    ),
    "fetched": ([("thali", 2)], "", "", (24_000, 0, 0, 24_000, 1_142), [], 24_000),
    "free from, before the coupon": (
        [("thali", 5)], PUNE, "FIRST10", (60_000, 6_000, 0, 54_000, 2_572), [("less", "thali 2")], 32_400,
    ),
    "a coupon at its cap": (
        [("kaju", 4)], PUNE, "FIRST10", (104_000, 10_000, 0, 94_000, 4_476), [("less", "kaju 4 all")], 94_000,
    ),
    "a coupon for one category": (
        [("thali", 1), ("box", 1)], PUNE, "GIFT", (26_950, 7_500, 4_000, 23_450, 2_060),
        [("less", "box 1")], 16_000,
    ),
    "the dearer area": ([("thali", 3)], FAR, "", (36_000, 0, 8_000, 44_000, 2_094), [], 44_000),
    "rupees off": ([("thali", 1)], PUNE, "TWICE", (12_000, 5_000, 4_000, 11_000, 524), [], 11_000),
    "paise in three pieces": (
        [("box", 3)], PUNE, "FIRST10", (44_850, 4_500, 4_000, 44_350, 6_766),
        [("less", "box 1"), ("less", "box 1")], 17_450,
    ),
    "an allowance and a piece": (
        [("thali", 2)], PUNE, "", (28_000 - 4_000, 0, 4_000, 28_000, 1_332),
        [("allowance", "30 late"), ("less", "thali 1")], 13_000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("worked", WORKED)
def test_an_order_from_the_cart_to_its_amendments(worked: str) -> None:
    cart, address, coupon, sums, amendments, owed = WORKED[worked]
    day = Day()
    day.holds(*cart)
    where = {"address": address} if address else {"pickup": True}
    day.api(**where, coupon=coupon, slot="2026-01-01.lunch")
    order = day.state.order
    found = views.order(day.state, day.now)
    assert (order.goods, order.discount, order.delivery, order.total, found["gst"]) == sums
    day.pay()
    assert day.state.fulfilled == order.total
    for verb, value in amendments:
        day.staff(verb, value)
    assert day.state.owed == owed
    back = sum(refund.amount for refund in day.state.refunds)
    called_off = day.state.stage == "cancelled"
    assert back == (order.total if called_off else order.total - owed), "what is not owed goes back"


def test_an_order_to_another_state() -> None:
    day = Day(areas=ELSEWHERE)
    day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch")
    assert (day.state.order.to.state, views.order(day.state, day.now)["gst"]) == ("29", 761)


def test_the_chat_shows_what_is_ordered_to_the_paisa() -> None:
    day = Day()
    day.review("Kaju katli", "Gift box")
    assert day.typed("FIRST10") == ["₹409.50 - ₹41 + ₹40 = ₹408.50"]
    assert day.taps("Cash") == ["Ordered, ₹408.50 in cash"]
    assert [(line.discount, line.delivery) for line in day.state.order.lines] == [
        (2_603, 2_540),
        (1_497, 1_460),
    ]


# Random shops

PRICES: Final = st.integers(100, 60_000)
RATES: Final = st.sampled_from([None, 0, 300, 500, 1800, 4000])


def rupees(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02}"


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """Shops with two categories, some products, two areas and some coupons."""
    products = [
        {
            "sku": f"p{n}",
            "name": {"en": f"P{n}", "hi": f"प{n}"},
            "price": rupees(draw(PRICES)),
            "category": draw(st.sampled_from(["a", "b"])),
        }
        for n in range(draw(st.integers(1, 5)))
    ]
    fees = [{"fee": rupees(draw(st.integers(0, 9_000)))} for _ in range(2)]
    only = draw(st.sampled_from([{}, {"only": ["a"]}]))
    coupons = [
        {"code": "PART", "percent": draw(st.integers(1, 100)), **only},
        {"code": "SUM", "off": rupees(draw(PRICES)), **only},
    ]
    return Shop.model_validate(
        {
            "name": {"en": "Shop"},
            "categories": [{"id": "a", "name": "A", "gst": 18}, {"id": "b", "name": "B"}],
            "products": products,
            "gst": {"number": "27ABCDE1234F1Z0", "rate": 5},
            "delivery": {
                "areas": [
                    {"pincodes": "411001-411030", "free_from": rupees(draw(PRICES)), **fees[0]},
                    {"pincodes": "411031-411044", "state": 29, **fees[1]},
                ],
                "pickup": True,
            },
            "coupons": coupons,
        }
    )


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """What a cart costs: of a random shop, customer and coupon."""
    shop = draw(shops())
    skus = draw(st.lists(st.sampled_from(sorted(shop.articles)), min_size=1, unique=True))
    cart = tuple(Item(sku, draw(st.integers(1, 99))) for sku in skus)
    state = ShopState(StepContext(shop, 1_767_243_600_000, "c-1", 7), cart=cart, next_number=10_001)
    said: dict[str, Any] = draw(st.sampled_from([{"address": PUNE}, {"address": FAR}, {"pickup": True}]))
    state = settled(state, said)
    state = settled(state, {"coupon": draw(st.sampled_from(["", "part", "sum"]))})
    return Quote(state, "en")


def settled(state: ShopState, said: dict[str, Any]) -> ShopState:
    found = say(state, said, "en")
    return state if isinstance(found, CheckoutFault) else found


def placed(quote: Quote, language: str = "en") -> Order | None:
    """The order of the cart; None if it is refused."""
    scene = Scene("c-1", language, {"shop": quote.state.at.shop}, {}, quote.state.at.now, 7, quote.state)
    result = ORDER["order.place"].run(scene, None)
    assert isinstance(result.host, ShopState)
    if result.instead:
        assert result.instead.fields["reason"] == "too small"
        return None
    assert result.host.order
    return result.host.order.order


@given(quotes())
def test_what_is_shown_is_what_is_ordered(quote: Quote) -> None:
    shown = views.of(quote.state, {"language": "en", "shop": {"product": {}}})["cart"]
    order = placed(quote)
    if order is None:
        assert quote.total < 100
        return
    assert order.total == quote.total == shown["total"]
    assert order.total == order.goods - order.discount + order.delivery
    assert (order.goods, order.discount, order.delivery) == tuple(
        shown[name] for name in ("goods", "discount", "delivery")
    )


@given(quotes())
def test_the_rows_of_the_bill_add_up_to_the_total(quote: Quote) -> None:
    lines = quote.lines
    for in_state in (True, False):
        rows = tax_rows([Taxable(line.charged, line.delivery, line.rate) for line in lines], in_state)
        assert sum(row.amount for row in rows) == quote.total
        assert sum(row.taxable + row.cgst + row.sgst + row.igst for row in rows) == quote.total


@given(quotes(), st.randoms(use_true_random=False))
def test_neither_order_nor_language_changes_the_price(quote: Quote, shuffles: random.Random) -> None:
    cart = list(quote.state.cart)
    shuffles.shuffle(cart)
    other = Quote(quote.state.with_cart(tuple(cart)), "hi")
    assert (other.total, other.price.discount, other.price.delivery) == (
        quote.total, quote.price.discount, quote.price.delivery
    )  # fmt: skip
    assert other.fingerprint == quote.fingerprint


@given(quotes())
def test_a_stored_order_is_the_order(quote: Quote) -> None:
    order = placed(quote, "hi")
    if order is None:
        return
    stored = orjson.dumps(
        [[astuple(line) for line in order.lines], terms_to_json(order.terms), destination_to_json(order.to)]
    )
    lines, terms, to = orjson.loads(stored)
    assert tuple(Line(*line) for line in lines) == order.lines
    assert terms_from_json(terms) == order.terms
    assert destination_from_json(to) == order.to
    again = sum(line[2] * line[3] - line[6] + line[7] for line in lines)
    assert again == order.total


@given(quotes(), st.sampled_from(["cart", "coupon", "address", "pickup"]))
def test_another_price_has_another_fingerprint(quote: Quote, what: str) -> None:
    state = quote.state
    changed = {
        "cart": state.with_cart((Item(state.cart[0].sku, state.cart[0].quantity + 1), *state.cart[1:])),
        "coupon": settled(state, {"coupon": ""}),
        "address": settled(state, {"address": FAR}),
        "pickup": settled(state, {"pickup": True}),
    }[what]
    other = Quote(changed, "en")
    if other.total != quote.total:
        assert other.fingerprint != quote.fingerprint
