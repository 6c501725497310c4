"""A product whose stock is what Shopify counts: what its flow file may say, and what a reload makes of it."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from payments.shop import changes
from payments.shop.catalogue import Shop
from payments.shop.stock import COUNTED_THERE, Count

GID = "gid://shopify/ProductVariant/7"


def product(sku: str = "cup", **more: Any) -> dict[str, Any]:
    return {"sku": sku, "name": "Cup", "price": 100, **more}


def shop(*products: dict[str, Any]) -> Shop:
    return Shop.model_validate({"name": "A", "products": products})


THERE = shop(product(stock="shopify", shopify=GID))


def test_its_limit_is_what_was_read_and_a_pretended_chat_never_finds_it_sold_out() -> None:
    cup = THERE.articles["cup"]
    assert [THERE.limit(cup, left) for left in ({"cup": 3}, {"cup": 0}, {"cup": -2}, {})] == [3, 0, 0, 99]
    assert (THERE.stock, THERE.counted) == ({"cup": COUNTED_THERE}, {})


def test_a_product_that_nobody_counts_has_no_limit_but_that_of_an_order() -> None:
    free = shop(product())
    assert free.limit(free.articles["cup"], {"cup": 3}) == 99


SIZE = {"sku": "big", "name": "Big", "price": 200}


@pytest.mark.parametrize(
    ("products", "place", "message"),
    [
        ([product(stock="shopify")], ("products", 0, "stock"), "Shopify counts only what has its id"),
        (
            [{"sku": "cup", "name": "Cup", "variants": [{**SIZE, "stock": "shopify"}]}],
            ("products", 0, "variants", 0, "stock"),
            "Shopify counts only what has its id",
        ),
        (
            [product(shopify=GID), product("mug", stock="shopify", shopify=GID)],
            ("products", 1, "shopify"),
            "another product has this id too",
        ),
        ([product(stock="Shopify", shopify=GID)], None, "shopify"),
    ],
)
def test_what_shopify_cannot_count_is_refused(
    products: list[dict[str, Any]], place: tuple[str | int, ...] | None, message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)) as refused:
        shop(*products)
    assert place is None or place in [error["loc"] for error in refused.value.errors()]


@pytest.mark.parametrize(
    ("stock", "count", "line"),
    [
        ("shopify", None, "cup: what Shopify counts from now on, not counted before"),
        ("shopify", Count(5, 12, 12), "cup: what Shopify counts from now on, 12 declared before (5 left)"),
        (12, Count(5, -1, -1), "cup: 12 from now on, counted by Shopify before (5 left)"),
        ("shopify", Count(5, -1, 12), "cup: counted by Shopify again; 5 left until that is read"),
        ("shopify", Count(5, -1, -1), None),
        (None, Count(5, -1, -1), "cup: not counted any more (5 left)"),
    ],
)
def test_a_plan_says_who_counts(stock: Any, count: Count | None, line: str | None) -> None:
    new = shop(product(stock=stock, shopify=GID))
    assert list(changes.stock(new, {} if count is None else {"cup": count})) == ([line] if line else [])


def test_a_rollback_says_who_counts() -> None:
    said = list(changes.stock_of_rollback(THERE, {"cup": Count(5, 12, 12)}))
    assert said == ["cup: counted by Shopify again; 5 left until that is read"]
    said = list(changes.stock_of_rollback(shop(product(stock=12)), {"cup": Count(5, -1, -1)}))
    assert said == ["cup: 5 left, as before: a rollback counts nothing anew"]
