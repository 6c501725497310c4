"""Orders API: place an order for a customer and get its payment link, or read an order's status."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, assert_never

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.context import CONTEXT, Context
from bot.http import bodies
from bot.http.access import authorise, idempotency_key, problem, validated
from bot.http.event_wait import erased, stored_once
from bot.ingest import from_request
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from payments.ledger.holds import HoldReason, reason_of
from payments.ledger.state import PaymentStatus
from payments.processing.bodies import OrderRequested
from payments.processing.cart_actions import CHOOSE_VARIANT
from payments.processing.order_actions import MIN_TOTAL
from payments.razorpay.callback import signature_matches
from payments.shop.budgets import TOO_MANY
from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.checkout import CheckoutField
from payments.shop.money import money
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle
from storage.database.queues import InboxState
from storage.reports.queries import EventView, OrderView


class OrderStatus(StrEnum):
    """The status of an order, as the API names it. `README.md` explains each."""

    OPEN = "open"
    CREATING = "creating"
    CREATED = "created"
    WITHDRAWING = "withdrawing"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"
    AUTHORISED = "authorised"
    CASH = "cash"
    PAID = "paid"
    HELD = "held"
    REFUNDED = "refunded"


LINK_SECONDS: Final = 10.0
"""Seconds that an answer waits for the payment link."""
_ASK_EVERY: Final = 0.05
_KEY: Final = 64
"""Maximum characters of an order's key."""
_LINK_AHEAD: Final = (AttemptStatus.PLANNED, AttemptStatus.CREATING)
"""Statuses of an attempt whose link is not made yet."""
_WAITING: Final = {
    "order_id": None,
    "order_number": None,
    "razorpay_id": None,
    "razorpay_short_url": None,
    "status": OrderStatus.CREATING,
}
"""The answer until the order is placed. The caller repeats its request with the same Idempotency-Key."""
_WHY: Final = {
    CHOOSE_VARIANT: "one of the products comes in variants: order one of them by its own sku",
    "empty": "the customer's cart is empty",
    "sold out": "there is not enough left of what was asked for",
    "too small": f"the sum is too small, an order must come to {money(MIN_TOTAL)} at least",
    "unknown": "the shop lacks one of the products",
    "below minimum": "the goods come to less than the shop or the area asks for",
    "closed": "the shop is closed now",
    "changed": "the price is not the one that the customer was shown last",
    "no cash": "the shop takes no cash for this order",
    TOO_MANY: "the customer has asked for as many orders or links as one may within an hour",
    "no address": "the shop needs an address",
    "a question": "the address asks something and has no number",
    "too long": "the address or the note is too long",
    "too short": "the address is too short",
    "no pincode": "the address has no pincode",
    "not served": "the shop does not deliver to that pincode",
    "no pickup": "goods cannot be picked up at this shop",
    "no slot": "there is no such delivery slot, or none was chosen",
    "slot over": "the slot takes no orders any more",
    "slot full": "the slot is full",
}
"""Words for the caller, by reason of the events in `_REFUSALS`. Of a coupon the reason itself is shown."""
_REFUSALS: Final = ("order.refused", "checkout.refused")

routes = web.RouteTableDef()


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1


class _OrderRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    phone: Annotated[str, Field(min_length=8, max_length=20)]
    items: Annotated[list[_Item], Field(min_length=1, max_length=100)] | None = None
    address: Annotated[str, Field(max_length=500)] | None = None
    slot: Annotated[str, Field(max_length=64)] | None = None
    note: Annotated[str, Field(max_length=500)] | None = None
    coupon: Annotated[str, Field(max_length=64)] | None = None
    pickup: bool | None = None
    pays: Literal["online", "cash"] | None = None

    @property
    def order(self) -> OrderRequested:
        """What is asked for."""
        said = self.model_dump(exclude={"phone", "items"}, exclude_none=True)
        return OrderRequested(self.wanted, said)

    @property
    def wanted(self) -> tuple[Item, ...] | None:
        """The products asked for; None for what is in the cart."""
        return tuple(Item(item.sku, item.quantity) for item in self.items) if self.items else None


