"""Reads JSON in which any field may be missing or of the wrong type. No function raises."""

import re
from typing import Any, Final, TypeAlias

from flows.messages import limits

Json: TypeAlias = dict[str, Any]

FIELD: Final = 1024
"""Maximum UTF-16 units of a short text (title, caption, address, reply id); the rest is cut."""
ID: Final = 255
"""Maximum characters of an identifier."""

# Control characters, and those that change the direction of the text that an operator reads.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,60}")


def mapping(value: object) -> Json:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def identifier(value: object) -> str | None:
    """Return `value` if it is text of 1 to `ID` characters, else None."""
    return value if isinstance(value, str) and 0 < len(value) <= ID else None


def word(value: object) -> str | None:
    """Return `value` if it is a plain name: no dot, so it cannot pose as an event (`payment.captured`)."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def integer(value: object) -> int | None:
    """Return `value` if it is a whole number, or its digits as text, else None."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def clipped(value: object) -> str | None:
    """Return `value`, cut to `FIELD`, if it is text, else None."""
    return limits.clip(value, FIELD) if isinstance(value, str) else None


def line(value: object, limit: int = FIELD) -> str:
    """Return a text, or a whole number's digits, as one line without control characters, cut to `limit`.

    Empty for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    return limits.clip(" ".join(_CONTROL.sub(" ", value).split()), limit)


def texts(content: Json, *names: str) -> Json:
    """Return those of the named fields that hold some text, cut to `FIELD`."""
    return {name: text for name in names if (text := clipped(content.get(name)))}
