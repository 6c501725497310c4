"""What a shop adds to the flow language: its section, actions, events, filter and views.

Actions are pure. What they ask of the outside is an `Act`; `payments.processing.draft` knows the kinds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from flows.engine.effects import Act
from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene, Trial, Vocabulary
from payments.shop import cart, catalogue, stock
from payments.shop.cart import Cart
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.orders import CURRENCY, Line, lines_from_json, lines_to_json, order_key, reference_id

FIRST_ORDER_NUMBER: Final = 10_000
"""Added to an event's number, so that the first order is not called #1."""
MIN_TOTAL: Final = 100
"""Paise. Razorpay takes no link under ₹1. Source: Create a Standard Payment Link."""
USABLE_FOR: Final = 2 * 60_000
"""Milliseconds a link must still live to be offered again; a customer needs some time to pay."""

ASK_AGAIN: Final = 30_000
"""Milliseconds between two times a customer may have Razorpay asked for their payment."""

PLACE: Final = "order.place"
CREATE: Final = "link.create"
CANCEL: Final = "link.cancel"
REOPEN: Final = "order.reopen"
"""An order that ended unpaid is to be paid after all."""
END: Final = "order.end"
"""An order that no link can pay ends unpaid."""
ASK: Final = "payments.ask"
"""Razorpay is asked for the payments of an order."""

UNPAID: Final = ("unpaid", "short")
"""Statuses of an order that can be paid."""

EVENTS: Final[Mapping[str, str]] = {
    "order.requested": "an order was asked for over the API; `event.items` has sku and quantity",
    "payment_link.created": "Razorpay made the payment link: `order.link` can be sent",
    "payment_link.refused": "there is no payment link; `event.reason` says why, in Razorpay's words or as"
    " `earlier order paid` or `earlier link open`",
    "payment_link.expired": "the payment link ran out unpaid",
    "payment_link.cancelled": "the payment link was cancelled unpaid",
    "payment.authorized": "the bank said yes minutes ago, and the payment is not captured: it may come or"
    " go back",
    "payment.released": "a payment that the bank had allowed was never captured, and goes back: nothing is"
    " paid",
    "payment.captured": "the order's whole total has been captured, once and for all; `event.late` if the"
    " order had ended before",
    "payment.short": "`event.amount` was captured, `event.due` is missing: a link for it is being made",
    "payment.held": "`event.amount` was captured that doesn't fit the order; it waits for a person",
    "payment.surplus": "more than the total was captured; `event.amount` goes back",
    "payment.returned": "money came that the order can't be fulfilled for; `event.amount` goes back",
    "payment.failed": "one try to pay failed, `event.reason` says why; the link can still be paid",
    "payment.not_found": "the customer had Razorpay asked, and it knows of no payment",
    "payment.asked_lately": "Razorpay was asked for the payment only moments ago",
    "refund.created": "`event.amount` is going back, started in Razorpay's dashboard",
    "refund.processed": "`event.amount` went back",
    "refund.failed": "`event.amount` could not be given back; it waits for a person",
}
REQUIRED: Final = frozenset({"payment.captured", "order.requested"})


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Item(_Nothing):
    sku: Annotated[str, Field(max_length=256)]


class _Quantity(_Item):
    quantity: Annotated[int, Field(ge=-(10**9), le=10**9)] = 1


def _shop(scene: Scene) -> Shop:
    shop = scene.sections["shop"]
    assert isinstance(shop, Shop)
    return shop


def _left(scene: Scene) -> Mapping[str, int]:
    """Pieces left of each product that is counted."""
    left: Mapping[str, int] = scene.outside.get("left", {})
    return left


def _nonce(scene: Scene) -> str:
    """The random letters of this step."""
    nonce: str = scene.outside.get("nonce", "")
    return nonce


def _refused(scene: Scene, event: str, **fields: Any) -> Result:
    return Result(scene.data, instead=Happened(event, fields))


