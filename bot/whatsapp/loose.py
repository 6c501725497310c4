"""Reading JSON in which any field may be missing or of the wrong type. Total: nothing raises."""

import re
from typing import Any, Final, TypeAlias

import orjson

from flows import limits

Json: TypeAlias = dict[str, Any]

FIELD: Final = 1024
"""UTF-16 units kept of a short text (title, caption, address, reply id)."""
ID: Final = 255
"""Characters an identifier may have."""

_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,60}")
_DEPTH: Final = 48


def mapping(value: object) -> Json:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def identifier(value: object) -> str | None:
    """`value` if it is text of 1 to `ID` characters."""
    return value if isinstance(value, str) and 0 < len(value) <= ID else None


def word(value: object) -> str | None:
    """`value` if it is a plain name; none with a dot, so it cannot pose as an event (`payment.captured`)."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def integer(value: object) -> int | None:
    """`value` if it is a whole number, or its digits as text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def clipped(value: object) -> str | None:
    """`value` if it is text, cut to `FIELD`."""
    return limits.clip(value, FIELD) if isinstance(value, str) else None


def texts(content: Json, *names: str) -> Json:
    """Those of the named fields that hold some text, cut to `FIELD`."""
    return {name: text for name in names if (text := clipped(content.get(name)))}


def storable(body: Json) -> Json:
    """`body` itself if any database can keep it, which is nearly always; else a copy that it can.

    PostgreSQL refuses NUL in JSON, and nothing can encode half a surrogate pair.
    """
    try:
        if b"\\u0000" not in orjson.dumps(body):
            return body
    except TypeError:  # half a surrogate pair, a number over 64 bits, endless nesting
        pass
    return {_cleaned(key, 0): _cleaned(value, 0) for key, value in body.items()}


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, dict) and depth < _DEPTH:
        return {_cleaned(key, depth): _cleaned(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list) and depth < _DEPTH:
        return [_cleaned(inner, depth + 1) for inner in value]
    return value if isinstance(value, float) else None
