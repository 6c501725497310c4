"""Sign and check raw request bodies with HMAC-SHA256, as Meta and Razorpay both do.

The vendor SDK's helper is not used. It raises TypeError on bytes, on a missing header and on
non-ASCII text, so such a request would be answered 500. With an empty secret it accepts a forged body.
"""

import hmac
from base64 import b64decode
from hashlib import sha256
from typing import Final

MIN_SECRET: Final = 16
"""Least number of characters in a signing secret. Anybody can sign with an empty one."""

_HEX: Final = frozenset(b"0123456789abcdef")


def sign(body: bytes, secret: str) -> str:
    """Return the lowercase hex HMAC-SHA256 of `body`.

    Raises ValueError if `secret` is under MIN_SECRET characters.
    """
    if len(secret) < MIN_SECRET:
        raise ValueError(f"a signing secret needs at least {MIN_SECRET} characters")
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def may_match(signature: str | None) -> bool:
    """Return whether `signature` has the shape of a signature. If not, the body need not be read on."""
    given = (signature or "").encode("utf-8", "backslashreplace")
    return len(given) == 64 and _HEX.issuperset(given)


def matches_base64(body: bytes, signature: str | None, *secrets: str) -> bool:
    """Return whether `signature` is the HMAC-SHA256 of `body` in base64; as `matches` otherwise."""
    try:
        given = b64decode((signature or "").encode("utf-8", "backslashreplace"), validate=True).hex()
    except ValueError:
        return False
    return matches(body, given, *secrets)


def matches(body: bytes, signature: str | None, *secrets: str) -> bool:
    """Return whether `signature` is the lowercase hex HMAC-SHA256 of `body` under one of `secrets`.

    A missing, short, uppercase or non-ASCII signature gives False, never an error.
    The comparison takes constant time. Raises ValueError if a secret is under MIN_SECRET characters.
    """
    if signature is None or not may_match(signature):
        return False
    given = signature.encode()
    verdicts = [hmac.compare_digest(sign(body, secret).encode(), given) for secret in secrets]
    return any(verdicts)