def _put(scene: Scene, sku: str, quantity: int) -> Result:
    """Have exactly `quantity` of `sku` in the cart, within what one order may hold."""
    shop, held = _shop(scene), cart.of(scene.data)
    product = shop.product(sku)
    if product is None:
        return _refused(scene, "cart.refused", reason="unknown", limit=0)
    limit = shop.limit(product, _left_for_new(scene))
    data = cart.into(scene.data, cart.with_quantity(held, sku, min(quantity, limit)))
    if quantity > limit:
        reason = "limit" if limit else "sold out"
        return Result(data, instead=Happened("cart.refused", {"reason": reason, "limit": limit}))
    return Result(data, instead=_emptied(held, data))


def _emptied(held: Cart, data: Mapping[str, Any]) -> Happened | None:
    return Happened("cart.emptied") if held and not cart.of(data) else None


def _add(scene: Scene, args: _Quantity) -> Result:
    return _put(scene, args.sku, cart.quantity_of(cart.of(scene.data), args.sku) + max(args.quantity, 1))


def _set(scene: Scene, args: _Quantity) -> Result:
    return _put(scene, args.sku, args.quantity)


def _remove(scene: Scene, args: _Item) -> Result:
    held = cart.of(scene.data)
    data = cart.into(scene.data, cart.with_quantity(held, args.sku, 0))
    return Result(data, instead=_emptied(held, data))


def _empty(scene: Scene, args: _Nothing) -> Result:
    return Result(cart.into(scene.data, ()))


def _fill(scene: Scene, args: _Nothing) -> Result:
    """The cart becomes what the event's `items` ask for; without items it stays.

    Where the shop lacks one of the products, nothing is ordered and the cart stays: part of what was asked
    for would be a wrong order. Where there is less than asked for, nothing is
    ordered: who asked cannot see what came of it.
    """
    items = scene.event.get("items")
    if not items:
        # Of a catalogue's cart that could not be read whole, nothing is known.
        catalogue_order = scene.event.get("kind") == "order"
        return _refused(scene, "order.refused", reason="unknown") if catalogue_order else Result(scene.data)
    wanted: dict[str, int] = {}
    for item in items:
        wanted[item["sku"]] = wanted.get(item["sku"], 0) + item["quantity"]
    shop, left = _shop(scene), _left_for_new(scene)
    if any(shop.product(sku) is None for sku in wanted):
        return _refused(scene, "order.refused", reason="unknown")
    limits = {p.sku: shop.limit(p, left) for p in shop.products if p.sku in wanted}
    held = tuple((sku, min(wanted[sku], limit)) for sku, limit in limits.items())
    data = cart.into(scene.data, tuple((sku, quantity) for sku, quantity in held if quantity > 0))
    short = any(wanted[sku] > limit for sku, limit in limits.items())
    return Result(data, instead=Happened("order.refused", {"reason": "sold out"}) if short else None)


def _settle(scene: Scene, args: _Nothing) -> Result:
    """Take out of the cart what the current order bought."""
    bought = {line["sku"]: line["quantity"] for line in scene.data.get("order", {}).get("lines", ())}
    return Result(cart.into(scene.data, cart.without(cart.of(scene.data), bought)))


def _place(scene: Scene, args: _Nothing) -> Result:
    """Freeze the cart into a new order. An earlier order that is not paid ends first."""
    shop, earlier = _shop(scene), scene.data.get("order")
    left = _left_for_new(scene)
    possible = tuple(
        (product.sku, min(quantity, shop.limit(product, left)))
        for sku, quantity in cart.of(scene.data)
        if (product := shop.product(sku))
    )
    if possible != tuple(held for held in cart.of(scene.data) if shop.product(held[0])):
        data = cart.into(scene.data, tuple(item for item in possible if item[1]))
        return Result(data, instead=Happened("order.refused", {"reason": "sold out"}))
    names = {p["sku"]: p["name"] for p in catalogue.view(shop, scene.language, scene.language)["products"]}
    lines = cart.lines(cart.of(scene.data), shop, names)
    total = sum(line.total for line in lines)
    if total < MIN_TOTAL:
        reason = "too small" if lines else "empty"
        return _refused(scene, "order.refused", reason=reason, limit=MIN_TOTAL)
    ordinal = scene.data.get("orders", 0) + 1
    order = {
        "key": order_key(scene.conversation, ordinal, _nonce(scene)),
        "number": str(FIRST_ORDER_NUMBER + scene.number),
        "lines": lines_to_json(lines),
        "total": total,
        "due": total,
        "currency": CURRENCY,
        "attempts": 0,
        "status": "unpaid",
    }
    ended = (*_cancelled(earlier), Act(END, {"key": earlier["key"]})) if _lives(earlier) else ()
    acts = (*ended, Act(PLACE, order))
    return Result({**scene.data, "orders": ordinal, "order": order}, acts=acts)


