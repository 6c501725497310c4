"""The views that templates and guards read: the customer's cart and order, and the current shop. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flows.engine.vocabulary import Trial
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.shop import catalogue_view
from payments.shop.cart import Cart, Item
from payments.shop.orders import CURRENCY, Attempt, AttemptStatus, Line, Order, lines_to_json

_SAMPLE_TOTAL: Final = 100
"""Paise."""


def refreshed(statics: Mapping[str, Any], state: ShopState | None) -> Mapping[str, Any]:
    """Return `statics` as they are now: what is sold out or switched off has `in_stock` False."""
    gone = {*state.at.off, *(sku for sku, left in state.left.items() if left <= 0)} if state else set()
    return {**statics, "shop": catalogue_view.without(statics["shop"], gone)} if gone else statics


def of(state: ShopState | None, statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views `cart` and `order` of the customer."""
    if state is None:
        return {"cart": _EMPTY_CART, "order": _NO_ORDER}
    return {"cart": _cart(state.cart, statics), "order": order(state.order, state.at.now)}


_EMPTY_CART: Final[Mapping[str, Any]] = {"lines": [], "count": 0, "total": 0, "gone": 0}


def _cart(cart: Cart, statics: Mapping[str, Any]) -> Mapping[str, Any]:
    if not cart:
        return _EMPTY_CART
    articles = statics["shop"]["product"]
    lines = [
        {**article, "quantity": item.quantity, "total": article["price"] * item.quantity}
        for item in cart
        if (article := articles.get(item.sku)) is not None and not article["variants"]
    ]
    count, total = sum(line["quantity"] for line in lines), sum(line["total"] for line in lines)
    return {"lines": lines, "count": count, "total": total, "gone": len(cart) - len(lines)}


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
    """Return the shop with every field, and a cart and an order of one article, to check templates."""
    article = _articles(statics)[0]
    views = _trial_views([Line(article["sku"], "", 1, _SAMPLE_TOTAL)], statics)
    return {"shop": catalogue_view.example(statics["shop"]), **views}


def trials(statics: Mapping[str, Any]) -> Iterator[Trial]:
    """Yield a trial of each article alone in cart and order, then of all of them, ten of each.

    Then a tap on each product that has variants, and on each category.
    """
    # A variable may hold what was tapped for another one: a look-up that finds nothing proves nothing.
    shop = catalogue_view.strict(statics["shop"])
    statics = {**statics, "shop": shop}
    articles = _articles(statics)
    for article in articles:
        yield _trial(f"'{article['sku']}' in the cart", [article], 1, article["sku"], statics)
    yield _trial("all products in the cart", articles, 10, articles[0]["sku"], statics)
    for tapped in [p["sku"] for p in shop["products"] if p["variants"]] + [
        c["id"] for c in shop["categories"]
    ]:
        yield _trial(f"'{tapped}' tapped", articles[:1], 1, tapped, statics)


def _articles(statics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return all that can be ordered."""
    return [article for article in statics["shop"]["product"].values() if not article["variants"]]


def _trial(
    name: str, articles: list[Mapping[str, Any]], each: int, tapped: str, statics: Mapping[str, Any]
) -> Trial:
    lines = [Line(article["sku"], article["name"], each, article["price"]) for article in articles]
    title = articles[0]["name"]
    event = {"value": tapped, "text": title, "title": title}
    return Trial(name, tapped, {**statics, **_trial_views(lines, statics), "event": event})


def _trial_views(lines: Sequence[Line], statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views of a customer with these lines in the cart, and in an order that has a link."""
    key, total = "aaaaaaaa-1-1", sum(line.total for line in lines)
    placed = Order(key, "10000", "aaaaaaaa-1", tuple(lines), total, CURRENCY, 0, 1)
    url = "https://rzp.io/i/trial"
    link = Attempt(f"{key}.1", key, 1, total, CURRENCY, 1, AttemptStatus.CREATED, "plink_trial", url)
    state = OrderState(placed, attempts=(link,))
    cart = tuple(Item(line.sku, line.quantity) for line in lines)
    return {"cart": _cart(cart, statics), "order": order(state, 0)}
