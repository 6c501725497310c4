"""What the customer's cart costs now, and why it cannot be ordered. Pure.

The price that a customer is shown and the price that is ordered come from here, so they cannot differ
unless something changed meanwhile; and then the order is refused.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from payments.lazy import lazy
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.shop import cart, coupons, hours, quotas, slots
from payments.shop.checkout import CheckoutFault, CheckoutField
from payments.shop.coupons import Coupon
from payments.shop.delivery import Area, area_of, fee_of
from payments.shop.local_time import local_date
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import Line, Order
from payments.shop.pricing import Goods, Price, Taxable, price, tax_rows
from payments.shop.products import Article


@dataclass(frozen=True, slots=True)
class OrderFault:
    """Why a cart cannot be ordered, apart from what the customer said about delivery and coupon."""

    reason: str
    limit: int = 0
    """Paise."""


Fault = CheckoutFault | OrderFault


@dataclass(frozen=True)
class Quote:
    """The price of a cart, with all that it depends on. Money is in paise."""

    state: ShopState
    language: str

    @lazy
    def articles(self) -> list[tuple[Article, int]]:
        """What is in the cart and still sold, with quantities."""
        return cart.known(self.state.cart, self.state.at.shop)

    @lazy
    def goods(self) -> int:
        """The goods before the coupon."""
        return sum(article.price * quantity for article, quantity in self.articles)

    @property
    def _eligible(self) -> int:
        found = self.coupon
        return sum(a.price * n for a, n in self.articles if found and found.is_for(a.product.category))

    @lazy
    def coupon(self) -> Coupon | None:
        """The coupon that the customer gave, if the shop has it, whether or not it can be used now."""
        return coupons.find(self.state.at.shop.coupons, self.state.checkout.coupon)

    @lazy
    def coupon_fault(self) -> CheckoutFault | None:
        """Why the coupon cannot be used; None if it can, or if there is none."""
        code = self.state.checkout.coupon
        if not code:
            return None
        if self.coupon is None:
            return CheckoutFault(CheckoutField.COUPON, "unknown")
        at, used = self.state.at, used_by_others(self.state)
        taken = used.get(quotas.coupon(self.coupon.code), 0)
        by_customer = self.state.used.get(self.coupon.code, 0) - _own_use(self.state, self.coupon.code)
        today = local_date(at.shop.timezone, at.now)
        reason = coupons.refusal(self.coupon, today, self.goods, self._eligible, taken, by_customer)
        return CheckoutFault(CheckoutField.COUPON, reason, self.coupon.minimum) if reason else None

    @property
    def usable_coupon(self) -> Coupon | None:
        """The coupon that takes something off this cart."""
        return None if self.coupon_fault else self.coupon

    @property
    def how(self) -> Fulfilment:
        """How the goods reach the customer. What the shop no longer asks for does not count."""
        delivery, said = self.state.at.shop.delivery, self.state.checkout.how
        if delivery is None:
            return Fulfilment.NONE
        return said if delivery.areas else Fulfilment.PICKUP

    @property
    def slot(self) -> str:
        """Id of the slot that the customer chose; empty if the shop has no slots any more."""
        delivery = self.state.at.shop.delivery
        return self.state.checkout.slot if delivery and delivery.slots else ""

    @lazy
    def area(self) -> Area | None:
        """The area that the goods go to; None for pickup, or while it is not known."""
        delivery, pincode = self.state.at.shop.delivery, self.state.checkout.pincode
        known = delivery and pincode and self.how is Fulfilment.DELIVERY
        return area_of(delivery, pincode) if delivery and known else None

    @property
    def minimum(self) -> int:
        """What the goods must come to: the shop's minimum, or the area's if that is more."""
        return max(self.state.at.shop.minimum_order, self.area.minimum if self.area else 0)

    @property
    def fee(self) -> int:
        """The delivery fee, if the area is known."""
        return fee_of(self.area, self.goods) if self.area else 0

    @lazy
    def price(self) -> Price:
        """The price, divided among the lines."""
        taker = self.usable_coupon
        goods = [
            Goods(quantity, article.price, taker is None or taker.is_for(article.product.category))
            for article, quantity in self.articles
        ]
        return price(goods, taker.discount if taker else None, self.fee)

    @lazy
    def lines(self) -> tuple[Line, ...]:
        """The lines of the order, with their parts of the discount and of the delivery fee."""
        shop = self.state.at.shop
        parts = zip(self.articles, self.price.discounts, self.price.deliveries, strict=True)
        return tuple(
            Line(
                article.sku,
                article.name_in(self.language, self.language),
                quantity,
                article.price,
                shop.gst_rate(article.product),
                shop.hsn(article.product),
                discount,
                delivery,
            )
            for (article, quantity), discount, delivery in parts
        )

    @property
    def total(self) -> int:
        """What the order costs."""
        return self.price.total

    @property
    def gst(self) -> int:
        """The tax inside the total."""
        shop, area = self.state.at.shop, self.area
        if shop.gst is None:
            return 0
        in_state = area is None or area.state in (None, shop.gst.state)
        return gst_inside(self.lines, in_state=in_state)

    @property
    def takes_cash(self) -> bool:
        """Whether the customer may pay this cart when it is handed over."""
        return self.state.takes_cash(self.total, self.area)

    @property
    def fingerprint(self) -> str:
        """What a customer who was shown this price relies on, as a short text. The same in every language."""
        lines, said = sorted((a.sku, quantity, a.price) for a, quantity in self.articles), self.state.checkout
        to = "" if self.how is Fulfilment.PICKUP else (said.address, said.pincode)
        shown = (lines, self.price.discount, self.price.delivery, self.slot, str(self.how), to)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:_FINGERPRINT]

    @property
    def destination(self) -> Destination:
        """Where the order goes."""
        said, at = self.state.checkout, self.state.at
        if at.shop.delivery is None:
            whose = Destination(name=said.name, phone=said.phone)
            return replace(whose, address=said.address, pincode=said.pincode, note=said.note)
        found = slots.slot_of(at.shop.delivery, self.slot) if self.slot else None
        delivered = self.how is Fulfilment.DELIVERY
        to = Destination(
            how=self.how,
            name=said.name if delivered else "",
            phone=said.phone if delivered else "",
            address=said.address if delivered else "",
            pincode=said.pincode if delivered else "",
            state=(self.area.state or "") if self.area else "",
            note=said.note,
        )
        if found is None:
            return to
        slot, day = found
        # With its date: an order is read on later days too.
        name = slots.slot_name(slot, day, date.min, self.language, self.language)
        return replace(
            to,
            slot=self.slot,
            slot_name=name,
            slot_starts=slots.starts_at(slot, day, at.shop.timezone),
        )

    def faults(self) -> Iterator[Fault]:
        """Yield why the cart cannot be ordered, the first thing to mend first."""
        if self.goods < self.minimum:
            yield OrderFault("below minimum", self.minimum)
        if self.coupon_fault:
            yield self.coupon_fault
        yield from self._delivery_faults()
        said, at = self.state.checkout, self.state.at
        if not self.slot and not hours.is_open(at.shop.hours, at.shop.timezone, at.now):
            yield OrderFault("closed")
        shown_here = said.quoted and said.agreed != at.number
        if shown_here and said.quoted != self.fingerprint:
            yield OrderFault("changed")

    def _delivery_faults(self) -> Iterator[CheckoutFault]:
        delivery = self.state.at.shop.delivery
        if delivery is None:
            return
        if self.how is Fulfilment.NONE:
            yield CheckoutFault(CheckoutField.ADDRESS, "no address")
        elif self.how is Fulfilment.DELIVERY and self.area is None:
            yield CheckoutFault(CheckoutField.ADDRESS, "not served")
        elif self.how is Fulfilment.PICKUP and not delivery.pickup:
            yield CheckoutFault(CheckoutField.PICKUP, "no pickup")
        if reason := slot_fault(self.state, self.slot):
            yield CheckoutFault(CheckoutField.SLOT, reason)


_FINGERPRINT: Final = 16


def gst_inside(lines: tuple[Line, ...], *, in_state: bool) -> int:
    """Return the tax inside the price of `lines`, delivery included."""
    if not any(line.rate for line in lines):
        return 0
    rows = tax_rows([Taxable(line.charged, line.delivery, line.rate) for line in lines], in_state)
    return sum(row.tax for row in rows)


def slot_fault(state: ShopState, slot: str) -> str | None:
    """Return why this slot cannot be had for a new order; None if it can, or if the shop has no slots."""
    return _slot_fault(state, slot, slots_taken(state))


def cannot_come(state: ShopState, lapsed: OrderState) -> str | None:
    """Return why the goods of an order that lapsed cannot come any more; None if they can.

    The shop has switched some of them off, or their slot is over or full. The current order keeps its place.
    """
    at, slot = state.at, lapsed.order.to.slot
    if any(at.shop.is_off(line.sku, at.off) for line in lapsed.lines):
        return SOLD_OUT
    return _slot_fault(state, slot, _slots_in(state.taken)) if slot else None


SOLD_OUT: Final = "order sold out"


def coupon_is_used_up(state: ShopState, order: Order) -> bool:
    """Return whether others have taken all uses of the coupon of an order that lapsed."""
    name = quotas.coupon(order.terms.coupon)
    uses = state.at.shop.places(name) if order.terms.coupon else None
    return uses is not None and state.taken.get(name, 0) >= uses


def _slot_fault(state: ShopState, slot: str, taken: Mapping[str, int]) -> str | None:
    shop, now = state.at.shop, state.at.now
    if shop.delivery is None:
        return None
    return slots.why_not(shop.delivery, shop.hours, shop.timezone, now, taken, slot or None)


def slots_taken(state: ShopState) -> dict[str, int]:
    """Return how often each slot is taken by other orders than the one that a new order would end, by id."""
    return _slots_in(used_by_others(state))


def _slots_in(taken: Mapping[str, int]) -> dict[str, int]:
    prefix = quotas.slot("")
    return {name.removeprefix(prefix): count for name, count in taken.items() if name.startswith(prefix)}


def used_by_others(state: ShopState) -> Mapping[str, int]:
    """Return what is taken of slots and coupons without the current order, if a new order would end it."""
    order = state.order
    if order is None or not order.open_to_pay:
        return state.taken
    return quotas.after(state.taken, quotas.bookings(order.order, -1))


def _own_use(state: ShopState, code: str) -> int:
    order = state.order
    return int(order is not None and order.open_to_pay and order.order.terms.coupon == code)
