"""Proof of the books: compare what is stored about an order with what its facts say. Pure.

Every captured rupee is fulfilled (it pays for goods), refunded, or held for a reason. And every rupee that
due goods cost is fulfilled, owed (cash is to come), or given (its money went back while the goods stayed):

    captured == fulfilled + refunded + held        for every order, in its currency
    goods == fulfilled + owed + given              for every order whose goods are due

The code that processes events keeps these equations. The proof does not trust that code: it reads rows only.
What is owed follows from payments, refunds and the price, so that an order that was booked wrong cannot pass.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from payments.ledger.balance import Balance
from payments.ledger.refunds import OUTSIDE, Refund, RefundStatus, replaced
from payments.ledger.state import OrderState
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle


class Check(StrEnum):
    """One kind of error in the books."""

    BALANCE = "balance"
    """captured == fulfilled + refunded + held"""
    OVER_REFUNDED = "over-refunded"
    """More of a payment was refunded than was captured."""
    NO_REASON = "no reason"
    """Money is held, and no reason is stored."""
    FULFILLED = "fulfilled"
    """The fulfilled money does not fit the order, or goods are due that were never paid."""
    GOODS = "goods"
    """goods == fulfilled + owed + given"""
    REFUND = "refund"
    """Our row of a refund differs from what Razorpay said about it."""
    PAID_AT = "paid at"
    """The order has a time of payment and is not paid, or the other way round."""
    PAID_TWICE = "paid twice"
    """One payment counts for several orders."""
    UNCLAIMED = "unclaimed"
    """Razorpay reported captured money for an order of ours, and no order has it."""
    STOCK = "stock"
    """The reserved pieces of a product are not those that the open orders hold."""
    QUOTA = "quota"
    """A delivery slot or a coupon is not taken as often as orders take it."""
    FACTS = "facts"
    """Stored facts are not those that an earlier audit saw."""
    ROWS = "rows"
    """An order's rows are not those that its last audit saw, and no event changed them."""
    UNREADABLE = "unreadable"
    """An order's rows cannot be read, so nothing is known of its money."""
    CHAIN = "chain"
    """A stored audit does not follow from the one before and from what was audited."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One error in the books."""

    subject: str
    """The order's key. For `PAID_TWICE` the payment's id, for `STOCK` the product's sku, for `QUOTA` its
    name, for `CHAIN` the audit's number."""
    check: Check
    said: str
    """What was compared, for people."""
    expected: int | str | None
    """A number is in paise; for `STOCK` in pieces, for `QUOTA` in places."""
    found: int | str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """Where the captured money of one currency is. Amounts are in its smallest unit (paise)."""

    captured: int = 0
    fulfilled: int = 0
    refunded: int = 0
    """Refunded, or on its way back."""
    pending: int = 0
    """The part of `refunded` that Razorpay has not yet reported as processed."""
    held: int = 0
    goods: int = 0
    """The price of goods that are due, after amendments."""
    owed: int = 0
    """The part of `goods` for which cash is to come: what no payment that stays pays for."""
    given: int = 0
    """The part of `goods` whose money went back while the goods stayed."""

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.captured + other.captured,
            self.fulfilled + other.fulfilled,
            self.refunded + other.refunded,
            self.pending + other.pending,
            self.held + other.held,
            self.goods + other.goods,
            self.owed + other.owed,
            self.given + other.given,
        )


def sums(state: OrderState) -> dict[str, Sums]:
    """Return the money of one order, by currency. Money in another currency than the order's is held."""
    balance = state.balance
    currencies = {payment.id: payment.currency for payment in balance.payments}
    by_currency: dict[str, Sums] = {balance.currency: _booked(state)}
    for payment in balance.payments:
        own = payment.currency == balance.currency
        received = Sums(captured=payment.amount, held=0 if own else payment.amount)
        by_currency[payment.currency] = by_currency.get(payment.currency, Sums()) + received
    for refund, amount in _without_fees(state.refunds, balance):
        currency = currencies.get(refund.payment_id, balance.currency)
        by_currency[currency] = by_currency.get(currency, Sums()) + _sums_of(
            refund, amount, currency == balance.currency
        )
    return by_currency


def _booked(state: OrderState) -> Sums:
    """Return what the order's row says of its money, and what has to stand for its goods."""
    goods = state.owed if state.goods_due else 0
    promised = state.lifecycle is Lifecycle.PROMISED
    return Sums(
        fulfilled=state.fulfilled,
        held=state.held,
        goods=goods,
        owed=max(0, goods - _staying(state)) if promised else 0,
        given=0 if promised else goods - state.fulfilled,
    )


def _staying(state: OrderState) -> int:
    """Return what was paid for the order, and neither went back nor is on its way back."""
    fitting = {payment.id for payment in state.balance.fitting}
    refunds = _without_fees(state.refunds, state.balance)
    return state.balance.paid - sum(amount for refund, amount in refunds if refund.payment_id in fitting)


