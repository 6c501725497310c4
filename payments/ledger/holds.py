"""Why an order's money is held. The reason's text is stored with the order; details may follow it."""

from collections.abc import Mapping
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


class HoldReason(StrEnum):
    """One reason: the start of an order's `held_for` text."""

    WAITING = "short: waiting for the rest"
    """Only the customer can act."""
    SHORT = "short: less than the total was paid"
    UNCAPTURED = "authorised: the bank said yes, and nobody has captured the payment"
    """The order waits; the money still belongs to the customer."""
    MISMATCH = "mismatch"
    """The kind of mismatch follows in the text."""
    DISPUTED = "disputed: answer the dispute in Razorpay's dashboard"
    DISPUTE_LOST = "dispute lost: the payer's bank took the money back"
    REFUND_REFUSED = "refund refused: Razorpay would not make it"
    REFUND_FAILED = "refund failed: Razorpay could not give the money back"
    REMAINDER = "remainder: too little for Razorpay to give back"
    LATE = "late: paid after the order had ended"
    SURPLUS = "surplus: more than the total was paid"
    PAID_AGAIN = "paid again: after money for the goods had been given back"
    UNEXPLAINED = "unexplained"
    """A fault in Munshi."""


def reason_of(held_for: str) -> HoldReason:
    """Return the reason that the text begins with, or UNEXPLAINED."""
    return next((reason for reason in HoldReason if held_for.startswith(reason)), HoldReason.UNEXPLAINED)
