"""The shop state of one event: the customer's cart and orders, the stock left, the calls to Razorpay. Pure.

A `ShopState` is a value: each method returns the next one. So an event that fails changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from payments.ledger.calls import Call, CancelLink, CloseCard, FetchCard, end_of, fetch_of, link_for
from payments.ledger.state import PAYABLE, OrderState
from payments.processing import cards
from payments.processing.step_context import StepContext
from payments.shop import quotas, stock
from payments.shop.budgets import Spent
from payments.shop.cart import Cart
from payments.shop.checkout import NOTHING_SAID, Checkout
from payments.shop.consent import Hears
from payments.shop.delivery import Area
from payments.shop.fulfilment import Stage
from payments.shop.handover import Handover, HandoverCheck
from payments.shop.orders import (
    Attempt,
    AttemptStatus,
    Lifecycle,
    Order,
    order_key_of,
    reference_id,
    withdrawn,
)
from payments.shop.quotas import Booking
from payments.shop.stock import StockMove


class CannotHandle(Exception):
    """An event cannot be handled: it names unknown things, contradicts facts, or is not readable as a whole.

    The message is for the operator.
    """


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class ShopState(NamedTuple):
    """One customer's cart, orders and links, and what an event has asked for so far.

    A named tuple, because each step replaces some of its many fields several times: `dataclasses.replace`
    takes five times as long.
    """

    at: StepContext
    cart: Cart = ()
    placed: int = 0
    """Number of orders that the conversation has placed."""
    current: str | None = None
    """Key of the order that the chat is about."""
    asked_at: int = 0
    """When the customer last had Razorpay asked for the current order's payments, in milliseconds since 1970,
    UTC; 0 if never."""
    earlier_links: tuple[str, ...] = ()
    """Reference ids of the links of earlier orders that are not known to be over, newest last. There is more
    than one only for a customer whose conversations were joined."""
    orders: Mapping[str, OrderState] = _NONE
    """By key: the current one and those that the waiting events name."""
    left: Mapping[str, int] = _NONE
    """Pieces left of each counted article."""
    taken: Mapping[str, int] = _NONE
    """How often each slot and coupon is taken, by all customers."""
    used: Mapping[str, int] = _NONE
    """How often this customer has used each coupon, by code."""
    checkout: Checkout = NOTHING_SAID
    """What the customer has said about the next order."""
    refusals: int = 0
    """How often this customer did not take goods at the door for which cash was promised."""
    spent: Spent = Spent()
    """What this customer has asked for lately."""
    next_number: int = 0
    """Number of the order that is placed next."""
    hears: Hears = Hears.ORDERS
    hinted_at: int = 0
    """Of a member of the staff: when they were last told how a customer is answered, in milliseconds since
    1970, UTC; 0 if never."""
    handover: Handover | None = None
    """None while the bot has the chat."""
    checks: tuple[HandoverCheck, ...] = ()
    calls: tuple[Call, ...] = ()
    moves: tuple[StockMove, ...] = ()
    shelved: tuple[str, ...] = ()
    """Keys of the orders that this event called off and whose goods can be sold again."""
    bookings: tuple[Booking, ...] = ()
    unresolved: Mapping[str, OrderState] = _NONE
    """Orders that an action changed and that no result of a call will update, so the step must: as they were
    before, by key."""
    to_forget: bool = False
    """Whether the customer asked in this event to be forgotten."""
    before_order: "ShopState | None" = None
    """As it was before this event placed an order; None if it has placed none."""
    before_request: tuple[Cart, Checkout] | None = None
    """The customer's own cart and checkout, while the order that a program asks for is handled."""

    @property
    def order(self) -> OrderState | None:
        """The order that the chat is about."""
        return self.orders.get(self.current) if self.current else None

    @property
    def meant(self) -> OrderState | None:
        """The order that a customer means who names none: the current one if it can be paid or its goods are
        to come, else the newest whose goods are to come, else the current one."""
        current = self.order
        if current is not None and (current.open_to_pay or current.waits_for_capture or current.running):
            return current
        running = [state for state in self.orders.values() if state.running]
        return max(running, key=lambda state: state.order.placed_by, default=current)

    def known(self, key: str) -> OrderState:
        """Return the order with `key`. Raises CannotHandle if this database does not have it."""
        state = self.orders.get(key)
        if state is None:
            raise CannotHandle(f"order {key} is named, which this database doesn't have")
        return state

    @property
    def may_have_paid(self) -> bool:
        """Whether there is a link on which the customer can have paid what the chat is about."""
        made = self.order is not None and any(attempt.link_id for attempt in self.order.attempts)
        return made or bool(self.earlier_links)

    def takes_cash(self, amount: int, area: Area | None) -> bool:
        """Whether the shop takes cash from this customer for `amount` paise of goods that go to `area`.

        None is pickup, or an area that is not known.
        """
        terms = self.at.shop.cash
        if terms is None or self.refusals >= terms.refusals or (area is not None and not area.cash):
            return False
        return terms.up_to is None or amount <= terms.up_to

    def may_cancel(self, state: OrderState) -> bool:
        """Whether the customer may cancel this order: it is not paid, or the shop still allows it.

        Not while money waits for a person: they must see to it.
        """
        return state.open_to_pay or state.lapsed or self._may_call_off(state)

    def _may_call_off(self, state: OrderState) -> bool:
        terms = self.at.shop.cancel
        # Before the capture nobody has begun with the goods.
        stage = Stage.PLACED if state.waits_for_capture else state.stage if state.goods_due else None
        return bool(terms and stage and terms.allows(stage, state.order.placed_at, self.at.now))

    # Small changes

    def with_cart(self, held: Cart) -> "ShopState":
        """Return the state with `held` as its cart."""
        return self._replace(cart=held)

    def saying(self, said: Checkout) -> "ShopState":
        """Return the state in which the customer has said this about the next order."""
        return self._replace(checkout=said)

    def requested(self) -> "ShopState":
        """Return the state in which a program asks for an order: it gets all of it, or changes nothing."""
        return self._replace(before_request=(self.cart, self.checkout))

    def refusing(self) -> "ShopState":
        """Return the state in which an action refuses: what a program asked for is given up."""
        if self.before_request is None:
            return self
        held, said = self.before_request
        return self._replace(cart=held, checkout=said)

    def with_order(self, state: OrderState) -> "ShopState":
        """Return the state with this order added or replaced.

        An order takes its slot and its coupon when it may get its goods, and frees them when it may not.
        """
        known = self.orders.get(state.key)
        if known is state:
            return self
        shop = self._replace(orders={**self.orders, state.key: state})
        places = _holds(state) - _holds(known)
        booked = state.order.to.slot or state.order.terms.coupon
        return shop._booking(state, places) if places and booked else shop

    def _booking(self, state: OrderState, places: int) -> "ShopState":
        shop, paid = self.at.shop, state.lifecycle is Lifecycle.FULFILLED
        # Money that has come is honoured: a coupon's last use may be taken twice then. A slot has only the
        # places that the shop can bring: if another takes the last one meanwhile, the money goes back.
        bookings = tuple(
            replace(booking, limit=shop.places(booking.name))
            if places > 0 and not (paid and quotas.is_coupon(booking.name))
            else booking
            for booking in quotas.bookings(state.order, places)
        )
        code, used = state.order.terms.coupon, self.used
        if code:
            used = {**used, code: used.get(code, 0) + places}
        return self._replace(
            bookings=(*self.bookings, *bookings),
            taken=quotas.after(self.taken, bookings),
            used={name: count for name, count in used.items() if count > 0},
        )

    def about(self, key: str) -> "ShopState":
        """Return the state with this order as the current one."""
        return self if key == self.current else self._replace(current=key, asked_at=0)

    def aside(self, key: str) -> "ShopState":
        """Return the state as seen by messages about an order that is not the chat's current one.

        They offer no link of that order: the customer can pay the current order and nothing else.
        """
        if key == self.current:
            return self
        state = self.known(key)
        return self.with_order(state.without(state.attempts)).about(key)

    def waiting_for(self, earlier_links: Iterable[str]) -> "ShopState":
        """Return the state that waits for the end of exactly these links of earlier orders."""
        return self._replace(earlier_links=tuple(dict.fromkeys(earlier_links)))

    def asking(self, *calls: Call) -> "ShopState":
        """Return the state with these calls added."""
        return self._replace(calls=(*self.calls, *calls)) if calls else self

    def unresolving(self, before: OrderState) -> "ShopState":
        """Return the state in which the rules have still to be applied to an order.

        What changed since `before` is told then.
        """
        return self._replace(unresolved={before.key: before, **self.unresolved})

    def moving(self, moves: tuple[StockMove, ...]) -> "ShopState":
        """Return the state after these stock moves."""
        if not moves:
            return self
        return self._replace(moves=(*self.moves, *moves), left=stock.after(self.left, moves))

    # What the chat's actions ask for

    def place(self, order: Order) -> "ShopState":
        """Reserve the goods of a new order and make it the current one."""
        shop = self
        for earlier in self.orders.values():
            shop = shop._without_plans(earlier)
        shop = shop._left_behind(shop.orders.values())
        shop = shop.with_order(OrderState(order))._replace(
            placed=shop.placed + 1,
            next_number=shop.next_number + 1,
            checkout=shop.checkout.after_placing(order.placed_by),
            current=order.key,
            asked_at=0,
        )
        return shop.moving(stock.reserve(shop.left, order.lines))

    def promise(self, key: str) -> "ShopState":
        """Make the goods of an open order due against cash. Its links are withdrawn."""
        state = self.known(key)
        if state.lifecycle is not Lifecycle.OPEN:
            return self
        shop = self._without_links(state)
        promised = replace(shop.known(key), lifecycle=Lifecycle.PROMISED, stage=Stage.PLACED)
        return shop.with_order(replace(promised, stage_at=self.at.now))

    def called_off(self, key: str, to: Stage, by: str, *, shelf: bool) -> "ShopState":
        """Call off an order that has not ended. It is never fulfilled again.

        `to` is the stage in which it ends, `by` who called it off. `shelf`: its goods can be sold again.
        """
        state = self.known(key)
        moves = stock.give_back(self.left, state.lines, reserved=state.reserves, shelf=shelf)
        lapsed = state.lifecycle is Lifecycle.LAPSED
        shop = self if lapsed else self.moving(moves)
        if shelf:
            shop = shop._replace(shelved=(*shop.shelved, key))
        if to is Stage.REFUSED and state.lifecycle is Lifecycle.PROMISED:
            shop = shop._replace(refusals=shop.refusals + 1)
        ended = replace(state, lifecycle=Lifecycle.RETURNED, stage=to, stage_by=by, stage_at=self.at.now)
        return shop.with_order(ended)

    def _without_links(self, state: OrderState) -> "ShopState":
        shop = self
        for attempt in state.attempts:
            if attempt.live and attempt not in state.taken:
                shop = shop.withdraw(attempt.reference_id)
        return shop

    def request_payment(self, state: OrderState) -> "ShopState":
        """Request a card over the order's total, or a link if there can be no card.

        An order that ended unpaid is reopened.
        """
        shop = self.reopened(state.key)
        card = self.before_request is None and cards.possible(state, self.at.shop, self.at.phone, self.at.off)
        return shop.begin(shop.known(state.key), state.owed, card=card)

    def begin(self, state: OrderState, amount: int, *, card: bool = False) -> "ShopState":
        """Request a link, or a card, over `amount` if the customer can pay no other one, else plan it.

        Each that they can pay is ended, even if it was before: that may have been refused.
        """
        attempt = self._attempt(state, amount, card=card)
        shop, open_links = self.with_order(state), state.payable
        for other in open_links:
            shop = shop._asking_to_end(other.reference_id, other)
        for reference in self.earlier_links:
            shop = shop.withdraw(reference)
        state = shop.known(state.key)
        state = state.without([a for a in state.attempts if a in open_links or _is_planned(a)])
        if open_links or self.earlier_links:
            return shop.with_order(state.with_attempt(replace(attempt, status=AttemptStatus.PLANNED)))
        shop = shop.with_order(state.with_attempt(attempt))
        return shop if card else shop.asking(link_for(state.order, attempt))

    def _attempt(self, state: OrderState, amount: int, *, card: bool) -> Attempt:
        ordinal = state.next_ordinal
        return Attempt(
            reference_id=reference_id(state.key, ordinal, self.at.nonce, card=card),
            order_key=state.key,
            ordinal=ordinal,
            amount=amount,
            currency=state.order.currency,
            expires_at=self.at.now + self.at.shop.payment_link_life,
        )

    def withdraw(self, reference: str) -> "ShopState":
        """Cancel a link. A payment that comes before the cancellation still counts."""
        state = self.orders.get(order_key_of(reference))
        if state is None:
            # The order is not loaded: an earlier event withdrew its link, and no event of this step names it.
            return self._asking_to_end(reference, None)
        attempt = state.attempt(reference)
        shop = self.with_order(state.with_attempt(withdrawn(attempt)))
        if _is_planned(attempt):
            return shop.unresolving(shop.known(state.key))
        return shop._asking_to_end(reference, attempt)

    def _asking_to_end(self, reference: str, attempt: Attempt | None) -> "ShopState":
        """Ask for the end of a link or a card. Who sees that a card's time is over asks what became of it."""
        if attempt is not None and attempt.is_card and cards.is_over(attempt, self.at.now):
            return self.asking(FetchCard(reference, over=True))
        asked = [call.reference_id for call in self.calls if isinstance(call, CancelLink | CloseCard)]
        link_id = attempt.link_id if attempt else None
        return self if reference in asked else self.asking(end_of(reference, link_id))

    def reopened(self, key: str) -> "ShopState":
        """Reserve the goods of an order that ended unpaid again, and open it."""
        state = self.known(key)
        if state.lifecycle is not Lifecycle.LAPSED:
            return self
        shop = self.moving(stock.reserve(self.left, state.lines))
        return shop.with_order(replace(state, lifecycle=Lifecycle.OPEN))

    def end(self, key: str) -> "ShopState":
        """Let an open order lapse and free its goods. Its links are withdrawn; one may still be paid."""
        state = self.known(key)
        if state.lifecycle is not Lifecycle.OPEN:
            return self
        shop = self.moving(stock.release(self.left, state.lines))
        return shop.with_order(replace(state, lifecycle=Lifecycle.LAPSED))

    def asking_for_payments(self, key: str) -> "ShopState":
        """Ask Razorpay for the payments of an order, and of the links of earlier orders that are not over."""
        made = [a for a in self.known(key).attempts if a.link_id]
        asks = [fetch_of(a.reference_id, a.link_id, asked=True) for a in made]
        asks += [fetch_of(reference, None, asked=True) for reference in self.earlier_links]
        return self.asking(*asks)._replace(asked_at=self.at.now)

    def displace(self, state: OrderState) -> "ShopState":
        """End an order that is not the current one, as if the customer had just placed another.

        An order with money on its way, or waiting for a person, goes on.
        """
        ended = state.status in PAYABLE
        shop = self.with_order(state)._without_plans(state)
        shop = shop._left_behind([shop.known(state.key)])
        if not ended:
            return shop
        for attempt in shop.known(state.key).payable:
            shop = shop.withdraw(attempt.reference_id)
        return shop.end(state.key)

    def _left_behind(self, states: Iterable[OrderState]) -> "ShopState":
        """Wait for the end of the links of these orders that the customer can still pay."""
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


def _holds(state: OrderState | None) -> int:
    """Return 1 if the order may get its goods, and so takes its slot and its coupon; else 0."""
    return int(state is not None and state.takes_place)
