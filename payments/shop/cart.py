"""The cart: what a customer means to order. Prices are looked up, never kept: the catalogue decides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from payments.shop.catalogue import Product, Shop
from payments.shop.orders import Line

Cart: TypeAlias = tuple[tuple[str, int], ...]


def from_json(values: Iterable[Sequence[Any]]) -> Cart:
    """The cart that `to_json` wrote."""
    return tuple((sku, quantity) for sku, quantity in values)


def to_json(cart: Cart) -> list[list[Any]]:
    """`[[sku, quantity], …]`, in the order of adding."""
    return [[sku, quantity] for sku, quantity in cart]


def with_quantity(cart: Cart, sku: str, quantity: int) -> Cart:
    """`cart` with exactly `quantity` of `sku`; none at all takes it out."""
    if quantity <= 0:
        return tuple(line for line in cart if line[0] != sku)
    if any(line[0] == sku for line in cart):
        return tuple((s, quantity if s == sku else q) for s, q in cart)
    return (*cart, (sku, quantity))


def quantity_of(cart: Cart, sku: str) -> int:
    """Pieces of `sku` in `cart`."""
    return next((quantity for line_sku, quantity in cart if line_sku == sku), 0)


def without(cart: Cart, bought: Mapping[str, int]) -> Cart:
    """`cart` less the pieces that were bought."""
    left = ((sku, quantity - bought.get(sku, 0)) for sku, quantity in cart)
    return tuple((sku, quantity) for sku, quantity in left if quantity > 0)


def known(cart: Cart, shop: Shop) -> list[tuple[Product, int]]:
    """The cart's products; what the shop has stopped selling is left out."""
    return [(product, quantity) for sku, quantity in cart if (product := shop.product(sku))]


def lines(cart: Cart, shop: Shop, names: Mapping[str, str]) -> tuple[Line, ...]:
    """The cart as order lines at today's prices; `names` gives each sku's name."""
    return tuple(
        Line(product.sku, names[product.sku], quantity, product.price)
        for product, quantity in known(cart, shop)
    )
