"""What people call the ways to pay: `UPI`, `net banking`. Pure."""

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "bank_transfer": "bank transfer",
    "card": "card",
    "cardless_emi": "cardless EMI",
    "cash": "cash",
    "emi": "EMI",
    "netbanking": "net banking",
    "paylater": "pay later",
    "upi": "UPI",
    "wallet": "wallet",
}
"""By the word in a fact. Source: the field `method` of a payment entity; `cash` is taken by hand."""


def paid_by(method: str) -> str:
    """Return the words that follow `₹500`: `paid by UPI`, `paid in cash`; `paid` if nobody said how.

    A way that we do not know is called as it came.
    """
    if not method:
        return "paid"
    words = _WORDS.get(method, method.replace("_", " "))
    return f"paid {'in' if method == 'cash' else 'by'} {words}"
