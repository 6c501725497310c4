"""The ledger: facts in, balance out.

`balance` is a pure fold that is commutative and idempotent: facts may come in any order and any
number of times. Times decide nothing in it but which of several payments came last; states are
ranked instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from payments.ledger.facts import Fact
from payments.ledger.fees import ON_TOP

MISMATCH: Final = "mismatch"
"""Key of a payment fact's detail that says why the payment does not fit the order it names."""
CONFIRMED: Final = "confirmed"
"""State of a payment fact: by our own keys we know that the payment is captured, and ours."""

RELEASED: Final = "released"
"""State of a payment fact of our own: the bank allowed it so long ago that nobody waits for its capture."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured payment."""

    id: str
    amount: int
    """Paise that came for the shop: without a fee that the payer bore."""
    currency: str
    at: int
    """When Razorpay made the payment, in seconds since 1970, UTC."""
    link: str
    """The payment link it was made on; empty where nobody said."""
    mismatch: str
    """Why it does not fit the order; empty if it does."""
    method: str
    fee: int = 0
    """Paise that the payer bore on top: Razorpay's, and never the shop's."""


@dataclass(frozen=True, slots=True)
class Returned:
    """One refund of a captured payment, in the furthest state it was seen in."""

    id: str
    payment_id: str
    amount: int
    """Paise."""
    state: str
    """`created`, `processed` or `failed`."""
    key: str
    """Our idempotency key; empty for one that Munshi did not ask for."""


@dataclass(frozen=True)
class Balance:
    """What the facts about one order say of its money. Sums are paise in the order's currency."""

    total: int
    currency: str
    payments: tuple[Captured, ...]
    """Every captured payment, oldest first, in whatever currency."""
    refunds: tuple[Returned, ...]
    ended: frozenset[str]
    """Payment links that ended unpaid."""
    authorised_at: int | None
    """When Razorpay made the oldest payment that the bank allowed and nobody captured, in seconds; None if
    there is none."""
    disputes: Mapping[str, str]
    """Payments that their payer's bank disputes or disputed: `open` or `lost`."""

    @property
    def authorised(self) -> bool:
        """Whether the bank allowed a payment that is not captured yet."""
        return self.authorised_at is not None

    @property
    def disputed(self) -> bool:
        """Whether a dispute is under way."""
        return "open" in self.disputes.values()

    @cached_property
    def own(self) -> tuple[Captured, ...]:
        """The payments in the order's currency."""
        return tuple(payment for payment in self.payments if payment.currency == self.currency)

    @cached_property
    def fitting(self) -> tuple[Captured, ...]:
        """The payments that count towards the total."""
        return tuple(payment for payment in self.own if not payment.mismatch)

    @property
    def mismatch(self) -> str:
        """Why a captured payment that is still here does not fit; empty if all do."""
        here = [payment for payment in self.payments if self._back_of(payment) < payment.amount]
        if any(payment.currency != self.currency for payment in here):
            return "in another currency"
        return next((payment.mismatch for payment in here if payment.mismatch), "")

    @property
    def captured(self) -> int:
        """All that was captured, each payment once."""
        return sum(payment.amount for payment in self.own)

    @cached_property
    def paid(self) -> int:
        """What counts towards the total."""
        return sum(payment.amount for payment in self.fitting)

    @property
    def settled(self) -> bool:
        """True once the whole total has been captured; it never becomes false again."""
        return self.paid >= self.total

    @property
    def back(self) -> int:
        """What went back to the payer or is on its way."""
        return sum(self._back_of(payment) for payment in self.own)

    def _back_of(self, payment: Captured) -> int:
        refunds = (r for r in self.refunds if r.payment_id == payment.id and r.state != "failed")
        # More can't go back: word that an earlier refund failed is still to come.
        return min(payment.amount, sum(refund.amount for refund in refunds))


def balance(total: int, currency: str, facts: Iterable[Fact]) -> Balance:
    """What `facts` say of the money of an order of `total` paise."""
    facts = tuple(facts)
    payments = _payments(facts)
    known = {payment.id for payment in payments}
    return Balance(
        total=total,
        currency=currency,
        payments=payments,
        refunds=tuple(refund for refund in _refunds(facts) if refund.payment_id in known),
        ended=_ended(facts),
        authorised_at=min(
            (fact.at for fact in authorised(facts) if fact.entity_id not in known), default=None
        ),
        disputes=_disputes(facts),
    )


