"""Ids in the providers' formats. The same seed gives the same ids."""

import base64
import random
from typing import Final

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Ids:
    """A stream of ids drawn from one seeded source."""

    def __init__(self, seed: int | str = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing here is secret

    def base62(self, length: int = 14) -> str:
        """Return `length` letters and digits."""
        return "".join(self._random.choices(_BASE62, k=length))

    def digits(self, length: int) -> str:
        """Return `length` decimal digits, the first of them not zero."""
        return str(self._random.randrange(10 ** (length - 1), 10**length))

    def wamid(self, wa_id: str) -> str:
        """Return a WhatsApp message id: like Meta's, base64 of the other party's number and a random part."""
        part = f"{self._random.getrandbits(72):018X}".encode()
        number = wa_id.encode()
        raw = b"\x1c\x18" + bytes([len(number)]) + number + b"\x15\x02\x00\x11\x18\x12" + part + b"\x00"
        return "wamid." + base64.b64encode(raw).decode()
