"""An order of what the shop sells first, such as the shop takes whatever it sells, delivers and asks for."""

from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.slots import slots_at

FIRST_PRODUCT = "first product"
"""How a scenario asks for it."""


def first_product(shop: Shop, now: int) -> tuple[tuple[Item, ...], dict[str, str | bool]]:
    """Return the items of the order, and what it says of delivery. `now` is in milliseconds.

    It has the first article that is in stock, as many pieces as the shop's minimum asks for, and an address
    in the first area and the first free slot if the shop has them.
    """
    articles = list(shop.articles.values())
    article = next((one for one in articles if one.stock != 0), articles[0])
    delivery = shop.delivery
    area = delivery.areas[0] if delivery and delivery.areas else None
    minimum = max(shop.minimum_order, area.minimum if area else 0)
    items = (Item(article.sku, -(-minimum // article.price) or 1),)
    if delivery is None:
        return items, {}
    said: dict[str, str | bool] = (
        {"address": f"Flat 4, Lake Road, {area.pincodes[0].first}"} if area else {"pickup": True}
    )
    slots = slots_at(delivery, shop.hours, shop.timezone, now, {})
    return items, said | ({"slot": slots[0].id} if slots else {})
