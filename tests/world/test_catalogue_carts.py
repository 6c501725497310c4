"""A cart that a customer filled in WhatsApp's catalogue: taken whole, or not at all."""

from typing import Any

import pytest

from tests.world.running_bot import Live

REFUSED = "Sorry, we do not have all of what you chose, so your cart is as it was."


def items(*skus: str) -> dict[str, Any]:
    sold = {"quantity": 2, "item_price": 1, "currency": "INR"}
    return {"catalog_id": "4", "product_items": [{"product_retailer_id": sku, **sold} for sku in skus]}


async def test_a_catalogue_cart_of_what_the_shop_has_is_the_cart(live: Live) -> None:
    asha = live.customer()
    [cart] = await asha.send("order", items("masala-250", "ginger-250"))
    assert cart.text == "🛒 Your cart\n2 × Masala chai 250 g: ₹360\n2 × Ginger chai 250 g: ₹280\nTotal: ₹640"


@pytest.mark.parametrize("skus", [("masala-250", "coffee"), ("coffee",), ("coffee", "cocoa")])
async def test_a_catalogue_cart_with_one_product_we_lack_changes_nothing(
    skus: tuple[str, ...], live: Live
) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.tap("Assam leaf 500 g")
    answers = await asha.send("order", items(*skus))
    assert answers[0].text == REFUSED
    [cart] = await asha.write("cart")
    assert cart.text == "🛒 Your cart\n1 × Assam leaf 500 g: ₹249.50\nTotal: ₹249.50"
