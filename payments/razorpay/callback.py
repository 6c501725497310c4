"""The request of a browser that returns from the payment page. A hint only: webhooks and polls decide.

Source: Razorpay docs, "Payment Links APIs", callback URL parameters, 2026.
"""

from collections.abc import Mapping
from typing import Final

from payments import signature

_SIGNED: Final = (
    "razorpay_payment_link_id",
    "razorpay_payment_link_reference_id",
    "razorpay_payment_link_status",
    "razorpay_payment_id",
)
_SIGNATURE: Final = "razorpay_signature"
_PARAMETERS: Final = frozenset({*_SIGNED, _SIGNATURE})


def signature_matches(query: Mapping[str, str], key_secret: str) -> bool:
    """Return whether Razorpay signed these query parameters with the API key's secret. Never raises.

    The four values are joined by `|` and then signed, so a value that contains `|` could be read in two
    ways. It gives False, as does a missing or non-ASCII value, or a secret under MIN_SECRET characters.
    """
    if not query.keys() >= _PARAMETERS or len(key_secret) < signature.MIN_SECRET:
        return False
    if not all(query[name].isascii() and "|" not in query[name] for name in _PARAMETERS):
        return False
    message = "|".join(query[name] for name in _SIGNED).encode()
    return signature.matches(message, query[_SIGNATURE], key_secret)