@routes.post("/payments/create")
async def create(request: web.Request) -> web.Response:
    """Place an order as if the customer had checked out.

    Answers 200 with the link, or with the status of an order that will get none; 202 if the link takes over
    10 seconds; 502 if Razorpay refuses it; 429 if the customer has placed too many within an hour.
    """
    authorise(request)
    context = request.app[CONTEXT]
    body = bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))
    order_request = validated(_OrderRequest, body)
    wanted = order_request.order
    _check_skus(context, wanted.items)
    key = idempotency_key(request)
    phone = await _phone(context, order_request.phone)
    stored = await stored_once(context, lambda key: from_request(phone, wanted, key), key)
    view = await _wait_for_order(context, stored.number)
    if view is None:
        return web.json_response(_WAITING, status=202)
    if _status(view) is OrderStatus.REFUSED:
        return web.json_response({**_answer(view), "error": "no link could be made"}, status=502)
    return web.json_response(_answer(view), status=200 if _link_decided(view) else 202)


@routes.get("/payments/return")
async def returned(request: web.Request) -> web.Response:
    """Thank the customer whom Razorpay's page sends back. Only the webhook proves that a payment was made."""
    secret = request.app[CONTEXT].settings.razorpay_key_secret.get_secret_value()
    if not signature_matches(request.query, secret):
        raise web.HTTPForbidden(text="this address was not made by Razorpay\n")
    return web.Response(text="Thank you! We confirm your payment on WhatsApp in a moment.\n")


@routes.get("/payments/{order_id}")
async def status(request: web.Request) -> web.Response:
    """Answer with the order's status."""
    authorise(request)
    key = request.match_info["order_id"]
    # PostgreSQL raises an error on some text that no key can be, such as NUL.
    may_be = len(key) <= _KEY and key.isascii() and key.isprintable()
    view = await request.app[CONTEXT].store.order(key) if may_be else None
    if view is None:
        raise problem(web.HTTPNotFound, "there is no such order")
    return web.json_response(_answer(view))


async def _phone(context: Context, written: str) -> str:
    """Return the digits of `written`, as WhatsApp spells them if we know the customer."""
    known = await context.store.known_names(PHONE, phones.spellings(written))
    try:
        return known[0] if known else phones.valid(written)
    except ValueError as error:
        raise problem(web.HTTPUnprocessableEntity, f"phone: {error}") from None


def _check_skus(context: Context, items: tuple[Item, ...] | None) -> None:
    shop: Shop = context.flow.sections["shop"]
    wanted: Counter[str] = Counter()
    for index, item in enumerate(items or ()):
        article = shop.article(item.sku)
        if article is None:
            raise problem(web.HTTPUnprocessableEntity, f"items.{index}.sku: {_why_not(shop, item.sku)}")
        wanted[article.sku] += item.quantity
        limit = shop.limit(article, {})
        if wanted[article.sku] > limit:
            over = f"items.{index}.quantity: one order takes at most {limit} of '{item.sku}'"
            raise problem(web.HTTPUnprocessableEntity, over)


def _why_not(shop: Shop, sku: str) -> str:
    """Return why nothing can be ordered by `sku`."""
    product = shop.product(sku)
    if product is None:
        return f"the shop has no '{sku}'"
    return f"'{sku}' comes in variants: order {' or '.join(variant.sku for variant in product.variants)}"


