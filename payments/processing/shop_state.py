"""What one event works on: a customer's cart and orders, what is left in stock, what Razorpay is asked. Pure.

A `ShopState` is a value: each method returns the next one. So an event that fails changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flows.engine.conversation import Conversation
from payments.ledger.calls import Call, CancelLink, CreateLink, FetchPayments
from payments.ledger.state import OrderState
from payments.shop import cart, stock
from payments.shop.cart import Cart
from payments.shop.catalogue import Shop
from payments.shop.orders import (
    Attempt,
    AttemptStatus,
    Lifecycle,
    Order,
    order_key_of,
    reference_id,
    withdrawn,
)
from payments.shop.stock import Move


class CannotHandle(Exception):
    """An event that names what this database doesn't have. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When and for whom something is done."""

    shop: Shop
    """The catalogue and the rules of the flow file."""
    now: int
    """Milliseconds since 1970, UTC."""
    conversation: str = ""
    """The conversation's id."""
    number: int = 0
    """Of the event."""
    nonce: str = ""
    """Random letters, drawn for this step alone."""


@dataclass(frozen=True, slots=True)
class ShopState:
    """One customer's side of the shop, and what an event has asked for so far."""

    at: Moment
    cart: Cart = ()
    placed: int = 0
    """Orders that the conversation has placed so far."""
    current: str | None = None
    """Key of the order that the chat is about."""
    asked_at: int = 0
    """When the customer last had Razorpay asked for the current order's payments, in milliseconds."""
    earlier_links: tuple[str, ...] = ()
    """Reference ids of links, of orders that the chat has left, not yet known to be over; the newest last.
    More than one only of a customer who turned out to have several conversations."""
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    """By key: the current one and those that the waiting events name."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Pieces left of each product that is counted."""
    calls: tuple[Call, ...] = ()
    moves: tuple[Move, ...] = ()
    dropped: tuple[str, ...] = ()
    """Keys of orders that lost an attempt which was only planned: no answer will set them right."""

    @property
    def order(self) -> OrderState | None:
        """The order that the chat is about."""
        return self.orders.get(self.current) if self.current else None

    def known(self, key: str) -> OrderState:
        """The order with `key`. Raises CannotHandle if this database doesn't have it."""
        state = self.orders.get(key)
        if state is None:
            raise CannotHandle(f"order {key} is named, which this database doesn't have")
        return state

    @property
    def may_have_paid(self) -> bool:
        """Whether there is a link over which the customer can have paid what the chat is about."""
        made = self.order is not None and any(attempt.link_id for attempt in self.order.attempts)
        return made or bool(self.earlier_links)

    # Small changes

    def with_cart(self, held: Cart) -> "ShopState":
        """The state with `held` in the cart."""
        return replace(self, cart=held)

    def with_order(self, state: OrderState) -> "ShopState":
        """The state with this order as it is now."""
        if self.orders.get(state.key) is state:
            return self
        return replace(self, orders={**self.orders, state.key: state})

    def about(self, key: str) -> "ShopState":
        """The state of a chat that is about this order."""
        return self if key == self.current else replace(self, current=key, asked_at=0)

    def aside(self, key: str) -> "ShopState":
        """The state as messages see it that tell of an order which the chat is not about.

        They offer no link of it: the customer can pay what the chat is about, and nothing else.
        """
        if key == self.current:
            return self
        state = self.known(key)
        return self.with_order(state.without(state.attempts)).about(key)

    def waiting_for(self, earlier_links: Iterable[str]) -> "ShopState":
        """The state waiting for the end of these links of earlier orders, and of no other."""
        return replace(self, earlier_links=tuple(dict.fromkeys(earlier_links)))

    def asking(self, *calls: Call) -> "ShopState":
        """The state with these calls to be made."""
        return replace(self, calls=(*self.calls, *calls)) if calls else self

    def moving(self, moves: tuple[Move, ...]) -> "ShopState":
        """The state after these changes of stock."""
        if not moves:
            return self
        return replace(self, moves=(*self.moves, *moves), left=stock.after(self.left, moves))

    # What the chat's actions ask for

    def place(self, order: Order) -> "ShopState":
        """Reserve the goods of a new order, which the chat is about from now on."""
        shop = self
        for earlier in self.orders.values():
            shop = shop._without_plans(earlier)
        shop = shop._left_behind(shop.orders.values())
        orders = {**shop.orders, order.key: OrderState(order)}
        shop = replace(shop, orders=orders, placed=shop.placed + 1, current=order.key, asked_at=0)
        return shop.moving(stock.reserve(shop.left, order.lines))

    def request_link(self, state: OrderState) -> "ShopState":
        """Ask for a link over the whole of the order, which lives again if it had ended unpaid."""
        shop = self.reopened(state.key)
        return shop.begin(shop.known(state.key), state.order.total)

    def begin(self, state: OrderState, amount: int) -> "ShopState":
        """Ask for a link over `amount` if the customer can pay no other; plan it if they can.

        What they can pay is asked to end, although it may have been before: Razorpay may have refused it.
        """
        attempt = self._attempt(state, amount)
        shop, open_links = self.with_order(state), state.payable
        for other in open_links:
            shop = shop._asking_to_end(other.reference_id, other.link_id)
        for reference in self.earlier_links:
            shop = shop.withdraw(reference)
        state = shop.known(state.key)
        state = state.without([a for a in state.attempts if a in open_links or _is_planned(a)])
        if open_links or self.earlier_links:
            return shop.with_order(state.with_attempt(replace(attempt, status=AttemptStatus.PLANNED)))
        return shop.with_order(state.with_attempt(attempt)).asking(link_of(state.order, attempt))

    def _attempt(self, state: OrderState, amount: int) -> Attempt:
        ordinal = state.next_ordinal
        return Attempt(
            reference_id=reference_id(state.key, ordinal, self.at.nonce),
            order_key=state.key,
            ordinal=ordinal,
            amount=amount,
            currency=state.order.currency,
            expires_at=self.at.now + self.at.shop.payment_link_life,
        )

    def withdraw(self, reference: str) -> "ShopState":
        """Make a link unpayable. A payment that is faster still counts."""
        state = self.orders.get(order_key_of(reference))
        if state is None:
            # The order is not loaded: an earlier event withdrew its link, and no event tells of it now.
            return self._asking_to_end(reference, None)
        attempt = state.attempt(reference)
        shop = self.with_order(state.with_attempt(withdrawn(attempt)))
        if _is_planned(attempt):
            return replace(shop, dropped=(*shop.dropped, state.key))
        return shop._asking_to_end(reference, attempt.link_id)

    def _asking_to_end(self, reference: str, link_id: str | None) -> "ShopState":
        asked = [call.reference_id for call in self.calls if isinstance(call, CancelLink)]
        return self if reference in asked else self.asking(CancelLink(reference, link_id))

    def reopened(self, key: str) -> "ShopState":
        """Reserve the goods again of an order that ended unpaid."""
        state = self.known(key)
        if state.lifecycle is not Lifecycle.LAPSED:
            return self
        shop = self.moving(stock.reserve(self.left, state.order.lines))
        return shop.with_order(replace(state, lifecycle=Lifecycle.OPEN))

    def end(self, key: str) -> "ShopState":
        """End an order unpaid that no link can pay; its goods are free again."""
        state = self.known(key)
        if state.lifecycle is not Lifecycle.OPEN:
            return self
        shop = self.moving(stock.release(self.left, state.order.lines))
        return shop.with_order(replace(state, lifecycle=Lifecycle.LAPSED))

    def asking_for_payments(self, key: str) -> "ShopState":
        """Have Razorpay asked for the payments of an order, and of what the customer may still pay."""
        made = [a for a in self.known(key).attempts if a.link_id]
        asks = [FetchPayments(a.reference_id, a.link_id, asked=True) for a in made]
        asks += [FetchPayments(reference, None, asked=True) for reference in self.earlier_links]
        return replace(self.asking(*asks), asked_at=self.at.now)

    def displace(self, state: OrderState) -> "ShopState":
        """End an order that the chat is not about, as if the customer had just placed another one.

        Where money is on its way, or waits for a person, that goes on.
        """
        ended = state.status in ("unpaid", "short")
        shop = self.with_order(state)._without_plans(state)
        shop = shop._left_behind([shop.known(state.key)])
        if not ended:
            return shop
        for attempt in shop.known(state.key).payable:
            shop = shop.withdraw(attempt.reference_id)
        return shop.end(state.key)

    def _left_behind(self, states: Iterable[OrderState]) -> "ShopState":
        """Wait for the end of what the customer can still pay of these orders."""
        open_links = [attempt.reference_id for state in states for attempt in state.payable]
        return self.waiting_for((*self.earlier_links, *open_links)) if open_links else self

    def _without_plans(self, state: OrderState) -> "ShopState":
        shop = self
        for attempt in state.attempts:
            if _is_planned(attempt):
                shop = shop.withdraw(attempt.reference_id)
        return shop


