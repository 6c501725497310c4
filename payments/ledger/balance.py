"""The ledger: fold the facts about an order into its balance.

`balance` is a pure fold, commutative and idempotent: facts may come in any order and any number of
times. States are ranked. Times only decide which of several payments came last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from payments.lazy import lazy
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.holds import Mismatch
from payments.shop.orders import is_by_hand


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured payment."""

    id: str
    amount: int
    """Paise for the shop, without a fee that the payer bore."""
    currency: str
    at: int
    """When Razorpay made the payment, in seconds since 1970, UTC."""
    link: str
    """Id of the payment link it was made on; empty if unknown."""
    mismatch: Mismatch | None
    """Why it does not fit the order; None if it fits."""
    method: str
    by: str = ""
    """Who took it, if a person did."""
    fee: int = 0
    """Paise of Razorpay's fee that the payer bore on top of `amount`. Never the shop's money."""


@dataclass(frozen=True, slots=True)
class Returned:
    """One refund of a captured payment, in the highest-ranked state that was reported."""

    id: str
    payment_id: str
    amount: int
    """Paise."""
    state: FactState
    """Created, processed or failed."""
    key: str
    """Our idempotency key; empty if Munshi did not ask for the refund."""


@dataclass(frozen=True)
class Balance:
    """The money of one order according to its facts. Sums are paise in the order's currency."""

    total: int
    currency: str
    payments: tuple[Captured, ...]
    """Every captured payment in any currency, oldest first."""
    refunds: tuple[Returned, ...]
    ended: frozenset[str]
    """Ids of the payment links that ended unpaid."""
    authorised_at: int | None
    """When Razorpay made the oldest payment that is authorised but not captured, in seconds since 1970, UTC.
    None if there is none."""
    disputes: Mapping[str, str]
    """Disputes raised by the payer's bank: `open` or `lost`, by payment id."""

    @property
    def authorised(self) -> bool:
        """Whether a payment is authorised and not captured yet."""
        return self.authorised_at is not None

    @property
    def disputed(self) -> bool:
        """Whether a dispute is open."""
        return "open" in self.disputes.values()

    @lazy
    def own(self) -> tuple[Captured, ...]:
        """The payments in the order's currency."""
        return tuple(payment for payment in self.payments if payment.currency == self.currency)

    @lazy
    def fitting(self) -> tuple[Captured, ...]:
        """The payments that count towards the total."""
        return tuple(payment for payment in self.own if not payment.mismatch)

    @property
    def mismatch(self) -> Mismatch | None:
        """Why a captured payment that was not wholly refunded does not fit; None if all fit."""
        remaining = [payment for payment in self.payments if self._refunded_of(payment) < payment.amount]
        if any(payment.currency != self.currency for payment in remaining):
            return Mismatch.CURRENCY
        return next((payment.mismatch for payment in remaining if payment.mismatch), None)

    @property
    def captured(self) -> int:
        """Paise captured in the order's currency, each payment once."""
        return sum(payment.amount for payment in self.own)

    @lazy
    def paid(self) -> int:
        """Paise that count towards the total."""
        return sum(payment.amount for payment in self.fitting)

    @property
    def paid_in_full(self) -> bool:
        """Whether the whole total has been captured. Once true, it stays true, but for a payment by hand that
        is undone."""
        return self.paid >= self.total

    def _refunded_of(self, payment: Captured) -> int:
        refunds = (r for r in self.refunds if r.payment_id == payment.id and r.state is not FactState.FAILED)
        # No more can go back: the fact that an earlier refund failed is still to come.
        return min(payment.amount, sum(refund.amount for refund in refunds))


def balance(total: int, currency: str, facts: Iterable[Fact]) -> Balance:
    """Return the balance of an order of `total` paise, according to `facts`."""
    facts = tuple(facts)
    if not facts:
        # So it is in most steps: the customer has not paid yet.
        return Balance(total, currency, (), (), frozenset(), authorised_at=None, disputes={})
    payments = _payments(facts)
    captured = {payment.id for payment in payments}
    return Balance(
        total=total,
        currency=currency,
        payments=payments,
        refunds=tuple(refund for refund in _refunds(facts) if refund.payment_id in captured),
        ended=_ended(facts),
        authorised_at=min(
            (fact.at for fact in authorised(facts) if fact.entity_id not in captured), default=None
        ),
        disputes=_disputes(facts),
    )


