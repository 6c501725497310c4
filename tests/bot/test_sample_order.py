"""The order that `munshi serve --sandbox` prints is one that the shop takes."""

from typing import Any

import pytest

from bot.cli.sample_order import sample_order
from payments.shop.catalogue import Shop
from tests.world.running_bot import START

KAJU = {"sku": "kaju", "name": "Kaju", "variants": [{"sku": "kaju-250", "name": "250 g", "price": 260}]}
GONE = {"sku": "pedha", "name": "Pedha", "price": 20, "stock": 0}
AREA = {"pincodes": "411001-411030", "fee": 40, "minimum": 300}
ITEMS = [{"sku": "kaju-250", "quantity": 1}]


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, {"items": ITEMS}),
        ({"minimum_order": 600}, {"items": [{"sku": "kaju-250", "quantity": 3}]}),
        ({"delivery": {"pickup": True}}, {"items": ITEMS, "pickup": True}),
        (
            {"delivery": {"areas": [AREA], "slots": [{"name": "Lunch", "at": "12:00-14:00"}]}},
            {
                "items": [{"sku": "kaju-250", "quantity": 2}],
                "address": "Flat 4, Lake Road, 411001",
                "slot": "2026-09-22.lunch",
            },
        ),
    ],
)
def test_it_names_what_the_shop_needs(more: dict[str, Any], asked: dict[str, Any]) -> None:
    shop = Shop.model_validate({"name": "Sweets", "products": [GONE, KAJU], **more})
    assert sample_order(shop, START) == {"phone": "919800000001", **asked}