def _is_planned(attempt: Attempt) -> bool:
    return attempt.status is AttemptStatus.PLANNED


def link_of(order: Order, attempt: Attempt) -> CreateLink:
    """What makes the link of `attempt`."""
    rest = "" if attempt.amount == order.total else ": the rest"
    return CreateLink(
        reference_id=attempt.reference_id,
        order_key=order.key,
        amount=attempt.amount,
        currency=attempt.currency,
        description=f"Order #{order.number}{rest}",
        expires_at=attempt.expires_at,
    )


def of_conversation(
    conversation: Conversation, at: Moment, orders: Mapping[str, OrderState], left: Mapping[str, int]
) -> ShopState:
    """The state that a conversation's data names, with its orders. Inverse of `data`."""
    data = conversation.data
    return ShopState(
        at=at,
        cart=cart.from_json(data.get("cart", ())),
        placed=data.get("orders", 0),
        current=order_key_in(data),
        asked_at=data.get("asked_at", 0),
        earlier_links=tuple(data.get("earlier_links", ())),
        orders=orders,
        left=left,
    )


def data(shop: ShopState) -> dict[str, Any]:
    """What a conversation keeps of the state, as JSON: the cart, and which orders and links it is about."""
    kept = {
        "cart": cart.to_json(shop.cart),
        "orders": shop.placed,
        "order": shop.current,
        "asked_at": shop.asked_at,
        "earlier_links": list(shop.earlier_links),
    }
    return {name: value for name, value in kept.items() if value}


def order_key_in(data: Mapping[str, Any]) -> str | None:
    """The key of the order that a conversation's data names as its current one."""
    key: str | None = data.get("order")
    return key
