"""Refunds: what we asked for, and their state at Razorpay. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from payments.ledger.balance import Balance, Captured
from payments.shop.orders import hand_refund, is_by_hand

SMALLEST: Final = 100
"""Paise. Razorpay makes no refund under ₹1. Source: Create a Normal Refund."""
OUTSIDE: Final = "made outside Munshi"
"""Reason of a refund that Munshi did not ask for."""
BY_HAND: Final = "given by hand"
"""Reason of a refund that a person gave in place of one that Razorpay did not make."""


class RefundStatus(StrEnum):
    """Status of one refund."""

    ASKED = "asked"
    """An intent: decided and stored. Razorpay may not know of it yet."""
    CREATED = "created"
    PROCESSED = "processed"
    FAILED = "failed"
    """Razorpay could not return the money: it is still ours."""
    REFUSED = "refused"
    """Razorpay did not accept the refund."""
    WITHDRAWN = "withdrawn"
    """A person was asked to give cash back that nobody had taken: nothing is to be given back."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one payment."""

    key: str
    """`<payment id>-<ordinal>`. If a person gave it in place of another refund: `hand_refund` of that key. If
    Munshi did not ask for the refund: Razorpay's id of it."""
    order_key: str
    payment_id: str
    amount: int
    """Paise."""
    reason: str
    status: RefundStatus = RefundStatus.ASKED
    refund_id: str | None = None

    @property
    def goes_back(self) -> bool:
        """Whether the money counts as refunded."""
        return self.status in _GOES_BACK

    @property
    def by_hand(self) -> bool:
        """Whether a person gives it, and no bank has a part in it."""
        return is_by_hand(self.key)

    @property
    def replaces(self) -> bool:
        """Whether a person gave it in place of a refund that Razorpay did not make."""
        return self.by_hand and not is_by_hand(self.payment_id)

    @property
    def open(self) -> bool:
        """Whether its final state is still to come."""
        return self.status in (RefundStatus.ASKED, RefundStatus.CREATED)


_GOES_BACK: Final = frozenset({RefundStatus.ASKED, RefundStatus.CREATED, RefundStatus.PROCESSED})


def accounted(refunds: Iterable[Refund], order_key: str, balance: Balance) -> tuple[Refund, ...]:
    """Return `refunds` updated by the facts, with those that were made without us.

    An intent is refused here if other refunds left too little of its payment. A refund of another amount
    under a key of ours was asked for by books that are lost: it is not this intent.
    """
    by_key = {refund.key: refund for refund in refunds}
    by_id = {refund.refund_id: refund.key for refund in by_key.values() if refund.refund_id}
    amounts = {(refund.key, refund.amount) for refund in by_key.values()}
    for seen in balance.refunds:
        key = seen.key if (seen.key, seen.amount) in amounts else by_id.get(seen.id, seen.id)
        reason = BY_HAND if is_by_hand(key) else OUTSIDE
        refund = by_key.get(key) or Refund(key, order_key, seen.payment_id, seen.amount, reason)
        by_key[key] = replace(refund, status=RefundStatus(seen.state), refund_id=seen.id)
    remaining = {payment.id: payment.amount for payment in balance.own}
    for refund in by_key.values():
        if refund.goes_back and refund.status is not RefundStatus.ASKED:
            remaining[refund.payment_id] = remaining.get(refund.payment_id, 0) - refund.amount
    for refund in [by_key[key] for key in sorted(by_key)]:
        if refund.status is RefundStatus.ASKED:
            remaining[refund.payment_id] = remaining.get(refund.payment_id, 0) - refund.amount
            if remaining[refund.payment_id] < 0:
                remaining[refund.payment_id] += refund.amount
                by_key[refund.key] = replace(refund, status=RefundStatus.REFUSED)
    return tuple(by_key[key] for key in sorted(by_key))


def wanted(
    order_key: str, payments: Iterable[Captured], refunds: Iterable[Refund], amount: int, reason: str
) -> tuple[Refund, ...]:
    """Return new refunds of `amount` paise in all, from the newest payments first; from cash last.

    What was asked for once is not asked for again, even if it failed: that is a person's task.
    A part under `SMALLEST` of a payment cannot be refunded and is left out.
    """
    refunds, new = tuple(refunds), []
    for payment in sorted(payments, key=_precedence, reverse=True):
        earlier = [refund for refund in refunds if refund.payment_id == payment.id]
        part = min(amount, payment.amount - asked_for(earlier))
        if part >= SMALLEST:
            key = f"{payment.id}-{len(earlier) + 1}"
            new.append(Refund(key, order_key, payment.id, part, reason))
            amount -= part
    return tuple(new)


def asked_for(refunds: Iterable[Refund]) -> int:
    """Return the paise that were asked for, whatever became of them, without what was withdrawn.

    What a person gave in place of a refund was asked for as that refund.
    """
    asked = (one for one in refunds if one.status is not RefundStatus.WITHDRAWN and not one.replaces)
    return sum(refund.amount for refund in asked)


def replaced(refunds: Iterable[Refund]) -> frozenset[str]:
    """Return the keys of the refunds in whose place a person gave the money."""
    refunds = tuple(refunds)
    by_hand = {refund.key for refund in refunds if refund.replaces}
    return frozenset(refund.key for refund in refunds if hand_refund(refund.key) in by_hand)


def not_made(refunds: Iterable[Refund]) -> tuple[Refund, ...]:
    """Return the refunds that Razorpay did not make, and that nobody gave in their place."""
    refunds = tuple(refunds)
    by_hand = replaced(refunds)
    return tuple(one for one in refunds if one.status in _NOT_MADE and one.key not in by_hand)


_NOT_MADE: Final = frozenset({RefundStatus.FAILED, RefundStatus.REFUSED})


def _precedence(payment: Captured) -> tuple[bool, int, str]:
    """Sort last what is given back first. A person has to give back what a person took."""
    return (not is_by_hand(payment.id), payment.at, payment.id)
