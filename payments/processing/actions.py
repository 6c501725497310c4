"""The shop's vocabulary in the flow language: its section, actions, events, filter and views.

Actions are pure: each takes a `ShopState` and returns the next one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene, Vocabulary
from payments.ledger.state import OrderState, PaymentStatus
from payments.processing import staff_faults, staff_replies, views
from payments.processing.shop_state import ShopState
from payments.shop import cart, catalogue, stock
from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.consent import Hears
from payments.shop.handover import Ending
from payments.shop.money import money
from payments.shop.orders import CURRENCY, Order, order_key
from payments.shop.staff import Right, who_may

FIRST_ORDER_NUMBER: Final = 10_000
"""Added to an event's number, so that the first order is not #1."""
MIN_TOTAL: Final = 100
"""Paise. Razorpay makes no link under ₹1. Source: Create a Standard Payment Link."""
USABLE_FOR: Final = 2 * 60_000
"""Milliseconds that a link must still live to be offered again: a customer needs time to pay."""

ASK_AGAIN: Final = 30_000
"""Milliseconds that must pass before a customer can have Razorpay asked for their payment again."""

EVENTS: Final[Mapping[str, str]] = {
    "order.requested": "an order was asked for over the API; `event.items` has sku and quantity",
    "payment_link.created": "Razorpay made the payment link: `order.link` can be sent",
    "payment_link.refused": "there is no payment link; `event.reason` says why, in Razorpay's words or as"
    " `earlier order paid` or `earlier link open`",
    "payment_link.expired": "the payment link ran out unpaid",
    "payment_link.cancelled": "the payment link was cancelled unpaid",
    "payment.authorized": "the bank authorised the payment minutes ago, and it is not captured: the money may"
    " still come or go back",
    "payment.released": "an authorised payment was never captured and goes back: nothing is paid",
    "payment.captured": "the order's whole total has been captured; comes once; `event.late` if the order had"
    " ended before",
    "payment.short": "`event.amount` was captured, `event.due` is missing: a link for it is being made",
    "payment.held": "`event.amount` was captured that doesn't fit the order; it waits for a person",
    "payment.surplus": "more than the total was captured; `event.amount` goes back",
    "payment.returned": "money came that the order can't be fulfilled for; `event.amount` goes back",
    "payment.failed": "one try to pay failed, `event.reason` says why; the link can still be paid",
    "payment.not_found": "the customer had Razorpay asked, and it knows of no payment",
    "payment.asked_lately": "Razorpay was asked for the payment only moments ago",
    "handover.ended": "the bot has the chat again; `event.because` says why: `done`, `asked`, `quiet`, or"
    " `nobody` if there is nobody to hand it over to",
    "refund.created": "`event.amount` is going back, started in Razorpay's dashboard",
    "refund.processed": "`event.amount` went back",
    "refund.failed": "`event.amount` could not be given back; it waits for a person",
}
REQUIRED: Final = frozenset({"payment.captured", "order.requested"})


class _NoArguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Product(_NoArguments):
    sku: Annotated[str, Field(max_length=256)]


class _Quantity(_Product):
    quantity: Annotated[int, Field(ge=-(10**9), le=10**9)] = 1


class _Hears(_NoArguments):
    hears: Hears


def _state(scene: Scene) -> ShopState:
    state = scene.host
    assert isinstance(state, ShopState)
    return state


def _refused(scene: Scene, event: str, **fields: Any) -> Result:
    return Result(scene.host, instead=Happened(event, fields))


def _put(scene: Scene, sku: str, quantity: int) -> Result:
    """Set the cart to exactly `quantity` of `sku`, within what one order may hold."""
    state = _state(scene)
    product = state.at.shop.product(sku)
    if product is None:
        return _refused(scene, "cart.refused", reason="unknown", limit=0)
    limit = state.at.shop.limit(product, _left_for_new(state))
    changed = state.with_cart(cart.with_quantity(state.cart, sku, min(quantity, limit)))
    if quantity > limit:
        reason = "limit" if limit else "sold out"
        return Result(changed, instead=Happened("cart.refused", {"reason": reason, "limit": limit}))
    return Result(changed, instead=_cart_emptied(state, changed))


