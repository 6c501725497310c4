"""What somebody typed into a page, as it can be stored and sent."""

import re
from typing import Final

from bot.json_text import storable

_RUPEES: Final = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?")
_COUNT: Final = re.compile(r"\d{1,5}")


def text_of(value: object, longest: int) -> str:
    """Return the text of a field, of at most `longest` characters: no NUL, no half of a surrogate pair."""
    text: str = storable({"text": str(value or "")[:longest]})["text"]
    return text.strip()


def paise_of(value: object) -> int | None:
    """Return rupees, as a person writes them (`₹1,250.50`), in paise; None for 0 and for anything else."""
    found = _RUPEES.fullmatch(str(value or "").strip().removeprefix("₹").replace(",", "").strip())
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) or None


def count_of(value: object) -> int | None:
    """Return a number of pieces from 1; None for anything else."""
    found = _COUNT.fullmatch(str(value or "").strip())
    return int(found[0]) or None if found else None