def _request(scene: Scene, args: _Nothing) -> Result:
    """Have one payable link for the current order: the one there is, or a new one."""
    order = scene.data.get("order")
    if order is None or order["status"] != "unpaid":
        return _refused(scene, "order.refused", reason="nothing to pay")
    link = order.get("link")
    if link and link["expires_at"] > scene.now + USABLE_FOR:
        found = (Happened("payment_link.created", {"short_url": link["url"]}),) if link["url"] else ()
        return Result(scene.data, raised=found)
    if order.get("lapsed") and not stock.enough(_left(scene), lines_from_json(order["lines"])):
        return _refused(scene, "order.refused", reason="order sold out")
    attempt = order["attempts"] + 1
    reference = reference_id(order["key"], attempt, _nonce(scene))
    expires_at = scene.now + _shop(scene).payment_link_life
    asked = {
        **order,
        "attempts": attempt,
        "lapsed": False,
        "link": {"reference": reference, "expires_at": expires_at, "url": ""},
    }
    wanted = {
        "reference_id": reference,
        "order_key": order["key"],
        "ordinal": attempt,
        "amount": order["total"],
        "expires_at": expires_at,
    }
    reopened = (Act(REOPEN, {"key": order["key"]}),) if order.get("lapsed") else ()
    acts = (*reopened, Act(CREATE, wanted))
    return Result({**scene.data, "order": asked}, acts=acts)


def _cancel(scene: Scene, args: _Nothing) -> Result:
    """Make the current order's link unpayable. A payment that is faster still counts."""
    order = scene.data.get("order")
    if not _lives(order):
        return Result(scene.data)
    cancelled = _cancelled(order)
    acts = cancelled or (Act(END, {"key": order["key"]}),)
    return Result({**scene.data, "order": {**order, "link": None, "lapsed": not cancelled}}, acts=acts)


def _check(scene: Scene, args: _Nothing) -> Result:
    """Have Razorpay asked for the current order's payments, now; not more often than it makes sense."""
    order = scene.data.get("order")
    if order is None:
        return _refused(scene, "order.refused", reason="nothing to pay")
    if not scene.outside.get("links", True):
        return _refused(scene, "payment.not_found")
    if scene.now < order.get("asked_at", 0) + ASK_AGAIN:
        return _refused(scene, "payment.asked_lately")
    data = {**scene.data, "order": {**order, "asked_at": scene.now}}
    return Result(data, acts=(Act(ASK, {"key": order["key"]}),))


