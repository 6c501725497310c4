"""Redact secrets in texts that others wrote: an answer, an error message, a log line. Pure."""

import re
from functools import lru_cache

BLOT = "***"
"""Text that replaces a secret."""


def blot(text: str, secrets: tuple[str, ...]) -> str:
    """Return `text` with each of `secrets` replaced by `BLOT`, even if escaped by JSON, Python or a URL.

    >>> blot('no such key: abc/def', ("abc/def",))
    'no such key: ***'
    """
    return _pattern(secrets).sub(BLOT, text) if any(secrets) else text


def blot_bytes(body: bytes, secrets: tuple[str, ...]) -> bytes:
    """Return `body` redacted as by `blot`. It need not be valid text."""
    return blot(body.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")


@lru_cache(16)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return re.compile("|".join("".join(map(_spellings, secret)) for secret in longest_first))


def _spellings(c: str) -> str:
    """Return a pattern of a character's spellings: plain, in hex, percent-encoded, escaped once or more."""
    percent = "".join(f"%(?i:{byte:02x})" for byte in c.encode("utf-8", "surrogatepass"))
    return rf"(?:\\+(?:u(?i:{ord(c):04x})|x(?i:{ord(c):02x})|{re.escape(c)})|{percent}|{re.escape(c)})"
