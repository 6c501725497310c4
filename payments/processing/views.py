"""The views that templates and guards read: the customer's cart and order, and the current shop. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flows.engine.vocabulary import Trial
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.shop.cart import Cart, Item
from payments.shop.consent import Hears
from payments.shop.orders import CURRENCY, Attempt, AttemptStatus, Line, Order, lines_to_json

_SAMPLE_TOTAL: Final = 100
"""Paise."""


def refreshed(statics: Mapping[str, Any], state: ShopState | None) -> Mapping[str, Any]:
    """Return `statics` with the current stock: products that are sold out have `in_stock` False."""
    sold_out = {sku for sku, left in state.left.items() if left <= 0} if state else set()
    if not sold_out:
        return statics
    shop = statics["shop"]
    products = [p if p["sku"] not in sold_out else {**p, "in_stock": False} for p in shop["products"]]
    return {**statics, "shop": {**shop, "products": products}}


def of(state: ShopState | None, statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views `cart` and `order` of the customer."""
    if state is None:
        return {"cart": _EMPTY_CART, "order": _NO_ORDER}
    return {"cart": _cart(state.cart, statics), "order": order(state.order, state.at.now)}


def customer(state: ShopState | None) -> dict[str, Any]:
    """Return what templates see of the customer beside the name."""
    if state is None:
        return {"phone": "", "hears": str(Hears.ORDERS)}
    return {"phone": f"+{state.at.phone}" if state.at.phone else "", "hears": str(state.hears)}


_EMPTY_CART: Final[Mapping[str, Any]] = {"lines": [], "count": 0, "total": 0}


def _cart(cart: Cart, statics: Mapping[str, Any]) -> Mapping[str, Any]:
    if not cart:
        return _EMPTY_CART
    products = {product["sku"]: product for product in statics["shop"]["products"]}
    lines = [
        {**product, "quantity": item.quantity, "total": product["price"] * item.quantity}
        for item in cart
        if (product := products.get(item.sku)) is not None
    ]
    count, total = sum(line["quantity"] for line in lines), sum(line["total"] for line in lines)
    return {"lines": lines, "count": count, "total": total}


def order(state: OrderState | None, now: int) -> Mapping[str, Any]:
    """Return the view of an order at `now` (milliseconds since 1970, UTC). Sums are in paise."""
    if state is None:
        return _NO_ORDER
    link = state.link
    expired = link is not None and link.expires_at <= now
    url = (link.short_url if link else None) or ""
    return {
        "key": state.key,
        "number": state.order.number,
        "lines": lines_to_json(state.order.lines),
        "count": sum(line.quantity for line in state.order.lines),
        "total": state.order.total,
        "due": state.due,
        "currency": state.order.currency,
        "attempts": state.next_ordinal - 1,
        "status": str(state.status),
        "lapsed": state.lapsed,
        "link": "" if expired else url,
        "expired": bool(expired and url),
        "making": link is not None and not url and not expired,
    }


_NO_ORDER: Final[Mapping[str, Any]] = {
    "key": "",
    "number": "",
    "lines": [],
    "count": 0,
    "total": 0,
    "due": 0,
    "currency": CURRENCY,
    "attempts": 0,
    "status": "",
    "lapsed": False,
    "link": "",
    "expired": False,
    "making": False,
}


def sample(statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views of a cart and an order of one product, for the check of templates."""
    sku = statics["shop"]["products"][0]["sku"]
    return _trial_views([Line(sku, "", 1, _SAMPLE_TOTAL)], statics)


def trials(statics: Mapping[str, Any]) -> Iterator[Trial]:
    """Yield a trial of each product alone in cart and order, then of all products, ten of each."""
    products = statics["shop"]["products"]
    for product in products:
        yield _trial(f"'{product['sku']}' in the cart", [product], 1, statics)
    yield _trial("all products in the cart", products, 10, statics)


def _trial(name: str, products: Sequence[Mapping[str, Any]], each: int, statics: Mapping[str, Any]) -> Trial:
    lines = [Line(product["sku"], product["name"], each, product["price"]) for product in products]
    sku, title = products[0]["sku"], products[0]["name"]
    event = {"value": sku, "text": title, "title": title}
    return Trial(name, sku, {**_trial_views(lines, statics), "event": event})


def _trial_views(lines: Sequence[Line], statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views of a customer with these lines in the cart, and in an order that has a link."""
    key, total = "aaaaaaaa-1-1", sum(line.total for line in lines)
    placed = Order(key, "10000", "aaaaaaaa-1", tuple(lines), total, CURRENCY, 0, 1)
    url = "https://rzp.io/i/trial"
    link = Attempt(f"{key}.1", key, 1, total, CURRENCY, 1, AttemptStatus.CREATED, "plink_trial", url)
    state = OrderState(placed, attempts=(link,))
    cart = tuple(Item(line.sku, line.quantity) for line in lines)
    return {"cart": _cart(cart, statics), "order": order(state, 0)}
