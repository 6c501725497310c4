"""The `shop:` section: what it accepts, what it refuses, and how templates see it."""

from typing import Any

import pytest
from pydantic import ValidationError

from payments.shop.catalogue import Shop
from payments.shop.catalogue_view import view


def shop(**changes: Any) -> Shop:
    product = {"sku": "a", "name": {"en": "A", "hi": "अ"}, "price": "249.50"}
    return Shop.model_validate({"name": "Shop", "products": [product], **changes})


def product(**changes: Any) -> dict[str, Any]:
    return {"sku": "a", "name": "A", "price": 1, **changes}


def test_reads_prices_as_paise_and_lives_as_milliseconds() -> None:
    made = shop(payment_link_life="2 h")
    assert made.products[0].price == 24_950
    assert made.payment_link_life == 7_200_000
    assert shop().payment_link_life == 1_200_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payment_link_life": "15 min"}, "from '16 min' to '180 days'"),
        ({"payment_link_life": "181 days"}, "from '16 min' to '180 days'"),
        ({"payment_link_life": "soon"}, "not a span of time"),
        ({"payment_link_life": 20}, "not a span of time"),
        ({"products": []}, "at least 1 item"),
        ({"products": [product(), product()]}, "the sku 'a' is given twice"),
        ({"products": [product(price=0)]}, "not a price"),
        ({"products": [product(price="1.005")]}, "parts of a paisa"),
        ({"products": [product(price=1.5)]}, "not an amount in rupees"),
        ({"products": [product(sku="a b")]}, "match pattern"),
        ({"products": [product(sku="")]}, "match pattern"),
        ({"products": [product(sku="x" * 65)]}, "match pattern"),
        ({"products": [product(stock=-1)]}, "greater than or equal to 0"),
        ({"products": [product(image="file:///etc/passwd")]}, "not an absolute URL"),
        ({"products": [product(image="http://shop.example/a.jpg")]}, "not encrypted"),
        ({"products": [product(colour="red")]}, "not permitted"),
        ({"max_quantity": 0}, "greater than or equal to 1"),
        ({"max_quantity": True}, "valid integer"),
        ({"products": [product(stock=True)]}, "valid integer"),
        ({"handover": {"back": []}}, "at least 1 item"),
        ({"coupons": [{"code": "A", "percent": True}]}, "valid integer"),
        ({"coupons": [{"code": "A", "off": 5, "uses": True}]}, "valid integer"),
        ({"coupons": [{"code": "A", "off": 5, "per_customer": True}]}, "valid integer"),
        ({"cash": {"refusals": True}}, "valid integer"),
        ({"delivery": {"pickup": True, "slots": [{"name": "", "at": "9:00-10:00"}]}}, "is no name of a slot"),
        (
            {"delivery": {"pickup": True, "slots": [{"name": {"en": "A", "hi": "!"}, "at": "9:00-10:00"}]}},
            "no name",
        ),
        ({"staff": [{"name": "Customer ", "phone": "9812345671"}]}, "nobody of the staff can be called"),
        ({"day_report": 21}, "write '21:00'"),
        ({"day_report": 2130}, "write for example '9:00' or '21:30', in quotes"),
        ({"currency": "USD"}, "not permitted"),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        shop(**changes)


def test_a_limit_is_the_stock_or_what_one_order_may_hold() -> None:
    stocked = [product(), product(sku="b", stock=3), product(sku="c", stock=0), product(sku="d", stock=9)]
    made = shop(max_quantity=5, products=stocked)
    articles = made.articles.values()
    assert [made.limit(one, made.counted) for one in articles] == [5, 3, 0, 5]
    assert [made.limit(one, {"b": 2, "c": 4, "d": -1}) for one in articles] == [5, 2, 4, 0]
    assert [made.limit(one, {}) for one in articles] == [5, 3, 0, 5]
    assert made.counted == {"b": 3, "c": 0, "d": 9}
    assert made.product("b") is made.products[1]
    assert made.product("z") is None


def test_templates_see_one_language_and_the_fallback_for_what_it_lacks() -> None:
    made = shop(products=[product(name={"en": "A", "hi": "अ"}), product(sku="b", name={"en": "B"}, stock=0)])
    seen = view(made, "hi", "en")
    assert [one["name"] for one in seen["products"]] == ["अ", "B"]
    assert seen["products"][1] == {
        "sku": "b", "name": "B", "description": "", "price": 100, "image": "", "in_stock": False,
        "category": "", "variants": [],
    }  # fmt: skip
