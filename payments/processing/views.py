"""The views that templates and guards read: the customer's cart and order, and the current shop. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flows.engine.vocabulary import Trial
from flows.messages.stored import STORED
from flows.templates.lookups import LookupTable
from payments.ledger.invoicing import has_invoice
from payments.ledger.state import OrderState
from payments.processing.checkout_view import NO_CHECKOUT, NO_SUMS, SLOT, checkout, opening, sums
from payments.processing.deferred_view import DeferredView
from payments.processing.quoting import gst_inside
from payments.processing.shop_state import ShopState
from payments.shop import catalogue_view
from payments.shop.cart import Cart, Item
from payments.shop.consent import Hears
from payments.shop.kept_documents import DocumentName
from payments.shop.orders import CURRENCY, Attempt, AttemptStatus, Line, Order, lines_to_json

_SAMPLE_TOTAL: Final = 100
"""Paise."""


def refreshed(statics: Mapping[str, Any], state: ShopState | None) -> Mapping[str, Any]:
    """Return `statics` as they are now: opening hours, and `in_stock` of what is sold out or switched off."""
    if state is None:
        return statics
    shop, gone = statics["shop"], {*state.at.off, *(sku for sku, left in state.left.items() if left <= 0)}
    if gone:
        shop = catalogue_view.without(shop, gone)
    if state.at.shop.hours is not None:
        shop = {**shop, **opening(state, statics["language"])}
    return statics if shop is statics["shop"] else {**statics, "shop": shop}


def of(state: ShopState | None, statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views `cart`, `checkout` and `order` of the customer."""
    if state is None:
        return {"cart": _EMPTY_CART, "checkout": NO_CHECKOUT, "order": _NO_ORDER}
    language = statics["language"]
    cart = DeferredView(lambda: _cart(state.cart, statics), lambda: sums(state, language))
    return {
        "cart": cart if state.cart else _EMPTY_CART,
        "checkout": DeferredView(lambda: checkout(state, language)),
        "order": _order(state),
    }


def customer(state: ShopState | None) -> dict[str, Any]:
    """Return what templates see of the customer beside the name."""
    if state is None:
        return {"phone": "", "hears": str(Hears.ORDERS)}
    return {"phone": f"+{state.at.phone}" if state.at.phone else "", "hears": str(state.hears)}


_EMPTY_CART: Final[Mapping[str, Any]] = {"lines": [], "count": 0, "gone": 0, **NO_SUMS}


def _cart(cart: Cart, statics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the lines of a cart, and how many of its lines the shop no longer sells."""
    articles = statics["shop"]["product"]
    lines = [
        {**article, "quantity": item.quantity, "total": article["price"] * item.quantity}
        for item in cart
        if (article := articles.get(item.sku)) is not None and not article["variants"]
    ]
    count = sum(line["quantity"] for line in lines)
    return {"lines": lines, "count": count, "gone": len(cart) - len(lines)}


def _order(state: ShopState) -> Mapping[str, Any]:
    """Return the view of the customer's current order, with the answers that the shop keeps with it."""
    found, keeps = state.order, state.at.shop.keeps
    if found is None:
        return {**dict.fromkeys(keeps, ""), **_NO_ORDER} if keeps else _NO_ORDER
    return DeferredView(
        lambda: _payment(found, state.at.now), lambda: _goods(found), lambda: _kept(state, found)
    )


def _kept(state: ShopState, found: OrderState) -> Mapping[str, Any]:
    """Return what depends on the shop: whether the customer may cancel, and the answers that it keeps."""
    kept = {**dict.fromkeys(state.at.shop.keeps, ""), **found.order.terms.kept}
    return {**kept, "can_cancel": state.may_cancel(found)}


def order(state: OrderState | None, now: int) -> Mapping[str, Any]:
    """Return the view of an order at `now` (milliseconds since 1970, UTC). Sums are in paise."""
    return {**_goods(state), "can_cancel": False, **_payment(state, now)} if state else _NO_ORDER


def _payment(state: OrderState, now: int) -> Mapping[str, Any]:
    link = state.link
    expired = link is not None and link.expires_at <= now
    url = (link.short_url if link else None) or ""
    has_card = link is not None and link.is_card and link.status is not AttemptStatus.PLANNED
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
        "card": link.reference_id if has_card and link and not expired else "",
        "expired": expired and bool(url or has_card),
        "making": link is not None and not (url or has_card or expired),
    }


_NO_ORDER: Final[Mapping[str, Any]] = {
    "key": "",
    "number": "",
    "lines": [],
    "count": 0,
    "items": "",
    "goods": 0,
    "discount": 0,
    "delivery": 0,
    "gst": 0,
    "coupon": "",
    "total": 0,
    "owed": 0,
    "due": 0,
    "how": "",
    "address": "",
    "recipient": "",
    "slot": "",
    "note": "",
    "stage": "",
    "invoice": "",
    "rating": 0,
    "running": False,
    "can_cancel": False,
    "currency": CURRENCY,
    "attempts": 0,
    "status": "",
    "lapsed": False,
    "link": "",
    "card": "",
    "expired": False,
    "making": False,
}


def _goods(state: OrderState) -> Mapping[str, Any]:
    to = state.to
    return {
        "items": ", ".join(f"{line.quantity} × {line.name}" for line in state.lines),
        "goods": state.order.goods,
        "discount": state.order.discount,
        "delivery": state.order.delivery,
        "gst": _gst(state),
        "coupon": state.order.terms.coupon,
        "owed": state.owed,
        "how": str(to.how),
        "address": to.address,
        "recipient": to.recipient,
        "slot": to.slot_name,
        "note": to.note,
        "stage": str(state.stage or ""),
        "invoice": f"{STORED}{DocumentName(state.key)}" if has_invoice(state) else "",
        "rating": state.rating or 0,
        "running": state.running,
    }


ORDER_FIELDS: Final = frozenset(_NO_ORDER)
"""The fields of an order. No answer that a shop keeps with its orders may be called so."""


def _gst(state: OrderState) -> int:
    seller_state, to = state.order.terms.seller.gst[:2], state.order.to.state
    return gst_inside(state.order.lines, in_state=to in ("", seller_state))


def sample(statics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shop with every field, and a cart and an order of one article, to check templates."""
    article = _articles(statics)[0]
    views = _trial_views([Line(article["sku"], "", 1, _SAMPLE_TOTAL)], statics)
    choice = {**NO_CHECKOUT, "slots": [SLOT], "called": LookupTable({"": SLOT}, SLOT)}
    return {"shop": catalogue_view.example(statics["shop"]), **views, "checkout": choice}


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
    sums = {**NO_SUMS, "goods": total, "total": total}
    kept = dict.fromkeys(statics["shop"]["keeps"], "-")
    shown = {**_cart(cart, statics), **sums}
    return {"cart": shown, "checkout": NO_CHECKOUT, "order": {**kept, **order(state, 0)}}
