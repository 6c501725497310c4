"""Texts that callers of the API give: one line, and the name of who does something."""

import unicodedata
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator

_LONGEST_NAME: Final = 64


def one_line(text: str) -> str:
    """Return `text` on one line. Raises ValueError for control characters but white space."""
    if any(unicodedata.category(letter) == "Cc" and not letter.isspace() for letter in text):
        raise ValueError("has a control character")
    return " ".join(text.split())


def _name(text: str) -> str:
    line = one_line(text)
    if not 0 < len(line) <= _LONGEST_NAME:
        raise ValueError(f"is a name of 1 to {_LONGEST_NAME} characters")
    return line


By: TypeAlias = Annotated[str, AfterValidator(_name)]
"""Who does it."""
