"""HMAC-SHA256 signatures over raw request bodies, as Meta and Razorpay both make them.

The vendor SDK's helper is not used: it raises TypeError on bytes, on a missing header and on
non-ASCII (a 500 for whoever sends one), and an empty secret verifies a forged body.
"""

import hmac
from hashlib import sha256
from typing import Final

MIN_SECRET: Final = 16
"""Characters a signing secret must have: an empty one would verify anything."""

_HEX: Final = frozenset(b"0123456789abcdef")


def sign(body: bytes, secret: str) -> str:
    """Lowercase hex HMAC-SHA256 of `body`. Raises ValueError if `secret` is under MIN_SECRET characters."""
    if len(secret) < MIN_SECRET:
        raise ValueError(f"a signing secret needs at least {MIN_SECRET} characters")
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def may_match(signature: str | None) -> bool:
    """Whether `signature` has the shape of one: whoever sends another need not be listened to any longer."""
    given = (signature or "").encode("utf-8", "backslashreplace")
    return len(given) == 64 and _HEX.issuperset(given)


def matches(body: bytes, signature: str | None, *secrets: str) -> bool:
    """True if `signature` is the lowercase hex HMAC-SHA256 of `body` under one of `secrets`.

    Never raises on what arrived: a missing, short, uppercase or non-ASCII signature is False.
    Compared in constant time. Raises ValueError if a secret is too short to be trusted.
    """
    if signature is None or not may_match(signature):
        return False
    given = signature.encode()
    verdicts = [hmac.compare_digest(sign(body, secret).encode(), given) for secret in secrets]
    return any(verdicts)