def _given_away(state: OrderState) -> int:
    """Return what went back without Munshi, or although a person had given it in its place.

    Nothing else takes money away from goods that are due.
    """
    refunds, by_hand = _without_fees(state.refunds, state.balance), replaced(state.refunds)
    return sum(amount for refund, amount in refunds if refund.reason == OUTSIDE or refund.key in by_hand)


def _without_fees(refunds: Iterable[Refund], balance: Balance) -> Iterator[tuple[Refund, int]]:
    """Yield each refund with the part of it that is the shop's money.

    A refund made by hand may also return the fee that the payer bore.
    """
    fees = {payment.id: payment.fee for payment in balance.payments}
    remaining = {payment.id: payment.amount for payment in balance.payments if payment.fee}
    for refund in refunds:
        if refund.goes_back:
            limit = remaining.get(refund.payment_id, refund.amount)
            fee = min(max(refund.amount - limit, 0), fees.get(refund.payment_id, 0))
            if refund.payment_id in remaining:
                remaining[refund.payment_id] = limit - (refund.amount - fee)
            yield refund, refund.amount - fee


def _sums_of(refund: Refund, amount: int, own: bool) -> Sums:
    pending = 0 if refund.status is RefundStatus.PROCESSED else amount
    return Sums(refunded=amount, pending=pending, held=0 if own else -amount)


def discrepancies(state: OrderState, paid_at: int | None) -> tuple[Discrepancy, ...]:
    """Return every error in the books of one order.

    `paid_at` is the payment time in the order's row, in milliseconds since 1970, UTC.
    """
    balance, money = state.balance, sums(state)
    return (
        *_equation(state, money),
        *_refunded(state, balance),
        *_held(state, money),
        *_fulfilled(state, balance),
        *_goods(state, balance, money),
        *_refund_rows(state, balance),
        *_paid_at(state, balance, paid_at),
    )


def _equation(state: OrderState, by_currency: Mapping[str, Sums]) -> Iterator[Discrepancy]:
    money = by_currency[state.order.currency]
    accounted = money.fulfilled + money.refunded + money.held
    if money.captured != accounted:
        said = "fulfilled + refunded + held must be what was captured"
        yield Discrepancy(state.order.key, Check.BALANCE, said, money.captured, accounted)


def _refunded(state: OrderState, balance: Balance) -> Iterator[Discrepancy]:
    captured = {payment.id: payment.amount + payment.fee for payment in balance.payments}
    back: Counter[str] = Counter()
    for refund in state.refunds:
        back[refund.payment_id] += refund.amount if refund.goes_back else 0
    for payment, amount in sorted(back.items()):
        if amount > (limit := captured.get(payment, 0)):
            said = f"refunds of {payment} must not be over what it captured"
            yield Discrepancy(state.order.key, Check.OVER_REFUNDED, said, limit, amount)


def _held(state: OrderState, by_currency: Mapping[str, Sums]) -> Iterator[Discrepancy]:
    if state.held < 0:
        said = "what is held must not be less than nothing"
        yield Discrepancy(state.key, Check.BALANCE, said, 0, state.held)
    if state.held_for is not None:
        return
    for currency, money in by_currency.items():
        if money.held > 0:
            said = f"{currency} is held, so the order must say for what"
            yield Discrepancy(state.order.key, Check.NO_REASON, said, "a reason", None)


def _fulfilled(state: OrderState, balance: Balance) -> Iterator[Discrepancy]:
    """Yield an error if money stands for goods that it did not pay for, or goods are due that nobody paid."""
    key, total = state.order.key, state.owed
    goods_due = state.lifecycle is Lifecycle.FULFILLED
    if state.fulfilled > total:
        said = "what stands for goods must not be over the total"
        yield Discrepancy(key, Check.FULFILLED, said, total, state.fulfilled)
    if state.fulfilled > (staying := max(0, _staying(state))):
        said = "what stands for goods must be paid, and must not go back"
        yield Discrepancy(key, Check.FULFILLED, said, staying, state.fulfilled)
    if state.fulfilled and not state.goods_due:
        said = f"an order that is {state.lifecycle} has no goods to pay for"
        yield Discrepancy(key, Check.FULFILLED, said, 0, state.fulfilled)
    if goods_due and balance.paid < total:
        said = "goods are due, so the total must have been captured"
        yield Discrepancy(key, Check.FULFILLED, said, total, balance.paid)


