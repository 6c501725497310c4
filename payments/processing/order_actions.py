"""The actions on orders: place one, promise cash for it, call it off. Pure."""

from dataclasses import replace
from typing import Any, Final

from flows.engine.vocabulary import Action, Result, Scene
from payments.ledger.state import OrderState
from payments.processing.cart_actions import NoArguments, limit_for_new, refused, refused_with, state_of
from payments.processing.checkout_changes import fields_of
from payments.processing.quoting import Fault, OrderFault, Quote
from payments.processing.shop_state import ShopState
from payments.shop import cart
from payments.shop.budgets import possible_at, refusal
from payments.shop.cart import Item
from payments.shop.checkout import CheckoutField
from payments.shop.delivery import Area, area_of
from payments.shop.fulfilment import Stage, goods_are_here
from payments.shop.legal import seller
from payments.shop.order_terms import Terms
from payments.shop.orders import CURRENCY, Lifecycle, Order, order_key
from payments.shop.staff import CUSTOMER

MIN_TOTAL: Final = 100
"""Paise. Razorpay makes no link under ₹1. Source: Create a Standard Payment Link."""


def _place(scene: Scene, args: NoArguments) -> Result:
    """Freeze the cart into a new order, and reserve its goods.

    An earlier order that is not paid ends first, and its link is cancelled.
    """
    state = state_of(scene)
    shop = state.at.shop
    possible = tuple(
        Item(article.sku, min(quantity, limit_for_new(state, article)))
        for article, quantity in cart.known(state.cart, shop)
    )
    if possible != state.cart:
        # Also if a line's product is no longer sold: the customer may have seen the cart with it.
        changed = state.with_cart(tuple(item for item in possible if item.quantity))
        return refused_with(changed, "order.refused", reason="sold out")
    quote = Quote(state, scene.language)
    if not quote.lines:
        return refused(scene, "order.refused", reason="empty", limit=MIN_TOTAL)
    if fault := next(quote.faults(), None):
        return _not_orderable(scene, fault)
    if quote.total < MIN_TOTAL:
        return refused(scene, "order.refused", reason="too small", limit=MIN_TOTAL)
    if (at := possible_at(state.spent.orders, shop.budgets.orders, scene.now)) > scene.now:
        return refused(scene, "order.refused", **refusal(shop.timezone, at, scene.now))
    placed = _end_current(state).place(_order(scene, quote))
    return Result(placed._replace(before_order=state, spent=state.spent.ordering(scene.now)))


def _not_orderable(scene: Scene, fault: Fault) -> Result:
    """Refuse the order. A coupon that cannot be used is dropped, and the customer can order without it."""
    state = state_of(scene)
    if isinstance(fault, OrderFault):
        return refused(scene, "order.refused", reason=fault.reason, limit=fault.limit)
    if fault.field is CheckoutField.COUPON:
        state = state.saying(replace(state.checkout, coupon=""))
    return refused_with(state, "checkout.refused", **fields_of(fault))


def _order(scene: Scene, quote: Quote) -> Order:
    state, coupon = quote.state, quote.usable_coupon
    shop = state.at.shop
    kept = {name: scene.variables[name] for name in shop.keeps if scene.variables.get(name) not in (None, "")}
    return Order(
        key=order_key(scene.conversation, state.placed + 1, state.at.nonce),
        number=str(state.next_number),
        conversation=scene.conversation,
        lines=quote.lines,
        total=quote.total,
        currency=CURRENCY,
        placed_at=scene.now,
        placed_by=scene.number,
        to=quote.destination,
        terms=Terms(
            coupon=coupon.code if coupon else "",
            language=scene.language,
            kept=kept,
            seller=seller(shop.legal, shop.gst),
            repairs=shop.repairs.model_dump(),
        ),
    )


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
    """Make the goods of the current order due, against cash at the door. Its link is withdrawn.

    Refused (`no cash`) where the shop takes none.
    """
    state = state_of(scene)
    order = state.order
    if order is None or order.lifecycle is not Lifecycle.OPEN or not order.open_to_pay:
        return refused(scene, "order.refused", reason="nothing to pay")
    if not state.takes_cash(order.owed, _area(state, order)) or order.balance.paid:
        terms = state.at.shop.cash
        limit = (terms.up_to if terms else None) or 0
        return refused_with(_without_cash(state, order), "order.refused", reason="no cash", limit=limit)
    return Result(state.promise(order.key))


