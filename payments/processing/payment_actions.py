"""The actions on payments: request a link, withdraw it, ask Razorpay. Pure."""

from typing import Final

from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene
from payments.ledger.state import PaymentStatus
from payments.processing.cart_actions import NoArguments, refused, refused_with, state_of
from payments.processing.order_actions import withdraw_link
from payments.processing.quoting import SOLD_OUT, cannot_come, coupon_is_used_up
from payments.shop import stock
from payments.shop.budgets import possible_at, refusal
from payments.shop.orders import Attempt, AttemptStatus

USABLE_FOR: Final = 2 * 60_000
"""Milliseconds that a link must still live to be offered again: a customer needs time to pay."""

ASK_AGAIN: Final = 30_000
"""Milliseconds that must pass before a customer can have Razorpay asked for their payment again."""


def _request(scene: Scene, args: NoArguments) -> Result:
    """Make sure that the current order has one thing to pay: its link, a new link, or a card in the chat.

    A new one comes as soon as the customer can pay no other. Who asks again while they have a card wants
    another way to pay, and gets a link.
    """
    state = state_of(scene)
    order = state.order
    if order is None or order.status is not PaymentStatus.UNPAID:
        return refused(scene, "order.refused", reason="nothing to pay")
    link = order.link
    if link and not has_card(link) and link.expires_at > scene.now + USABLE_FOR:
        url = link.short_url
        return Result(state, raised=(Happened("payment_link.created", {"short_url": url}),) if url else ())
    if order.lapsed and not stock.enough(state.left, order.lines):
        return refused(scene, "order.refused", reason=SOLD_OUT)
    if order.lapsed and (reason := cannot_come(state, order)):
        return refused(scene, "order.refused", reason=reason)
    if order.lapsed and coupon_is_used_up(state, order.order):
        # Its price cannot be had any more: the customer orders anew, without the coupon.
        return refused(scene, "order.refused", reason="changed")
    shop = state.at.shop
    if (at := possible_at(state.spent.links, shop.budgets.links, scene.now)) > scene.now:
        # An order that this event placed was never placed then: nobody could pay it.
        fields = refusal(shop.timezone, at, scene.now)
        return refused_with(state.before_order or state, "order.refused", **fields)
    state = state._replace(spent=state.spent.linking(scene.now)).request_payment(order)
    made = state.order and state.order.link
    card = made and made.is_card and made.status is AttemptStatus.CREATING
    return Result(state, raised=(Happened("payment_link.created", {"short_url": ""}),) if card else ())


def has_card(attempt: Attempt) -> bool:
    """Return whether the attempt is a card that the customer was shown."""
    return attempt.is_card and attempt.status is AttemptStatus.CREATED


def _cancel(scene: Scene, args: NoArguments) -> Result:
    """Withdraw the current order's link. A payment that comes before the cancellation still counts."""
    state = state_of(scene)
    order = state.order
    if order is None or not order.open_to_pay:
        return Result(state)
    return Result(withdraw_link(state, order) if order.link else state.end(order.key))


def _check(scene: Scene, args: NoArguments) -> Result:
    """Ask Razorpay for the current order's payments now, at most every 30 s."""
    state = state_of(scene)
    if state.order is None:
        return refused(scene, "order.refused", reason="nothing to pay")
    if not state.may_have_paid:
        return refused(scene, "payment.not_found")
    if scene.now < state.asked_at + ASK_AGAIN:
        return refused(scene, "payment.asked_lately")
    return Result(state.asking_for_payments(state.order.key))


PAYMENT: Final = {
    "payment.request": Action(
        NoArguments,
        _request,
        ("order.refused",),
        follows=("payment_link.created",),
        brings=("payment_link.refused",),
    ),
    "payment.cancel": Action(NoArguments, _cancel),
    "payment.check": Action(
        NoArguments, _check, ("order.refused", "payment.asked_lately", "payment.not_found")
    ),
}
