"""The actions on orders: place one, promise cash for it, call it off. Pure."""

from typing import Final

from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene
from payments.ledger.state import OrderState
from payments.processing.cart_actions import NoArguments, limit_for_new, refused, state_of
from payments.processing.shop_state import ShopState
from payments.shop import cart
from payments.shop.cart import Item
from payments.shop.fulfilment import Stage, goods_are_here
from payments.shop.orders import CURRENCY, Lifecycle, Order, order_key

MIN_TOTAL: Final = 100
"""Paise. Razorpay makes no link under ₹1. Source: Create a Standard Payment Link."""
CUSTOMER: Final = "customer"
"""Who called an order off that its customer did not want any more."""


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
        number=str(state.next_number),
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
    return withdraw_link(state, earlier).end(earlier.key)


def withdraw_link(state: ShopState, order: OrderState) -> ShopState:
    """Return the state in which the order's link is being cancelled, if it has one."""
    return state.withdraw(order.link.reference_id) if order.link else state


def _promise(scene: Scene, args: NoArguments) -> Result:
    """Make the goods of the current order due, against cash at the door. Its link is withdrawn."""
    state = state_of(scene)
    order = state.order
    if order is None or order.lifecycle is not Lifecycle.OPEN or not order.open_to_pay:
        return refused(scene, "order.refused", reason="nothing to pay")
    if not state.takes_cash(order.owed) or order.balance.paid:
        terms = state.at.shop.cash
        return refused(scene, "order.refused", reason="no cash", limit=(terms and terms.up_to) or 0)
    return Result(state.promise(order.key))


def _call_off(scene: Scene, args: NoArguments) -> Result:
    """Call off the current order, if the shop still allows it. What was paid goes back."""
    state = state_of(scene)
    order = state.order
    if order is None or not (order.goods_due or order.open_to_pay or order.lapsed):
        return refused(scene, "order.refused", reason="nothing to cancel")
    if order.goods_due and not state.may_call_off(order):
        return refused(scene, "order.refused", reason="too late")
    shelf = goods_are_here(order.stage)
    ended = state.called_off(order.key, Stage.CANCELLED, CUSTOMER, shelf=shelf).unresolving(order.key)
    fields = {"stage": str(Stage.CANCELLED), "by": CUSTOMER, "refund": order.fulfilled}
    return Result(ended, raised=(Happened("order.stage", fields),))


ORDER: Final = {
    "order.place": Action(NoArguments, _place, ("order.refused",)),
    "order.cancel": Action(NoArguments, _call_off, ("order.refused", "order.stage")),
    "payment.cash": Action(NoArguments, _promise, ("order.refused",)),
}