def _goods(state: OrderState, balance: Balance, by_currency: Mapping[str, Sums]) -> Iterator[Discrepancy]:
    """Yield an error if goods are due that are neither paid nor owed, and whose money never went back.

    A promised order owes what its payments lack, and is promised only as long as they lack something. A
    fulfilled one owes nothing, so what its goods lack in money must have gone back to the customer.
    """
    money = by_currency[state.order.currency]
    stands = money.fulfilled + money.owed + money.given
    if money.goods != stands:
        said = "fulfilled + owed + given must be the price of the goods"
        yield Discrepancy(state.key, Check.GOODS, said, money.goods, stands)
    if money.given > (outside := _given_away(state)):
        said = "goods are without money, so it must have gone back outside Munshi"
        yield Discrepancy(state.key, Check.GOODS, said, outside, money.given)
    if state.lifecycle is Lifecycle.PROMISED and not money.owed:
        said = "nothing is owed any more, so the order must not wait for cash"
        yield Discrepancy(state.key, Check.GOODS, said, Lifecycle.FULFILLED, state.lifecycle)
    if state.lifecycle is Lifecycle.OPEN and balance.paid_in_full:
        said = "the total was captured, so the order must not wait for money"
        yield Discrepancy(state.key, Check.GOODS, said, Lifecycle.FULFILLED, state.lifecycle)
    if state.goods_due != (state.stage is not None and state.stage not in _CALLED_OFF):
        said = "an order has a stage of fulfilment while, and only while, its goods are due"
        yield Discrepancy(state.key, Check.GOODS, said, state.lifecycle, state.stage)


_CALLED_OFF: Final = frozenset({Stage.CANCELLED, Stage.REFUSED})
"""Stages in which the goods are not due any more. Of RETURNED goods, amendments say what came back."""


def _refund_rows(state: OrderState, balance: Balance) -> Iterator[Discrepancy]:
    """Yield refund facts without a row, rows without a fact, and rows that differ from their fact."""
    reported = {refund.id: (refund.state, refund.amount) for refund in balance.refunds}
    rows = {refund.refund_id: refund for refund in state.refunds if refund.refund_id}
    for id, (status, amount) in reported.items():
        row = rows.get(id)
        stored = f"{row.status} {row.amount}" if row else None
        if stored != (expected := f"{status} {amount}"):
            said = f"Razorpay's word about {id} must be ours (status, paise)"
            yield Discrepancy(state.order.key, Check.REFUND, said, expected, stored)
    for refund in state.refunds:
        made = refund.status in (RefundStatus.CREATED, RefundStatus.PROCESSED)
        if made and refund.refund_id not in reported:
            said = f"{refund.key} is {refund.status}, so Razorpay must have said so"
            yield Discrepancy(state.order.key, Check.REFUND, said, "its word", None)


def _paid_at(state: OrderState, balance: Balance, paid_at: int | None) -> Iterator[Discrepancy]:
    if balance.paid_in_full != (paid_at is not None):
        said = "an order has a time of payment if, and only if, its total was captured"
        expected, found = ("a time", None) if balance.paid_in_full else (None, "a time")
        yield Discrepancy(state.order.key, Check.PAID_AT, said, expected, found)


def paid_twice(payment: str, orders: Iterable[str]) -> Discrepancy:
    """Return the error that `payment` was captured on each of `orders`."""
    said = "a payment must count for one order"
    return Discrepancy(payment, Check.PAID_TWICE, said, "one order", ", ".join(sorted(orders)))


def unclaimed(order: str, payment: str, event: int, amount: int) -> Discrepancy:
    """Return the error that no fact holds a captured `payment` of `amount` paise for `order`.

    `event` is the number of the event that reported it.
    """
    said = f"{payment} was captured, says event {event}, so an order must have it"
    return Discrepancy(order, Check.UNCLAIMED, said, amount, 0)


def miscounted_orders(expected: int, found: int) -> tuple[Discrepancy, ...]:
    """Return an error if there are not as many orders as audits saw and were placed since, `expected`."""
    said = "there must be as many orders as audits saw and were placed since"
    return () if expected == found else (Discrepancy("orders", Check.ROWS, said, expected, found),)


def miscounted(reserved: Mapping[str, int], wanted: Mapping[str, int]) -> tuple[Discrepancy, ...]:
    """Return an error for each sku whose `reserved` pieces are not those that the open orders hold, `wanted`.

    A sku that is not in `reserved` is not counted: there is always enough of it.
    """
    said = "reserved must be what the open orders hold"
    return tuple(
        Discrepancy(sku, Check.STOCK, said, wanted.get(sku, 0), pieces)
        for sku, pieces in sorted(reserved.items())
        if pieces != wanted.get(sku, 0)
    )


def misbooked(taken: Mapping[str, int], wanted: Mapping[str, int]) -> tuple[Discrepancy, ...]:
    """Return an error for each slot and coupon that is not `taken` as often as orders take it, `wanted`.

    The count of a slot that ended long ago is not kept, and is not in `taken`.
    """
    said = "it must be taken by the orders that have it"
    return tuple(
        Discrepancy(name, Check.QUOTA, said, wanted.get(name, 0), places)
        for name, places in sorted(taken.items())
        if places != wanted.get(name, 0)
    )
