"""Why an order's money is held: a value that is stored with the order as codes, and its words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mismatch(StrEnum):
    """Why a captured payment does not count for the order that it names."""

    ACCOUNT = "account"
    LINK = "link"
    UNVERIFIED = "unverified"
    """It may be on a link of ours: Razorpay is asked about it."""
    TEST_MODE = "test_mode"
    LIVE_MODE = "live_mode"
    CURRENCY = "currency"
    UNKNOWN = "unknown"
    """It was stored in a word that this version does not have."""


class HoldReason(StrEnum):
    """Why money is held, or what the order waits for."""

    WAITING = "waiting"
    """Only the customer can act."""
    SHORT = "short"
    UNCAPTURED = "uncaptured"
    """The order waits; the money still belongs to the customer."""
    MISMATCH = "mismatch"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"
    REFUND_REFUSED = "refund_refused"
    REFUND_FAILED = "refund_failed"
    REMAINDER = "remainder"
    LATE = "late"
    SURPLUS = "surplus"
    PAID_AGAIN = "paid_again"
    DELIVERY = "delivery"
    """The delivery of goods that were refused at the door."""
    DELIVERY_KEPT = "delivery_kept"
    """The same, and a person has decided that the shop keeps it."""
    UNEXPLAINED = "unexplained"
    """A fault in Munshi, or a reason that only another version knows."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why money of an order is held, or what the order waits for."""

    reason: HoldReason
    mismatch: Mismatch | None = None
    """Of a `MISMATCH`: which."""
    refund: HoldReason | None = None
    """Of a dispute: the reason for a refund that was refused or failed as well."""


MISMATCHES: Final[Mapping[Mismatch, str]] = {
    Mismatch.ACCOUNT: "paid into another Razorpay account",
    Mismatch.LINK: "paid on a link that Munshi did not make",
    Mismatch.UNVERIFIED: "not seen by our own keys yet",
    Mismatch.TEST_MODE: "paid in test mode",
    Mismatch.LIVE_MODE: "paid in live mode",
    Mismatch.CURRENCY: "in another currency",
    Mismatch.UNKNOWN: "for a reason that only another version of Munshi knows",
}
"""Each mismatch in words for people."""

REASONS: Final[Mapping[HoldReason, str]] = {
    HoldReason.WAITING: "short: waiting for the rest",
    HoldReason.SHORT: "short: less than the total was paid",
    HoldReason.UNCAPTURED: "authorised: the bank said yes, and nobody has captured the payment",
    HoldReason.MISMATCH: "mismatch",
    HoldReason.DISPUTED: "disputed: answer the dispute in Razorpay's dashboard",
    HoldReason.DISPUTE_LOST: "dispute lost: the payer's bank took the money back",
    HoldReason.REFUND_REFUSED: "refund refused: Razorpay would not make it",
    HoldReason.REFUND_FAILED: "refund failed: Razorpay could not give the money back",
    HoldReason.REMAINDER: "remainder: too little for Razorpay to give back",
    HoldReason.LATE: "late: paid after the order had ended",
    HoldReason.SURPLUS: "surplus: more than the total was paid",
    HoldReason.PAID_AGAIN: "paid again: after money for the goods had been given back",
    HoldReason.DELIVERY: "delivery: the goods were refused, and a person decides about the fee",
    HoldReason.DELIVERY_KEPT: "delivery kept: the goods were refused, and the shop keeps the fee",
    HoldReason.UNEXPLAINED: "unexplained",
}
"""Each reason in words for people."""


_WAITS_FOR_NOBODY: Final = frozenset(
    {HoldReason.WAITING, HoldReason.REMAINDER, HoldReason.DELIVERY_KEPT, HoldReason.DISPUTE_LOST}
)


def needs_person(hold: Hold) -> bool:
    """Return whether money held for this reason waits for something that a person can do."""
    return hold.reason not in _WAITS_FOR_NOBODY or hold.refund is not None


def in_words(hold: Hold) -> str:
    """Return the hold for people."""
    words = REASONS[hold.reason]
    if hold.mismatch is not None:
        words = f"{words}: {MISMATCHES[hold.mismatch]}"
    return words if hold.refund is None else f"{words}; {REASONS[hold.refund]}"


def to_codes(hold: Hold | None) -> str | None:
    """Return the codes that are stored: the reason, and the mismatch or refund that goes with it."""
    return None if hold is None else " ".join(filter(None, (hold.reason, hold.mismatch, hold.refund)))


def from_codes(codes: str | None) -> Hold | None:
    """Return the hold that `to_codes` wrote. Codes that this version cannot read are UNEXPLAINED."""
    return None if codes is None else _HOLDS.get(codes, Hold(HoldReason.UNEXPLAINED))


def reason_of(held_for: Hold | None) -> HoldReason | None:
    """Return the reason alone; None if nothing is held for one."""
    return None if held_for is None else held_for.reason


def _all_holds() -> list[Hold]:
    """Return every hold that there is."""
    disputes = (HoldReason.DISPUTED, HoldReason.DISPUTE_LOST)
    refunds = (HoldReason.REFUND_REFUSED, HoldReason.REFUND_FAILED)
    return [
        *(Hold(reason) for reason in HoldReason if reason is not HoldReason.MISMATCH),
        *(Hold(HoldReason.MISMATCH, mismatch=mismatch) for mismatch in Mismatch),
        *(Hold(dispute, refund=refund) for dispute in disputes for refund in refunds),
    ]


_HOLDS: Final[Mapping[str, Hold]] = {codes: hold for hold in _all_holds() if (codes := to_codes(hold))}
