"""What a person can do about held money and about errors in the books. Texts only."""

from collections.abc import Mapping
from typing import Final

from payments.ledger.audit import Check
from payments.ledger.holds import Hold, HoldReason, Mismatch

_DASHBOARD: Final = "in Razorpay's dashboard, where its notes name the order"
_CANCEL: Final = "say 'munshi order <number> cancel' to give it back"
_BY_HAND: Final = "or give it back by hand, and say 'munshi order <number> refunded'"

_HELD: Final[Mapping[HoldReason, str]] = {
    HoldReason.WAITING: f"nothing yet: the customer has a link for the rest; to end it, refund {_DASHBOARD}",
    HoldReason.UNCAPTURED: "capture it in Razorpay Dashboard > Payments, where its notes name the order, and"
    " switch on automatic capture in Account & Settings > Payment capture; else it goes back in a few days",
    HoldReason.SHORT: f"ask the customer for the rest, or {_CANCEL}",
    HoldReason.SURPLUS: f"refund what is too much {_DASHBOARD}",
    HoldReason.LATE: f"{_CANCEL}, or refund it {_DASHBOARD}",
    HoldReason.MISMATCH: f"look at the payment {_DASHBOARD}: refund it there",
    HoldReason.REFUND_REFUSED: f"see why {_DASHBOARD} (often the account's balance), and refund it there;"
    f" {_BY_HAND}",
    HoldReason.REFUND_FAILED: f"ask the customer for an account that takes money, and refund it {_DASHBOARD};"
    f" {_BY_HAND}",
    HoldReason.DISPUTED: "answer the dispute in Razorpay's dashboard before its deadline",
    HoldReason.DISPUTE_LOST: "nothing can be done here: settle it with the customer, if you can",
    HoldReason.PAID_AGAIN: f"refund it {_DASHBOARD}",
    HoldReason.DELIVERY: "say 'munshi order <number> delivery keep', or 'delivery refund' to give it back",
    HoldReason.DELIVERY_KEPT: "nothing: you said so; 'munshi order <number> delivery refund' gives it back",
    HoldReason.REMAINDER: "nothing: Razorpay gives nothing back under ₹1",
    HoldReason.UNEXPLAINED: "Munshi should not have held this: compare the order with Razorpay's dashboard",
}
_UNVERIFIED: Final = (
    "nothing yet: Razorpay is being asked. If it stays, the payment is not of this account and mode: give"
    " test and live mode different webhook secrets"
)

_WRITTEN: Final = "somebody wrote into the database past Munshi: find out who, and compare with a backup"
_CHECKS: Final[Mapping[Check, str]] = {
    Check.BALANCE: "compare the order's payments and refunds with Razorpay's dashboard",
    Check.OVER_REFUNDED: "look at the payment in Razorpay's dashboard: was it refunded by hand as well?",
    Check.NO_REASON: "look at the order's payments in Razorpay's dashboard",
    Check.FULFILLED: "do not send the goods before you have seen the payment in Razorpay's dashboard",
    Check.GOODS: "compare the order's payments and refunds with Razorpay's dashboard, and with who took cash",
    Check.REFUND: "compare the refund with Razorpay's dashboard",
    Check.PAID_AT: "compare the order's payments with Razorpay's dashboard",
    Check.PAID_TWICE: "see in Razorpay's dashboard which order paid it; do not send the goods of the other",
    Check.UNCLAIMED: "mend what parked the event and run 'munshi replay', or refund it in the dashboard",
    Check.STOCK: "count what is there",
    Check.QUOTA: "count the orders of that slot or coupon: munshi export orders",
    Check.FACTS: _WRITTEN,
    Check.ROWS: _WRITTEN,
    Check.CHAIN: _WRITTEN,
    Check.UNREADABLE: "mend the order's rows, which somebody or another program has written",
}


def for_held(hold: Hold) -> str:
    """Return what to do about money held for this reason."""
    return _UNVERIFIED if hold.mismatch is Mismatch.UNVERIFIED else _HELD[hold.reason]


def for_check(check: Check) -> str:
    """Return what to do about a discrepancy."""
    return _CHECKS[check]
