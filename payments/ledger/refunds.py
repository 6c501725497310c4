"""Money going back: what we asked for, and what Razorpay says became of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from payments.ledger.balance import Balance, Captured

SMALLEST: Final = 100
"""Paise. Razorpay gives nothing back under ₹1. Source: Create a Normal Refund."""
OUTSIDE: Final = "made outside Munshi"
"""Reason of a refund that Munshi did not ask for."""


class RefundStatus(StrEnum):
    """Where one refund stands."""

    ASKED = "asked"
    """Decided and stored; Razorpay may not know of it yet."""
    CREATED = "created"
    PROCESSED = "processed"
    FAILED = "failed"
    """Razorpay could not give it back: the money is still ours."""
    REFUSED = "refused"
    """Razorpay would not make it."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one payment."""

    key: str
    """`<payment id>-<ordinal>`; Razorpay's id for one that Munshi did not ask for."""
    order_key: str
    payment_id: str
    amount: int
    """Paise."""
    reason: str
    status: RefundStatus = RefundStatus.ASKED
    refund_id: str | None = None

    @property
    def goes_back(self) -> bool:
        """Whether this money counts as gone."""
        return self.status in _GOES_BACK

    @property
    def open(self) -> bool:
        """Whether more is to be heard of it."""
        return self.status in (RefundStatus.ASKED, RefundStatus.CREATED)


_GOES_BACK: Final = frozenset({RefundStatus.ASKED, RefundStatus.CREATED, RefundStatus.PROCESSED})


def accounted(refunds: Iterable[Refund], order_key: str, balance: Balance) -> tuple[Refund, ...]:
    """`refunds` as the facts leave them, with those that were made without us.

    An intent for which nothing is left, because others gave the money back first, is refused here.
    One of another amount under a key of ours was asked for by books that are lost: it is not this intent.
    """
    found = {refund.key: refund for refund in refunds}
    by_id = {refund.refund_id: refund.key for refund in found.values() if refund.refund_id}
    amounts = {(refund.key, refund.amount) for refund in found.values()}
    for said in balance.refunds:
        key = said.key if (said.key, said.amount) in amounts else by_id.get(said.id, said.id)
        ours = found.get(key) or Refund(key, order_key, said.payment_id, said.amount, OUTSIDE)
        found[key] = replace(ours, status=RefundStatus(said.state), refund_id=said.id)
    left = {payment.id: payment.amount for payment in balance.own}
    for refund in found.values():
        if refund.goes_back and refund.status is not RefundStatus.ASKED:
            left[refund.payment_id] = left.get(refund.payment_id, 0) - refund.amount
    for refund in [found[key] for key in sorted(found)]:
        if refund.status is RefundStatus.ASKED:
            left[refund.payment_id] = left.get(refund.payment_id, 0) - refund.amount
            if left[refund.payment_id] < 0:
                left[refund.payment_id] += refund.amount
                found[refund.key] = replace(refund, status=RefundStatus.REFUSED)
    return tuple(found[key] for key in sorted(found))


def wanted(
    order_key: str, payments: Iterable[Captured], refunds: Iterable[Refund], amount: int, reason: str
) -> tuple[Refund, ...]:
    """New refunds that give `amount` paise back, the newest payments first.

    What was asked for once is not asked for again, even if it failed: that is a person's task.
    Less than `SMALLEST` of a payment can't go back and is left out.
    """
    refunds, found = tuple(refunds), []
    for payment in sorted(payments, key=lambda payment: (payment.at, payment.id), reverse=True):
        earlier = [refund for refund in refunds if refund.payment_id == payment.id]
        part = min(amount, payment.amount - sum(refund.amount for refund in earlier))
        if part >= SMALLEST:
            key = f"{payment.id}-{len(earlier) + 1}"
            found.append(Refund(key, order_key, payment.id, part, reason))
            amount -= part
    return tuple(found)
