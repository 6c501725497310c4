"""Secrets blotted out of what others wrote: an answer, an error's text, a log line. Pure."""

import re
from functools import lru_cache

BLOT = "***"
"""What stands where a secret stood."""


def blot(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with `BLOT` for each of `secrets`, also where JSON, Python or a URL has escaped them.

    >>> blot('no such key: abc/def', ("abc/def",))
    'no such key: ***'
    """
    return _pattern(secrets).sub(BLOT, text) if any(secrets) else text


def blot_bytes(body: bytes, secrets: tuple[str, ...]) -> bytes:
    """As `blot`, for a body that need not be text."""
    return blot(body.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")


@lru_cache(16)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return re.compile("|".join("".join(map(_written, secret)) for secret in longest_first))


def _written(c: str) -> str:
    """The ways in which a character may be written: escaped once or more, in hex, in percent, as it is."""
    percent = "".join(f"%(?i:{byte:02x})" for byte in c.encode("utf-8", "surrogatepass"))
    return rf"(?:\\+(?:u(?i:{ord(c):04x})|x(?i:{ord(c):02x})|{re.escape(c)})|{percent}|{re.escape(c)})"