def _payments(facts: Iterable[Fact]) -> tuple[Captured, ...]:
    facts, found = tuple(facts), dict[str, Captured]()
    confirmed = {f.entity_id: f for f in facts if f.entity == "payment" and f.state == CONFIRMED}
    for fact in facts:
        if fact.entity != "payment" or fact.state != "captured":
            continue
        said = {key: str(fact.detail.get(key) or "") for key in ("link", MISMATCH, "method")}
        if fact.entity_id in confirmed:
            said[MISMATCH] = ""
            said["link"] = said["link"] or str(confirmed[fact.entity_id].detail.get("link") or "")
        fee = int(fact.detail.get(ON_TOP) or 0)
        payment = Captured(
            fact.entity_id,
            fact.amount - fee,
            fact.currency,
            fact.at,
            said["link"],
            said[MISMATCH],
            said["method"],
            fee,
        )
        before = found.get(payment.id)
        # The larger, should two sources ever differ: an order of arrival must not decide.
        if before is None or _order(payment) > _order(before):
            found[payment.id] = payment
    return tuple(sorted(found.values(), key=lambda payment: (payment.at, payment.id)))


def _order(payment: Captured) -> tuple[int, str, str, str]:
    return (payment.amount, payment.link, payment.mismatch, payment.method)


_REFUND_RANK: Final[Mapping[str, int]] = {"created": 0, "processed": 1, "failed": 2}
"""A refund that failed after it was called processed has failed."""


def _refunds(facts: Iterable[Fact]) -> tuple[Returned, ...]:
    found: dict[str, Returned] = {}
    for fact in facts:
        # What was never captured is not our money: Razorpay gives it back by itself.
        ours = fact.entity == "refund" and fact.detail.get("captured") != "false"
        if not ours or fact.state not in _REFUND_RANK:
            continue
        refund = Returned(
            fact.entity_id,
            str(fact.detail.get("payment_id") or ""),
            fact.amount,
            fact.state,
            str(fact.detail.get("key") or ""),
        )
        before = found.get(refund.id)
        if before is None or _REFUND_RANK[before.state] < _REFUND_RANK[refund.state]:
            found[refund.id] = refund
    return tuple(found[id] for id in sorted(found))


def authorised(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The payments that the bank allowed, without those that Razorpay gave back or nobody waits for.

    What goes back of a captured payment ends no wait: word of its capture is still to come.
    """
    facts = tuple(facts)
    refunds = (fact for fact in facts if fact.entity == "refund")
    over = {str(f.detail.get("payment_id")) for f in refunds if f.detail.get("captured") == "false"}
    over |= {f.entity_id for f in facts if f.entity == "payment" and f.state == RELEASED}
    allowed = (f for f in facts if f.entity == "payment" and f.state == "authorized")
    return tuple(fact for fact in allowed if fact.entity_id not in over)


def _ended(facts: Iterable[Fact]) -> frozenset[str]:
    links = [fact for fact in facts if fact.entity == "payment_link"]
    paid = {fact.entity_id for fact in links if fact.state == "paid"}
    return frozenset(fact.entity_id for fact in links if fact.state in ("expired", "cancelled")) - paid


_DISPUTES: Final[Mapping[str, int]] = {"won": 2, "closed": 2, "lost": 3}
"""Ranks of a dispute's ends above all states in which it is open."""


def _disputes(facts: Iterable[Fact]) -> dict[str, str]:
    worst: dict[str, tuple[str, int]] = {}
    for fact in facts:
        if fact.entity == "dispute":
            payment, rank = str(fact.detail.get("payment_id") or ""), _DISPUTES.get(fact.state, 1)
            worst[fact.entity_id] = (payment, max(rank, worst.get(fact.entity_id, ("", 0))[1]))
    named = {1: "open", 3: "lost"}
    # An open one is what matters first, if a payment has several.
    ordered = sorted(worst.values(), key=lambda found: -found[1])
    return {payment: named[rank] for payment, rank in ordered if rank in named}