def _cart_emptied(before: ShopState, after: ShopState) -> Happened | None:
    return Happened("cart.emptied") if before.cart and not after.cart else None


def _add(scene: Scene, args: _Quantity) -> Result:
    return _put(scene, args.sku, cart.quantity_of(_state(scene).cart, args.sku) + max(args.quantity, 1))


def _set(scene: Scene, args: _Quantity) -> Result:
    return _put(scene, args.sku, args.quantity)


def _remove(scene: Scene, args: _Product) -> Result:
    state = _state(scene)
    changed = state.with_cart(cart.with_quantity(state.cart, args.sku, 0))
    return Result(changed, instead=_cart_emptied(state, changed))


def _empty(scene: Scene, args: _NoArguments) -> Result:
    return Result(_state(scene).with_cart(()))


def _fill(scene: Scene, args: _NoArguments) -> Result:
    """Fill the cart with the event's `items`; without items it stays.

    If the shop lacks one of the products, the order is refused and the cart stays: a part of what was asked
    for would be a wrong order. If less is left than was asked for, the cart holds what is left and the order
    is refused: the requester has not seen that cart.
    """
    items = cart.items_from_json(scene.event.get("items") or ())
    if not items:
        # A catalogue cart without items could not be read as a whole, so its products are unknown.
        catalogue_order = scene.event.get("kind") == "order"
        return _refused(scene, "order.refused", reason="unknown") if catalogue_order else Result(scene.host)
    wanted: dict[str, int] = {}
    for item in items:
        wanted[item.sku] = wanted.get(item.sku, 0) + item.quantity
    state = _state(scene)
    shop, left = state.at.shop, _left_for_new(state)
    if any(shop.product(sku) is None for sku in wanted):
        return _refused(scene, "order.refused", reason="unknown")
    limits = {p.sku: shop.limit(p, left) for p in shop.products if p.sku in wanted}
    filled = (Item(sku, min(wanted[sku], limit)) for sku, limit in limits.items())
    changed = state.with_cart(tuple(item for item in filled if item.quantity > 0))
    short = any(wanted[sku] > limit for sku, limit in limits.items())
    return Result(changed, instead=Happened("order.refused", {"reason": "sold out"}) if short else None)


def _settle(scene: Scene, args: _NoArguments) -> Result:
    """Remove what the current order bought from the cart."""
    state = _state(scene)
    bought = {line.sku: line.quantity for line in state.order.order.lines} if state.order else {}
    return Result(state.with_cart(cart.without(state.cart, bought)))


def _place(scene: Scene, args: _NoArguments) -> Result:
    """Freeze the cart into a new order. An earlier order that is not paid ends first."""
    state = _state(scene)
    shop, left = state.at.shop, _left_for_new(state)
    on_sale = tuple(item for item in state.cart if shop.product(item.sku))
    possible = tuple(
        Item(product.sku, min(quantity, shop.limit(product, left)))
        for product, quantity in cart.known(on_sale, shop)
    )
    if possible != on_sale:
        changed = state.with_cart(tuple(item for item in possible if item.quantity))
        return Result(changed, instead=Happened("order.refused", {"reason": "sold out"}))
    lines = cart.lines(on_sale, shop, scene.language)
    total = sum(line.total for line in lines)
    if total < MIN_TOTAL:
        reason = "too small" if lines else "empty"
        return _refused(scene, "order.refused", reason=reason, limit=MIN_TOTAL)
    order = Order(
        key=order_key(scene.conversation, state.placed + 1, state.at.nonce),
        number=str(FIRST_ORDER_NUMBER + scene.number),
        conversation=scene.conversation,
        lines=lines,
        total=total,
        currency=CURRENCY,
        placed_at=scene.now,
        placed_by=scene.number,
    )
    return Result(_end_current(state).place(order))


def _end_current(state: ShopState) -> ShopState:
    """Return the state with its current order ended, if that can still be paid."""
    earlier = state.order
    if earlier is None or not earlier.open_to_pay:
        return state
    return _withdraw_link(state, earlier).end(earlier.key)


