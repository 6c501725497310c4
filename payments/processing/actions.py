"""The shop's vocabulary in the flow language: its section, actions, events, filter and views.

Actions are pure: each takes a `ShopState` and returns the next one.
"""

from collections.abc import Mapping
from typing import Final

from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene, Vocabulary
from payments.ledger.state import OrderState, PaymentStatus
from payments.processing import views
from payments.processing.cart_actions import CART, NoArguments, limit_for_new, refused, state_of
from payments.processing.shop_state import ShopState
from payments.shop import cart, catalogue_view, stock
from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.orders import CURRENCY, Order, order_key

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
    "refund.created": "`event.amount` is going back, started in Razorpay's dashboard",
    "refund.processed": "`event.amount` went back",
    "refund.failed": "`event.amount` could not be given back; it waits for a person",
}
REQUIRED: Final = frozenset({"payment.captured", "order.requested"})


def _place(scene: Scene, args: NoArguments) -> Result:
    """Freeze the cart into a new order. An earlier order that is not paid ends first."""
    state = state_of(scene)
    shop = state.at.shop
    possible = tuple(
        Item(article.sku, min(quantity, limit_for_new(state, article)))
        for article, quantity in cart.known(state.cart, shop)
    )
    if possible != state.cart:
        # Also if a line's product is no longer sold: the customer may have seen the cart with it.
        changed = state.with_cart(tuple(item for item in possible if item.quantity))
        return Result(changed, instead=Happened("order.refused", {"reason": "sold out"}))
    lines = cart.lines(state.cart, shop, scene.language)
    total = sum(line.total for line in lines)
    if total < MIN_TOTAL:
        reason = "too small" if lines else "empty"
        return refused(scene, "order.refused", reason=reason, limit=MIN_TOTAL)
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


def _request(scene: Scene, args: NoArguments) -> Result:
    """Make sure that the current order has one payable link: the one it has, or a new one."""
    state = state_of(scene)
    order = state.order
    if order is None or order.status is not PaymentStatus.UNPAID:
        return refused(scene, "order.refused", reason="nothing to pay")
    link = order.link
    if link and link.expires_at > scene.now + USABLE_FOR:
        url = link.short_url
        return Result(state, raised=(Happened("payment_link.created", {"short_url": url}),) if url else ())
    lines, at = order.order.lines, state.at
    off = any(at.shop.is_off(line.sku, at.off) for line in lines)
    if order.lapsed and (off or not stock.enough(state.left, lines)):
        return refused(scene, "order.refused", reason="order sold out")
    return Result(state.request_link(order))


def _cancel(scene: Scene, args: NoArguments) -> Result:
    """Withdraw the current order's link. A payment that comes before the cancellation still counts."""
    state = state_of(scene)
    order = state.order
    if order is None or not order.open_to_pay:
        return Result(state)
    return Result(_withdraw_link(state, order) if order.link else state.end(order.key))


def _check(scene: Scene, args: NoArguments) -> Result:
    """Ask Razorpay for the current order's payments now, at most once in `ASK_AGAIN`."""
    state = state_of(scene)
    if state.order is None:
        return refused(scene, "order.refused", reason="nothing to pay")
    if not state.may_have_paid:
        return refused(scene, "payment.not_found")
    if scene.now < state.asked_at + ASK_AGAIN:
        return refused(scene, "payment.asked_lately")
    return Result(state.asking_for_payments(state.order.key))


SHOP: Final = Vocabulary(
    sections={"shop": Shop},
    actions={
        **CART,
        "order.place": Action(NoArguments, _place, ("order.refused",)),
        "payment.request": Action(NoArguments, _request, ("order.refused", "payment_link.created")),
        "payment.cancel": Action(NoArguments, _cancel),
        "payment.check": Action(
            NoArguments, _check, ("order.refused", "payment.asked_lately", "payment.not_found")
        ),
    },
    events=EVENTS,
    required=REQUIRED,
    filters={"money": money},
    statics=lambda sections, language, fallback: {
        "shop": catalogue_view.view(sections["shop"], language, fallback)
    },
    refreshed=views.refreshed,
    view_names=("cart", "order"),
    views=views.of,
    sample=views.sample,
    trials=views.trials,
)
"""The vocabulary of a shop."""
