"""What one customer adds to the shop's numbers: where they rest, and the money that stands there. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from payments.ledger.numbers import Kind, Numbers, Place, Sum, day_number
from payments.shop import cart
from payments.shop.catalogue import Shop

LATELY: Final = 7 * 86_400_000
"""Milliseconds between an order and the customer's last message for which they count as having bought."""


def of_customer(
    state: str, snapshot: Mapping[str, Any], heard_at: int, bought_at: int | None, unpaid: int, shop: Shop
) -> Numbers:
    """Return what a customer adds to the numbers: once, as they are now.

    `heard_at` is when they last wrote, `bought_at` when they placed their newest order whose goods are due
    (milliseconds since 1970, UTC), `unpaid` what their open orders cost, in paise. Without an open order,
    what is in their cart counts, at the prices of today.
    """
    lately = bought_at is not None and bought_at >= heard_at - LATELY
    kind = Kind.BOUGHT if lately else Kind.RESTS
    place = Place(kind, day_number(shop.timezone, heard_at), state)
    return {place: Sum(1, unpaid or _in_cart(snapshot, shop))}


def _in_cart(snapshot: Mapping[str, Any], shop: Shop) -> int:
    wanted = cart.from_json((snapshot.get("data") or {}).get("cart", ()))
    return sum(article.price * quantity for article, quantity in cart.known(wanted, shop))