def _withdraw_link(state: ShopState, order: OrderState) -> ShopState:
    return state.withdraw(order.link.reference_id) if order.link else state


def _request(scene: Scene, args: _NoArguments) -> Result:
    """Make sure that the current order has one payable link: the one it has, or a new one."""
    state = _state(scene)
    order = state.order
    if order is None or order.status is not PaymentStatus.UNPAID:
        return _refused(scene, "order.refused", reason="nothing to pay")
    link = order.link
    if link and link.expires_at > scene.now + USABLE_FOR:
        url = link.short_url
        return Result(state, raised=(Happened("payment_link.created", {"short_url": url}),) if url else ())
    if order.lapsed and not stock.enough(state.left, order.order.lines):
        return _refused(scene, "order.refused", reason="order sold out")
    return Result(state.request_link(order))


def _cancel(scene: Scene, args: _NoArguments) -> Result:
    """Withdraw the current order's link. A payment that comes before the cancellation still counts."""
    state = _state(scene)
    order = state.order
    if order is None or not order.open_to_pay:
        return Result(state)
    return Result(_withdraw_link(state, order) if order.link else state.end(order.key))


def _check(scene: Scene, args: _NoArguments) -> Result:
    """Ask Razorpay for the current order's payments now, at most once in `ASK_AGAIN`."""
    state = _state(scene)
    if state.order is None:
        return _refused(scene, "order.refused", reason="nothing to pay")
    if not state.may_have_paid:
        return _refused(scene, "payment.not_found")
    if scene.now < state.asked_at + ASK_AGAIN:
        return _refused(scene, "payment.asked_lately")
    return Result(state.asking_for_payments(state.order.key))


def _hand_over(scene: Scene, args: _NoArguments) -> Result:
    """Leave the chat to those of the staff who may talk to customers. Without any, the bot keeps it."""
    state = _state(scene)
    if set(who_may(Right.CHAT, state.at.staff)) <= {scene.conversation}:
        return _refused(scene, "handover.ended", because=str(Ending.NOBODY))
    return Result(state.handed_over())


def _hear(scene: Scene, args: _Hears) -> Result:
    return Result(replace(_state(scene), hears=args.hears))


def _left_for_new(state: ShopState) -> Mapping[str, int]:
    """Return the pieces that a new order may take.

    They include what the customer's current order reserves, because a new order would end it.
    """
    order = state.order
    if order is None or not order.open_to_pay:
        return state.left
    reserved = {line.sku: line.quantity for line in order.order.lines}
    return {sku: pieces + reserved.get(sku, 0) for sku, pieces in state.left.items()}


SHOP: Final = Vocabulary(
    sections={"shop": Shop},
    actions={
        "cart.add": Action(_Quantity, _add, ("cart.refused",)),
        "cart.set": Action(_Quantity, _set, ("cart.refused", "cart.emptied")),
        "cart.remove": Action(_Product, _remove, ("cart.emptied",)),
        "cart.empty": Action(_NoArguments, _empty),
        "cart.fill": Action(_NoArguments, _fill, ("order.refused",)),
        "cart.settle": Action(_NoArguments, _settle),
        "order.place": Action(_NoArguments, _place, ("order.refused",)),
        "payment.request": Action(_NoArguments, _request, ("order.refused", "payment_link.created")),
        "handover": Action(_NoArguments, _hand_over, ("handover.ended",)),
        "customer.hears": Action(_Hears, _hear),
        "payment.cancel": Action(_NoArguments, _cancel),
        "payment.check": Action(
            _NoArguments, _check, ("order.refused", "payment.asked_lately", "payment.not_found")
        ),
    },
    events=EVENTS,
    required=REQUIRED,
    filters={"money": money},
    statics=lambda sections, language, fallback: {
        "shop": catalogue.view(sections["shop"], language, fallback)
    },
    refreshed=views.refreshed,
    view_names=("cart", "order"),
    views=views.of,
    customer=views.customer,
    staff_place=staff_replies.place,
    faults=staff_faults.faults,
    sample=views.sample,
    trials=views.trials,
)
"""The vocabulary of a shop."""
