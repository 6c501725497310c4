"""An order with all that is known of its money, and what it may become. All money is in paise."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from payments.lazy import lazy
from payments.ledger import balance
from payments.ledger.balance import Balance
from payments.ledger.facts import Fact
from payments.ledger.holds import Hold, HoldReason, needs_person, reason_of
from payments.ledger.refunds import Refund
from payments.shop import amendments
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import Destination
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, Order, withdrawn


class PaymentStatus(StrEnum):
    """The payment status of an order, as flows, the API and people name it."""

    UNPAID = "unpaid"
    AUTHORISED = "authorised"
    """The bank authorised a payment; it is not captured yet, so the money is not ours."""
    SHORT = "short"
    """A part is captured, and the customer may pay the rest."""
    HELD = "held"
    """Money arrived, or is said to have arrived, and waits for a person or for an answer of Razorpay's."""
    CANCELLED = "cancelled"
    """Called off, and nothing was ever paid."""
    CASH = "cash"
    """The goods are due, and cash for them is to come."""
    PAID = "paid"
    REFUNDING = "refunding"
    """Money is being refunded, or could not be refunded yet."""
    REFUNDED = "refunded"


class Task(StrEnum):
    """What the shop still has to do about an order."""

    GOODS = "goods"
    """The goods are on their way to the customer, or still to be made ready."""
    CASH = "cash"
    """The goods were handed over, and money is owed: for them, or for their delivery if they came back."""
    REFUND = "refund"
    """A person has to give back what a person took."""
    HELD = "held"
    """Money waits for a person, for the reason that the order names."""
    DELIVERY = "delivery"
    """The goods were refused at the door: a person has to decide who pays for their delivery."""


PAYABLE: Final = frozenset({PaymentStatus.UNPAID, PaymentStatus.SHORT})
"""Statuses in which the customer can pay, and is told of setbacks."""


class UnknownLink(LookupError):
    """The order does not have the named link. The message is for the operator."""


