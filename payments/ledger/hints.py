"""What a person can do about money that waits or does not add up. Words only."""

from collections.abc import Mapping
from typing import Final

from payments.ledger.audit import Check
from payments.ledger.matching import UNVERIFIED
from payments.ledger.state import UNCAPTURED, WAITING

_DASHBOARD: Final = "in Razorpay's dashboard, where its notes name the order"

_HELD: Final[Mapping[str, str]] = {
    WAITING: f"nothing yet: the customer has a link for the rest; to end it, refund {_DASHBOARD}",
    UNCAPTURED: "capture it in Razorpay Dashboard > Payments, where its notes name the order, and switch on"
    " automatic capture in Account & Settings > Payment capture; else it goes back in a few days",
    "short": f"ask the customer for the rest, or refund the payment {_DASHBOARD}",
    "surplus": f"refund what is too much {_DASHBOARD}",
    "late": f"send the goods if there are any, else refund the payment {_DASHBOARD}",
    f"mismatch: {UNVERIFIED}": "nothing yet: Razorpay is being asked. If it stays, the payment is not of this"
    " account and mode: give test and live mode different webhook secrets",
    "mismatch": f"look at the payment {_DASHBOARD}: refund it, or settle it with the customer",
    "refund refused": f"see why {_DASHBOARD} (often the account's balance), and refund it there",
    "refund failed": f"ask the customer for an account that takes money, and refund it {_DASHBOARD}",
    "disputed": "answer the dispute in Razorpay's dashboard before its deadline",
    "dispute lost": "nothing can be done here: settle it with the customer, if you can",
    "paid again": f"refund it {_DASHBOARD}, or send the goods",
    "remainder": "nothing: Razorpay gives nothing back under ₹1",
}
"""By how the reason begins; a longer beginning comes before a shorter one."""

_CHECKS: Final[Mapping[Check, str]] = {
    Check.BALANCE: "compare the order's payments and refunds with Razorpay's dashboard",
    Check.OVER_REFUNDED: "look at the payment in Razorpay's dashboard: was it refunded by hand as well?",
    Check.NO_REASON: "look at the order's payments in Razorpay's dashboard",
    Check.FULFILLED: "do not send the goods before you have seen the payment in Razorpay's dashboard",
    Check.REFUND: "compare the refund with Razorpay's dashboard",
    Check.PAID_AT: "compare the order's payments with Razorpay's dashboard",
    Check.PAID_TWICE: "see in Razorpay's dashboard which order paid it; do not send the goods of the other",
    Check.UNCLAIMED: "mend what parked the event and run 'munshi replay', or refund it in the dashboard",
    Check.STOCK: "count what is there",
}


def for_held(reason: str) -> str:
    """What to do about money held for `reason` (an order's `held_for`)."""
    known = (remedy for start, remedy in _HELD.items() if reason.startswith(start))
    return next(known, "Munshi should not have held this: compare the order with Razorpay's dashboard")


def needs_person(reason: str) -> bool:
    """Whether money held for `reason` goes nowhere unless a person acts."""
    return not reason.startswith((WAITING, "remainder"))


def for_check(check: Check) -> str:
    """What to do about a discrepancy."""
    return _CHECKS[check]