def _without_cash(state: ShopState, order: OrderState) -> ShopState:
    """Return the state in which no cash is taken for the current order.

    If this event placed it, it was never placed: cart, slot, coupon and an earlier order are as before. Else
    it ends if nobody can pay it, for it would keep its goods for ever. `payment.request` opens it again.
    """
    if state.before_order is not None:
        return state.before_order
    return state if order.attempts else state.end(order.key)


def _area(state: ShopState, order: OrderState) -> Area | None:
    """Return the area that the order goes to; None if it is fetched, or goes to none of the shop's."""
    delivery, pincode = state.at.shop.delivery, order.to.pincode
    return area_of(delivery, pincode) if delivery and pincode else None


class _Named(NoArguments):
    order: Any = None
    """Key of an order; without one, the order is meant that is under way."""


def _turned_to(state: ShopState, named: Any) -> OrderState | None:
    """Return the order with the key `named`, or the one that is meant if none is named."""
    key = str(named or "").strip()
    return state.orders.get(key) if key else state.meant


def _show(scene: Scene, args: _Named) -> Result:
    """Turn the chat to an order that is under way, or that is named: `order` is then about it.

    An order that can still be paid, or whose goods are to come, goes before an older one; if it has ended,
    the newest whose goods are to come is shown.
    """
    state = state_of(scene)
    order = _turned_to(state, args.order)
    return Result(state.about(order.key) if order else state)


def _call_off(scene: Scene, args: _Named) -> Result:
    """Call off an order, if the shop still allows it. What was paid goes back; so does what comes.

    Goods that nobody has begun to prepare can be sold again. The chat is then about it. The step tells the
    flow, as it does when the staff call an order off.
    """
    state = state_of(scene)
    order = _turned_to(state, args.order)
    if order is None or order.lifecycle is Lifecycle.RETURNED:
        return refused(scene, "order.refused", reason="nothing to cancel")
    state = state.about(order.key)
    if not state.may_cancel(order):
        return refused_with(state, "order.refused", reason="too late")
    shelf = goods_are_here(order.stage)
    return Result(state.called_off(order.key, Stage.CANCELLED, CUSTOMER, shelf=shelf).unresolving(order))


class _Rating(NoArguments):
    rating: Any
    """`5`, or `<order key> 5`: what the button of a message says rates the order that it was about."""


def _rate(scene: Scene, args: _Rating) -> Result:
    """Keep what the customer says of an order, from 1 (bad) to 5 (good), once.

    It is `order.rating` then (0 if nothing yet). A button with `with: "{{ order.key }} 5"` rates the order
    that its message was about, a mere `5` the current one. Refused with the reason `not delivered`, `rated
    before`, or `no rating` if it is none of 1 to 5.
    """
    state = state_of(scene)
    *named, said = str(args.rating).split() or [""]
    order = state.orders.get(named[0]) if named else state.order
    if order is None or order.stage is not Stage.DELIVERED:
        return refused(scene, "order.refused", reason="not delivered", limit=0)
    if order.rating is not None:
        return refused(scene, "order.refused", reason="rated before", limit=order.rating)
    if said not in _RATINGS or len(named) > 1:
        return refused(scene, "order.refused", reason="no rating", limit=BEST_RATING)
    return Result(state.with_order(replace(order, rating=int(said))))


BEST_RATING: Final = 5
_RATINGS: Final = frozenset(str(rating) for rating in range(1, BEST_RATING + 1))

ORDER: Final = {
    "order.place": Action(NoArguments, _place, ("order.refused", "checkout.refused")),
    "order.rate": Action(_Rating, _rate, ("order.refused",)),
    "order.show": Action(_Named, _show),
    "order.cancel": Action(_Named, _call_off, ("order.refused",), follows=("order.stage",)),
    "payment.cash": Action(NoArguments, _promise, ("order.refused",)),
}