async def _wait_for_order(context: Context, number: int) -> OrderView | None:
    """Wait for the order that event `number` places, and for its link. None if it is not placed in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LINK_SECONDS
    while True:
        # Read the event first: if it is handled by then, the order that it placed is visible.
        event = await context.store.event(number)
        view = await context.store.order_placed_by(number)
        if view is None or _was_refused(event, view):
            _refuse_unplaced(event)
        if (view is not None and _link_decided(view)) or loop.time() > deadline:
            return view
        await asyncio.sleep(_ASK_EVERY)


def _was_refused(event: EventView | None, view: OrderView) -> bool:
    """Return whether `event` placed the order and ended it at once, because it cannot be paid as it asks."""
    ended = view.lifecycle is Lifecycle.LAPSED and not view.attempts
    return ended and event is not None and bool(_refusals(event))


def _refuse_unplaced(event: EventView | None) -> None:
    """Raise an error that says why `event` placed no order; return while that is not known."""
    if event is None:
        raise erased()
    if event.state is InboxState.PENDING:
        return
    if event.state is InboxState.PARKED:
        raise problem(web.HTTPInternalServerError, "the order could not be placed; the operator can see why")
    said = f"nothing was ordered: {_refusal_reason(event)}"
    codes = _refusal_codes(event)
    if codes["reason"] != TOO_MANY:
        raise problem(web.HTTPConflict, said, **codes)
    refused = problem(web.HTTPTooManyRequests, said, **codes)
    refused.headers["Retry-After"] = str(_refusals(event)[-1].get("wait"))
    raise refused


def _refusal_reason(event: EventView) -> str:
    """Return why the flow placed no order, from its decision record."""
    refused = _refusals(event)
    ignored = [entry["ignored"] for entry in event.trace if entry.get("ignored")]
    if refused:
        reason = str(refused[-1].get("reason"))
        if refused[-1].get("field") == CheckoutField.COUPON:
            return f"the coupon cannot be used ({reason})"
        return _WHY.get(reason, f"the shop refuses it ({reason})")
    return f"the flow ignores it: {ignored[-1]}" if ignored else "the flow does not order there"


def _refusals(event: EventView) -> list[Mapping[str, Any]]:
    """Return the entries of the decision record in which something was refused."""
    return [entry for entry in event.trace if entry.get("event") in _REFUSALS]


def _refusal_codes(event: EventView) -> dict[str, str]:
    """Return the `reason` why nothing was ordered, and the `field` that it is about, for programs."""
    refused = _refusals(event)
    if not refused:
        return {"reason": "ignored" if any(entry.get("ignored") for entry in event.trace) else "no order"}
    return {name: str(refused[-1][name]) for name in ("reason", "field") if refused[-1].get(name)}


def _link_decided(view: OrderView) -> bool:
    """Return whether the link is made, refused, or no longer wanted.

    An order ends without a link if another order replaces it before its link is asked for, or if the flow
    never asks for payment.
    """
    pending = any(attempt.status in _LINK_AHEAD for attempt in view.attempts)
    return _newest_link(view) is not None or not pending


def _newest_link(view: OrderView) -> Attempt | None:
    """Return the newest attempt whose link is made; None if there is none. A card in the chat is no link."""
    made = [attempt for attempt in view.attempts if attempt.link_id and not attempt.is_card]
    return made[-1] if made else None


def _answer(view: OrderView) -> dict[str, Any]:
    link = _newest_link(view)
    return {
        "order_id": view.order.key,
        "order_number": view.order.number,
        "razorpay_id": link.link_id if link else None,
        "razorpay_short_url": link.short_url if link else None,
        "status": _status(view),
        "amount": view.order.total,
        "currency": view.order.currency,
        "paid_at": view.paid_at,
    }


def _status(view: OrderView) -> OrderStatus:
    match view.lifecycle:
        case Lifecycle.FULFILLED if view.fulfilled:
            return OrderStatus.PAID
        case Lifecycle.PROMISED:
            return OrderStatus.CASH
        case Lifecycle.RETURNED if view.payment is PaymentStatus.CANCELLED:
            return OrderStatus.CANCELLED
        case Lifecycle.FULFILLED | Lifecycle.RETURNED:
            return OrderStatus.REFUNDED
        case Lifecycle.OPEN | Lifecycle.LAPSED:
            return _status_before_goods_are_due(view)
        case _:
            assert_never(view.lifecycle)


def _status_before_goods_are_due(view: OrderView) -> OrderStatus:
    if reason_of(view.held_for) not in (None, HoldReason.UNCAPTURED):
        return OrderStatus.HELD
    match view.payment:
        case PaymentStatus.AUTHORISED | PaymentStatus.HELD:
            # Held without a reason: its link is reported paid, or its money came in an event that was parked.
            return OrderStatus.HELD if view.paid_at else OrderStatus.AUTHORISED
        case (
            PaymentStatus.UNPAID
            | PaymentStatus.SHORT
            | PaymentStatus.CASH
            | PaymentStatus.CANCELLED
            | PaymentStatus.PAID
            | PaymentStatus.REFUNDING
            | PaymentStatus.REFUNDED
        ):
            if view.attempts:
                return _status_of_link(view.attempts[-1].status)
            return OrderStatus.OPEN if view.lifecycle is Lifecycle.OPEN else OrderStatus.CANCELLED
        case _:
            assert_never(view.payment)


def _status_of_link(status: AttemptStatus) -> OrderStatus:
    """Return the status of an order of whose money nothing is known but its newest link."""
    match status:
        case AttemptStatus.PLANNED | AttemptStatus.CREATING:
            return OrderStatus.CREATING
        case AttemptStatus.CREATED:
            return OrderStatus.CREATED
        case AttemptStatus.WITHDRAWING:
            return OrderStatus.WITHDRAWING
        case AttemptStatus.REFUSED:
            return OrderStatus.REFUSED
        case AttemptStatus.CANCELLED:
            return OrderStatus.CANCELLED
        case AttemptStatus.EXPIRED:
            return OrderStatus.EXPIRED
        case AttemptStatus.PAID:
            return OrderStatus.PAID
        case _:
            assert_never(status)
