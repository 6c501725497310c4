"""The order of the first product, in chats and as `munshi serve --sandbox` prints it."""

from typing import Any

import pytest

from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.simulator.first_product import first_product
from tests.world.running_bot import START

KAJU = {"sku": "kaju", "name": "Kaju", "variants": [{"sku": "kaju-250", "name": "250 g", "price": 260}]}
GONE = {"sku": "pedha", "name": "Pedha", "price": 20, "stock": 0}
AREA = {"pincodes": "411001-411030", "fee": 40, "minimum": 300}


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, {"pieces": 1}),
        ({"minimum_order": 600}, {"pieces": 3}),
        ({"delivery": {"pickup": True}}, {"pieces": 1, "pickup": True}),
        (
            {"delivery": {"areas": [AREA], "slots": [{"name": "Lunch", "at": "12:00-14:00"}]}},
            {
                "pieces": 2,
                "address": "Flat 4, Lake Road, 411001",
                "slot": "2026-09-22.lunch",
            },
        ),
    ],
)
def test_it_names_what_the_shop_needs(more: dict[str, Any], asked: dict[str, Any]) -> None:
    shop = Shop.model_validate({"name": "Sweets", "products": [GONE, KAJU], **more})
    pieces = asked.pop("pieces")
    assert first_product(shop, START) == ((Item("kaju-250", pieces),), asked)
