"""The cart: products and quantities that a customer wants. It holds no prices: the catalogue has them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from payments.shop.catalogue import Shop
from payments.shop.products import Article


@dataclass(frozen=True, slots=True)
class Item:
    """`quantity` pieces of one article, as somebody wants them."""

    sku: str
    quantity: int


Cart: TypeAlias = tuple[Item, ...]
"""In the order of adding, each article once."""


def from_json(values: Iterable[Sequence[Any]]) -> Cart:
    """Return the cart that `to_json` wrote."""
    return tuple(Item(sku, quantity) for sku, quantity in values)


def to_json(cart: Cart) -> list[list[Any]]:
    """Return the cart as `[[sku, quantity], …]`."""
    return [[item.sku, item.quantity] for item in cart]


def items_from_json(values: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Return the items that `items_to_json` wrote. Raises KeyError or TypeError on another shape."""
    return tuple(Item(value["sku"], value["quantity"]) for value in values)


def items_to_json(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Return the items that somebody asks for, as `event.items` in templates and guards."""
    return [{"sku": item.sku, "quantity": item.quantity} for item in items]


def with_quantity(cart: Cart, sku: str, quantity: int) -> Cart:
    """Return `cart` with exactly `quantity` of `sku`. A quantity of 0 or less removes it."""
    if quantity <= 0:
        return tuple(item for item in cart if item.sku != sku)
    changed = Item(sku, quantity)
    if any(item.sku == sku for item in cart):
        return tuple(changed if item.sku == sku else item for item in cart)
    return (*cart, changed)


def quantity_of(cart: Cart, sku: str) -> int:
    """Return the number of pieces of `sku` in `cart`."""
    return next((item.quantity for item in cart if item.sku == sku), 0)


def without(cart: Cart, bought: Mapping[str, int]) -> Cart:
    """Return `cart` without the pieces in `bought`, which maps sku to quantity."""
    remaining = (Item(item.sku, item.quantity - bought.get(item.sku, 0)) for item in cart)
    return tuple(item for item in remaining if item.quantity > 0)


def known(cart: Cart, shop: Shop) -> list[tuple[Article, int]]:
    """Return the cart's articles and quantities, without what the shop no longer sells."""
    return [(article, item.quantity) for item in cart if (article := shop.article(item.sku))]
