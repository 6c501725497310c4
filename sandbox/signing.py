"""Webhook signatures in the format of Meta and Razorpay."""

import hmac


def sign(body: bytes, secret: str) -> str:
    """Return the lowercase hex HMAC-SHA256 of `body`."""
    return hmac.new(secret.encode(), body, "sha256").hexdigest()