def _payments(facts: Iterable[Fact]) -> tuple[Captured, ...]:
    reported = [fact for fact in facts if fact.entity is EntityType.PAYMENT]
    confirmed = {fact.entity_id: fact for fact in reported if fact.state is FactState.CONFIRMED}
    slips = {slip.entity_id for slip in undone(reported)}
    payments: dict[str, Captured] = {}
    for fact in reported:
        if fact.state is not FactState.CAPTURED or fact.entity_id in slips:
            continue
        detail = fact.detail
        if ours := confirmed.get(fact.entity_id):
            detail = replace(detail, mismatch=None, link=detail.link or ours.detail.link)
        payment = Captured(
            fact.entity_id,
            fact.amount - detail.on_top,
            fact.currency,
            fact.at,
            detail.link,
            detail.mismatch,
            detail.method,
            detail.by,
            detail.on_top,
        )
        known = payments.get(payment.id)
        # If two sources ever differ, the larger wins: the order of arrival must not decide.
        if known is None or _rank(payment) > _rank(known):
            payments[payment.id] = payment
    return tuple(sorted(payments.values(), key=lambda payment: (payment.at, payment.id)))


def undone(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts which say that a payment by hand was recorded by mistake."""
    found = (fact for fact in facts if fact.reports(EntityType.PAYMENT, FactState.UNDONE))
    return tuple(fact for fact in found if is_by_hand(fact.entity_id))


def _rank(payment: Captured) -> tuple[int, str, str, str]:
    return (payment.amount, payment.link, payment.mismatch or "", payment.method)


_REFUND_RANK: Final[Mapping[FactState, int]] = {
    FactState.CREATED: 0,
    FactState.PROCESSED: 1,
    FactState.FAILED: 2,
}
"""`failed` ranks highest: a refund can fail after it was reported as processed."""


def _refunds(facts: Iterable[Fact]) -> tuple[Returned, ...]:
    refunds: dict[str, Returned] = {}
    for fact in facts:
        # A payment that was never captured is not our money: Razorpay gives it back by itself.
        ours = fact.entity is EntityType.REFUND and fact.detail.captured
        if not ours or fact.state not in _REFUND_RANK:
            continue
        detail = fact.detail
        refund = Returned(fact.entity_id, detail.payment_id, fact.amount, fact.state, detail.key)
        known = refunds.get(refund.id)
        if known is None or _REFUND_RANK[known.state] < _REFUND_RANK[refund.state]:
            refunds[refund.id] = refund
    return tuple(refunds[id] for id in sorted(refunds))


def authorised(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts of authorised payments, without those that were given back or released.

    A refund of a captured payment removes nothing here: the fact of its capture is still to come.
    """
    facts = tuple(facts)
    refunds = (fact for fact in facts if fact.entity is EntityType.REFUND)
    over = {fact.detail.payment_id for fact in refunds if not fact.detail.captured}
    payments = [fact for fact in facts if fact.entity is EntityType.PAYMENT]
    over |= {fact.entity_id for fact in payments if fact.state is FactState.RELEASED}
    allowed = (fact for fact in payments if fact.state is FactState.AUTHORIZED)
    return tuple(fact for fact in allowed if fact.entity_id not in over)


def _ended(facts: Iterable[Fact]) -> frozenset[str]:
    links = [fact for fact in facts if fact.entity is EntityType.PAYMENT_LINK]
    paid = {fact.entity_id for fact in links if fact.state is FactState.PAID}
    return (
        frozenset(fact.entity_id for fact in links if fact.state in (FactState.EXPIRED, FactState.CANCELLED))
        - paid
    )


_DISPUTES: Final[Mapping[str, int]] = {"won": 2, "closed": 2, "lost": 3}
"""Ranks of a dispute's final states. Every other state is open and ranks 1."""


def _disputes(facts: Iterable[Fact]) -> dict[str, str]:
    worst: dict[str, tuple[str, int]] = {}
    for fact in facts:
        if fact.entity is EntityType.DISPUTE:
            payment, rank = fact.detail.payment_id, _DISPUTES.get(fact.state, 1)
            worst[fact.entity_id] = (payment, max(rank, worst.get(fact.entity_id, ("", 0))[1]))
    named = {1: "open", 3: "lost"}
    # Open disputes come last and so win, if a payment has several.
    ordered = sorted(worst.values(), key=lambda ranked: -ranked[1])
    return {payment: named[rank] for payment, rank in ordered if rank in named}
