"""The cart: products and quantities that a customer wants. It holds no prices: the catalogue has them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from payments.shop.catalogue import Product, Shop
from payments.shop.orders import Line

Cart: TypeAlias = tuple[tuple[str, int], ...]


def from_json(values: Iterable[Sequence[Any]]) -> Cart:
    """Return the cart that `to_json` wrote."""
    return tuple((sku, quantity) for sku, quantity in values)


def to_json(cart: Cart) -> list[list[Any]]:
    """Return the cart as `[[sku, quantity], …]`, in the order of adding."""
    return [[sku, quantity] for sku, quantity in cart]


def with_quantity(cart: Cart, sku: str, quantity: int) -> Cart:
    """Return `cart` with exactly `quantity` of `sku`. A quantity of 0 or less removes the product."""
    if quantity <= 0:
        return tuple(line for line in cart if line[0] != sku)
    if any(line[0] == sku for line in cart):
        return tuple((s, quantity if s == sku else q) for s, q in cart)
    return (*cart, (sku, quantity))


def quantity_of(cart: Cart, sku: str) -> int:
    """Return the number of pieces of `sku` in `cart`."""
    return next((quantity for line_sku, quantity in cart if line_sku == sku), 0)


def without(cart: Cart, bought: Mapping[str, int]) -> Cart:
    """Return `cart` without the pieces in `bought`, which maps sku to quantity."""
    remaining = ((sku, quantity - bought.get(sku, 0)) for sku, quantity in cart)
    return tuple((sku, quantity) for sku, quantity in remaining if quantity > 0)


def known(cart: Cart, shop: Shop) -> list[tuple[Product, int]]:
    """Return the cart's products and quantities, without products that the shop no longer sells."""
    return [(product, quantity) for sku, quantity in cart if (product := shop.product(sku))]


def lines(cart: Cart, shop: Shop, names: Mapping[str, str]) -> tuple[Line, ...]:
    """Return the cart as order lines at the catalogue's prices. `names` gives each sku's name."""
    return tuple(
        Line(product.sku, names[product.sku], quantity, product.price)
        for product, quantity in known(cart, shop)
    )