@dataclass(frozen=True)
class OrderState:
    """An order with its facts, attempts, refunds and amendments, and where its money and its goods are."""

    order: Order
    facts: tuple[Fact, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    lifecycle: Lifecycle = Lifecycle.OPEN
    refunds: tuple[Refund, ...] = ()
    fulfilled: int = 0
    """Captured paise that pay for goods."""
    held: int = 0
    """Captured paise that neither pay for goods nor go back."""
    held_for: Hold | None = None
    """Why money is held, or what the order waits for; None if neither."""
    stage: Stage | None = None
    """Where the goods are; None while they are not due."""
    stage_by: str = ""
    """Who moved them there; empty if no person did."""
    stage_at: int = 0
    """When they came there, in milliseconds since 1970, UTC; 0 if that is not known."""
    amendments: tuple[Amendment, ...] = ()
    """Oldest first."""
    rating: int | None = None
    """What the customer said of it, from 1 (bad) to 5 (good)."""

    @property
    def key(self) -> str:
        """The order's key."""
        return self.order.key

    @lazy
    def balance(self) -> Balance:
        """The order's money according to its facts."""
        return balance.balance(self.owed, self.order.currency, self.facts)

    @property
    def owed(self) -> int:
        """Paise that the order costs after its amendments. It never rises."""
        return amendments.owed(self.order, self.amendments)

    @property
    def to(self) -> Destination:
        """Where the goods go now."""
        return amendments.destination(self.order, self.amendments)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The pieces that the order still has, after its amendments."""
        return amendments.remaining(self.order, self.amendments)

    @property
    def reserves(self) -> bool:
        """Whether the order's goods are reserved: neither sold nor free."""
        return self.lifecycle in (Lifecycle.OPEN, Lifecycle.PROMISED)

    @property
    def takes_place(self) -> bool:
        """Whether the order may get its goods, or has got them, and so takes its slot and its coupon."""
        return self.lifecycle in (Lifecycle.OPEN, Lifecycle.PROMISED, Lifecycle.FULFILLED)

    @property
    def running(self) -> bool:
        """Whether the customer is still to get the goods."""
        return self.goods_due and self.stage is not None and not self.stage.ended

    @property
    def goods_due(self) -> bool:
        """Whether the customer is to get the goods: they are paid, or cash is promised."""
        return self.lifecycle in (Lifecycle.FULFILLED, Lifecycle.PROMISED)

    @lazy
    def status(self) -> PaymentStatus:
        """The payment status."""
        money = self.balance
        if self.lifecycle is Lifecycle.PROMISED:
            return PaymentStatus.CASH
        if self.lifecycle is Lifecycle.RETURNED and not (money.payments or money.authorised):
            return PaymentStatus.CANCELLED
        if self.lifecycle is Lifecycle.FULFILLED and (self.fulfilled or not self.refunds):
            return PaymentStatus.PAID
        if self.lifecycle in (Lifecycle.FULFILLED, Lifecycle.RETURNED):
            held = self.held or self.balance.mismatch
            undecided = held and (self.held_for is None or needs_person(self.held_for))
            going = undecided or self.lets_go or any(refund.open for refund in self.refunds)
            return PaymentStatus.REFUNDING if going else PaymentStatus.REFUNDED
        if money.paid:
            return PaymentStatus.SHORT if self.waits_for_rest else PaymentStatus.HELD
        if money.mismatch or money.disputes or self.lacks_capture:
            return PaymentStatus.HELD
        return PaymentStatus.AUTHORISED if money.authorised else PaymentStatus.UNPAID

    @property
    def stands(self) -> str:
        """How far the order is, in a word: the stage of its goods, or else whether it lapsed or was paid."""
        if self.stage is not None:
            return str(self.stage)
        return str(self.lifecycle if self.lapsed and self.status is PaymentStatus.UNPAID else self.status)

    @property
    def due(self) -> int:
        """Paise still missing to what is owed. For a promised order, what went back is to be paid again."""
        paid = self.fulfilled if self.lifecycle is Lifecycle.PROMISED else self.balance.paid
        return max(0, self.owed - paid)

    @property
    def lapsed(self) -> bool:
        """Whether the order ended unpaid."""
        return self.lifecycle is Lifecycle.LAPSED

    @property
    def open_to_pay(self) -> bool:
        """Whether the order can still be paid: it is unpaid or short, and has not lapsed."""
        return self.status in PAYABLE and not self.lapsed

    @property
    def can_be_called_off(self) -> bool:
        """Whether the order has not ended though its goods are not due: it is open, or money came late."""
        came_late = self.lifecycle is Lifecycle.LAPSED and self.status is not PaymentStatus.UNPAID
        return self.lifecycle is Lifecycle.OPEN or came_late

    @property
    def waits_for_rest(self) -> bool:
        """Whether too little was paid and the customer may pay the rest."""
        return reason_of(self.held_for) is HoldReason.WAITING

    @property
    def waits_for_capture(self) -> bool:
        """Whether a payment for the order is authorised, and none is captured."""
        return self.lifecycle in (Lifecycle.OPEN, Lifecycle.LAPSED) and self.lets_go

    @property
    def lets_go(self) -> bool:
        """Whether the bank may still let go of a payment: it is authorised, and none is captured."""
        return self.balance.authorised and not self.balance.payments

    @property
    def lacks_capture(self) -> bool:
        """Whether a link is reported as paid, and no payment on it is known."""
        known = {payment.link for payment in self.balance.payments}
        return any(a.status is AttemptStatus.PAID and a.link_id not in known for a in self.attempts)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What the shop still has to do about the order."""
        tasks: list[Task] = []
        if self.stage is not None and not self.stage.ended:
            tasks.append(Task.GOODS)
        if self.stage in (Stage.DELIVERED, Stage.RETURNED) and self.goods_due and self.due:
            tasks.append(Task.CASH)
        if self.to_give_back:
            tasks.append(Task.REFUND)
        if self.delivery_held and not self.delivery_decided:
            tasks.append(Task.DELIVERY)
        reason = reason_of(self.held_for)
        if self.held_for and needs_person(self.held_for) and reason is not HoldReason.DELIVERY:
            tasks.append(Task.HELD)
        return tuple(tasks)

    @property
    def delivery_kept_back(self) -> int:
        """Paise that do not go back with the rest of a returned order: the delivery of refused goods."""
        refused = self.lifecycle is Lifecycle.RETURNED and self._has(AmendmentKind.REFUSED)
        return self.owed if refused else 0

    @property
    def delivery_held(self) -> int:
        """What is left of `delivery_kept_back`."""
        return min(self.held, self.delivery_kept_back)

    @property
    def delivery_decided(self) -> bool:
        """Whether a person decided that the shop keeps the delivery of refused goods."""
        return self._has(AmendmentKind.KEPT)

    def _has(self, kind: AmendmentKind) -> bool:
        return any(amendment.kind is kind for amendment in self.amendments)

    @property
    def undone(self) -> tuple[Fact, ...]:
        """Payments that people had recorded by mistake. They are not in `balance`."""
        return balance.undone(self.facts)

    @property
    def to_give_back(self) -> int:
        """Paise that a person has to give back, because a person took them."""
        return sum(refund.amount for refund in self.refunds if refund.open and refund.by_hand)

    # Links

    @property
    def link(self) -> Attempt | None:
        """The newest link that the customer has or waits for; None once it is withdrawn or over."""
        live = [attempt for attempt in self.attempts if attempt.status in _OFFERED]
        return max(live, key=_ordinal, default=None)

    @property
    def planned(self) -> Attempt | None:
        """The attempt that waits for the end of an earlier link, or None."""
        return next((a for a in self.attempts if a.status is AttemptStatus.PLANNED), None)

    @property
    def payable(self) -> tuple[Attempt, ...]:
        """The attempts that the customer can still pay, as far as we know."""
        if not any(attempt.payable for attempt in self.attempts):
            return ()
        taken = self.taken
        return tuple(attempt for attempt in self.attempts if attempt.payable and attempt not in taken)

    @property
    def taken(self) -> tuple[Attempt, ...]:
        """The attempts whose links took exactly their amounts: Razorpay lets nobody pay those again."""
        took = {(payment.link, payment.currency, payment.amount) for payment in self.balance.fitting}
        return tuple(a for a in self.attempts if (a.link_id, a.currency, a.amount) in took)

    @property
    def next_ordinal(self) -> int:
        """The number of the next attempt, counted from 1."""
        return 1 + max((attempt.ordinal for attempt in self.attempts), default=0)

    def attempt(self, reference: str) -> Attempt:
        """Return the attempt with this reference id. Raises UnknownLink if the order has none."""
        found = next((a for a in self.attempts if a.reference_id == reference), None)
        if found is None:
            raise UnknownLink(f"there is talk of link {reference}, which this database doesn't have")
        return found

    def with_attempt(self, attempt: Attempt) -> "OrderState":
        """Return the order with `attempt`, added or in the place of the one with its reference id."""
        if all(a.reference_id != attempt.reference_id for a in self.attempts):
            return replace(self, attempts=(*self.attempts, attempt))
        attempts = (attempt if a.reference_id == attempt.reference_id else a for a in self.attempts)
        return replace(self, attempts=tuple(attempts))

    def without(self, given_up: Iterable[Attempt]) -> "OrderState":
        """Return the order with these attempts withdrawn."""
        given_up = tuple(given_up)
        if not given_up:
            return self
        attempts = (withdrawn(attempt) if attempt in given_up else attempt for attempt in self.attempts)
        return replace(self, attempts=tuple(attempts))

    def amended(self, amendment: Amendment) -> "OrderState":
        """Return the order with one more amendment."""
        return replace(self, amendments=(*self.amendments, amendment))

    def with_facts(self, facts: Iterable[Fact]) -> "OrderState":
        """Return the order with `facts` added, which must be new to it."""
        return replace(self, facts=(*self.facts, *facts))


_OFFERED: Final = frozenset({AttemptStatus.PLANNED, AttemptStatus.CREATING, AttemptStatus.CREATED})


def _ordinal(attempt: Attempt) -> int:
    return attempt.ordinal
