"""Takes out of a customer's texts what tells who they are. Pure.

A word stays if the flow file has it, or if it is a number of up to six digits: a quantity, a pincode, the
number of an order. Every other word is replaced, by the same word each time. Nobody can list all names and
streets, so what is not known to be harmless goes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from flows.document.words import normalise, visible, with_ascii_digits

NAME: Final = "Asha"
"""What a simulated customer is called."""
_WORD: Final = re.compile(r"[^\s.,:;!?()\[\]{}\"'/#*_+|<>=&%-]+")
_NAMING: Final = re.compile(
    rf"(?P<mail>[^\s@]+@[^\s@]+)|(?P<phone>\+?[0-9](?:[\s().‐‑–-]{{0,3}}[0-9]){{6,}})|{_WORD.pattern}"
)
"""An address of e-mail or of UPI, a number of a phone or a bank account, or any other word."""
_NUMBER: Final = re.compile(r"[0-9]{1,6}[a-z]{0,2}", re.ASCII | re.IGNORECASE)
"""`250`, or `250g`."""


class Disguise:
    """Replaces names, numbers and addresses, the same one always in the same way."""

    def __init__(self, known: Iterable[str], names: Iterable[str]) -> None:
        """`known` are texts whose words say nothing of a customer; `names` are names of the customer."""
        self._known = {normalise(word) for text in known for word in _WORD.findall(text)}
        self._names = {normalise(word) for name in names for word in _WORD.findall(name)} - {""}
        self._replacements: dict[str, str] = {}
        self.orders: Mapping[str, str] = {}
        """Number of an order -> its number in the scenario."""

    def text(self, written: str) -> str:
        """Return `written` without what tells who the customer is."""
        return _NAMING.sub(self._replaced, with_ascii_digits(visible(written)))

    def address(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of an address form in the same way."""
        return {name: NAME if name == "name" else self.text(value) for name, value in fields.items()}

    def _replaced(self, found: re.Match[str]) -> str:
        if found["mail"]:
            return self._other(found["mail"], "asha{}@example.com")
        if found["phone"]:
            return self._other(found["phone"], "98000000{:02}")
        return self._word(found[0])

    def _word(self, word: str) -> str:
        meant = normalise(word)
        if meant in self._names:
            return NAME
        if meant in self._known or not meant:
            return word
        return self.orders.get(word, word) if _NUMBER.fullmatch(word) else self._other(meant, "word{}")

    def _other(self, real: str, pattern: str) -> str:
        return self._replacements.setdefault(real, pattern.format(len(self._replacements) + 1))
