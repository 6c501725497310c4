"""Signs events out as the Standard Webhooks specification says."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

MIN_TEXT: Final = 24
"""Characters of a secret that is a text, and bytes of one that is `whsec_…`."""
_PREFIX: Final = "whsec_"


def keys_of(secrets: str) -> tuple[bytes, ...]:
    """Return the keys of one or more secrets with spaces between them. All sign, the first one first.

    Raises ValueError, without showing a secret.
    """
    return tuple(_key(secret) for secret in secrets.split())


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        if len(secret) < MIN_TEXT:
            raise ValueError(f"has under {MIN_TEXT} characters, so it could be guessed")
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("begins with 'whsec_', but what follows is no base64") from None
    if len(key) < MIN_TEXT:
        raise ValueError(f"has under {MIN_TEXT} bytes after 'whsec_', so it could be guessed")
    return key


def signature(keys: tuple[bytes, ...], key: str, seconds: int, content: bytes) -> dict[str, str]:
    """Return the headers that sign `content`."""
    signed = f"{key}.{seconds}.".encode() + content
    macs = (base64.b64encode(hmac.new(one, signed, hashlib.sha256).digest()).decode() for one in keys)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }
