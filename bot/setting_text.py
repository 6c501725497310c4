"""Tidies the values of settings: strips what surrounds a value, refuses what cannot be intended."""

import re
import unicodedata
from itertools import pairwise
from typing import Final

_AROUND: Final = re.compile(r"\A[\s\u200b-\u200d\u2060\ufeff]+|[\s\u200b-\u200d\u2060\ufeff]+\Z")
"""White space, and the zero-width characters that are copied along from web pages."""
_QUOTES: Final = "\"'`“”‘’"
_PLACEHOLDER: Final = re.compile(
    r"<.*>|\[.*\]|\{\{.*\}\}|\$\{.*\}|\$[A-Z_]+"
    r"|(?:your|insert|paste|enter)[-_.].*"
    r"|.*(?:(?:change|replace)[-_.]?(?:me|this)|placeholder|(?:secret|token|key)[-_.]?here|x{6}).*"
    r"|(.)\1*",
    re.IGNORECASE,
)
"""Placeholders that examples and templates have instead of a value."""


def tidy(name: str, value: str) -> str:
    """Return `value` of the setting `name` without white space and zero-width characters around it.

    Raises ValueError, without showing the value, if it is blank, begins with its own name, stands in
    quotation marks, or holds control or invisible characters.
    """
    tidied = _AROUND.sub("", value)
    if not tidied:
        raise ValueError("is blank")
    if tidied.upper().startswith(f"{name}="):
        raise ValueError(f"holds its own name: leave out the second '{name}='")
    if len(tidied) > 1 and tidied[0] in _QUOTES and tidied[-1] in _QUOTES:
        raise ValueError("has quotation marks around it: leave them out")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in tidied):
        raise ValueError("has a line break or an invisible character within it: copy it again")
    return tidied


def require_key(value: str) -> None:
    """Raise ValueError, without showing `value`, if no provider or generator can have made it."""
    if re.match(r"(?i:bearer|basic|token)\s", value):
        raise ValueError(f"begins with '{value.split()[0]}': leave that word out")
    if any(map(str.isspace, value)):
        raise ValueError("has a space within it: copy it again, or choose one without")
    if not value.isascii():
        raise ValueError("has characters that no provider puts into a secret: copy it again")
    if _PLACEHOLDER.fullmatch(value):
        raise ValueError("is still the placeholder of an example")


def is_easily_guessed(secret: str) -> bool:
    """Return whether `secret` is a repetition, a run (`abcdef…`, `123456…`), or of few characters.

    >>> is_easily_guessed("a" * 16), is_easily_guessed("12345678" * 2), is_easily_guessed("Kq3v-PLsx80Zb1Tm")
    (True, True, False)
    """
    lowered = secret.lower()
    if len(set(lowered)) < 8 or lowered in (lowered + lowered)[1:-1]:
        return True
    steps = [ord(after) - ord(before) for before, after in pairwise(lowered)]
    return sum(step in (1, -1) for step in steps) > len(steps) // 2