def _lives(order: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Whether goods may be reserved for an order that is not paid."""
    return order is not None and order["status"] in UNPAID and not order.get("lapsed")


def _left_for_new(scene: Scene) -> Mapping[str, int]:
    """What a new order may take: also what the customer's own order holds, which it would end."""
    order = scene.data.get("order")
    if not _lives(order):
        return _left(scene)
    back = {line["sku"]: line["quantity"] for line in order["lines"]}
    return {sku: left + back.get(sku, 0) for sku, left in _left(scene).items()}


def _cancelled(order: Mapping[str, Any] | None) -> tuple[Act, ...]:
    link = order.get("link") if order else None
    if not order or not link or order["status"] not in UNPAID:
        return ()
    return (Act(CANCEL, {"reference_id": link["reference"]}),)


def _refreshed(statics: Mapping[str, Any], outside: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shop as it is now: what is sold out is not in stock."""
    out = {sku for sku, left in outside.get("left", {}).items() if left <= 0}
    if not out:
        return statics
    shop = statics["shop"]
    products = [p if p["sku"] not in out else {**p, "in_stock": False} for p in shop["products"]]
    return {**statics, "shop": {**shop, "products": products}}


def _views(data: Mapping[str, Any], statics: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {"cart": _cart_view(data, statics), "order": _order_view(data.get("order"))}


def _cart_view(data: Mapping[str, Any], statics: Mapping[str, Any]) -> dict[str, Any]:
    held = data.get("cart")
    if not held:
        return {"lines": [], "count": 0, "total": 0}
    products = {product["sku"]: product for product in statics["shop"]["products"]}
    lines = [
        {**products[sku], "quantity": quantity, "total": products[sku]["price"] * quantity}
        for sku, quantity in held
        if sku in products
    ]
    count, total = sum(line["quantity"] for line in lines), sum(line["total"] for line in lines)
    return {"lines": lines, "count": count, "total": total}


def _order_view(order: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if order is None:
        return _NO_ORDER
    link = order.get("link") or {"url": ""}
    over = bool(link.get("over"))
    count = sum(line["quantity"] for line in order["lines"])
    known = {"due": order["total"], "lapsed": False, **order, "count": count}
    making = "reference" in link and not link["url"] and not over
    url = link["url"]
    return {**known, "link": "" if over else url, "expired": bool(over and url), "making": making}


_NO_ORDER: Final[Mapping[str, Any]] = {
    "number": "",
    "lines": [],
    "count": 0,
    "total": 0,
    "due": 0,
    "status": "",
    "lapsed": False,
    "link": "",
    "expired": False,
    "making": False,
}


def _sample(statics: Mapping[str, Any]) -> dict[str, Any]:
    """A cart and an order of one product, for the check of templates."""
    sku = statics["shop"]["products"][0]["sku"]
    line = lines_to_json([Line(sku, "", 1, MIN_TOTAL)])
    order = {"key": "", "number": "", "lines": line, "total": MIN_TOTAL, "currency": CURRENCY, "status": ""}
    return _views({"cart": [[sku, 1]], "order": order}, statics, "")


def _trials(statics: Mapping[str, Any]) -> Iterator[Trial]:
    """Each product alone in the cart and in an order, then all of them, ten of each."""
    products = statics["shop"]["products"]
    for product in products:
        yield _trial(f"'{product['sku']}' in the cart", [product], 1, statics)
    yield _trial("all products in the cart", products, 10, statics)


def _trial(name: str, products: Sequence[Mapping[str, Any]], each: int, statics: Mapping[str, Any]) -> Trial:
    lines = [Line(product["sku"], product["name"], each, product["price"]) for product in products]
    total, sku = sum(line.total for line in lines), products[0]["sku"]
    order = {
        "key": "aaaaaaaa-1-1",
        "number": str(FIRST_ORDER_NUMBER),
        "lines": lines_to_json(lines),
        "total": total,
        "currency": CURRENCY,
        "status": "unpaid",
        "link": {"url": "https://rzp.io/i/trial"},
    }
    views = _views({"cart": [[line.sku, each] for line in lines], "order": order}, statics, "")
    event = {"value": sku, "text": products[0]["name"], "title": products[0]["name"]}
    return Trial(name, sku, {**views, "event": event})


SHOP: Final = Vocabulary(
    sections={"shop": Shop},
    actions={
        "cart.add": Action(_Quantity, _add, ("cart.refused",)),
        "cart.set": Action(_Quantity, _set, ("cart.refused", "cart.emptied")),
        "cart.remove": Action(_Item, _remove, ("cart.emptied",)),
        "cart.empty": Action(_Nothing, _empty),
        "cart.fill": Action(_Nothing, _fill, ("order.refused",)),
        "cart.settle": Action(_Nothing, _settle),
        "order.place": Action(_Nothing, _place, ("order.refused",)),
        "payment.request": Action(_Nothing, _request, ("order.refused", "payment_link.created")),
        "payment.cancel": Action(_Nothing, _cancel),
        "payment.check": Action(
            _Nothing, _check, ("order.refused", "payment.asked_lately", "payment.not_found")
        ),
    },
    events=EVENTS,
    required=REQUIRED,
    filters={"money": money},
    statics=lambda sections, language, fallback: {
        "shop": catalogue.view(sections["shop"], language, fallback)
    },
    refreshed=_refreshed,
    view_names=("cart", "order"),
    views=_views,
    sample=_sample,
    trials=_trials,
)
"""The words of a shop."""
