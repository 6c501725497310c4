"""An order over the API that a shop takes now, for people to try."""

from typing import Any, Final

from payments.shop.catalogue import Shop
from payments.shop.delivery import Area
from payments.shop.slots import slots_at

PHONE: Final = "919800000001"


def sample_order(shop: Shop, now: int) -> dict[str, Any]:
    """Return the body of a request for the first article that is in stock, with address and slot if needed.

    It has as many pieces as the shop's minimum asks for. `now` is in milliseconds.
    """
    articles = list(shop.articles.values())
    article = next((one for one in articles if one.stock != 0), articles[0])
    delivery = shop.delivery
    area = delivery.areas[0] if delivery and delivery.areas else None
    minimum = max(shop.minimum_order, area.minimum if area else 0)
    body: dict[str, Any] = {
        "phone": PHONE,
        "items": [{"sku": article.sku, "quantity": -(-minimum // article.price) or 1}],
    }
    if delivery is None:
        return body
    body |= _destination(area)
    slots = slots_at(delivery, shop.hours, shop.timezone, now, {})
    return body | {"slot": slots[0].id} if slots else body


def _destination(area: Area | None) -> dict[str, Any]:
    if area is None:
        return {"pickup": True}
    return {"address": f"Flat 4, Lake Road, {area.pincodes[0].first}"}
