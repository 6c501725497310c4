"""Reads others' JSON patiently: a value that cannot be kept is replaced, and the body is not refused.

One body carries the messages of many customers, so one odd value must not cost the others theirs.
What is read can be written again: one limit of depth holds for both.
"""

import json
import math
import re
from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]

MAX_DEPTH: Final = 32
"""Objects and lists inside one another that are kept. Providers send at most 12; orjson writes 254."""

_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
# A string is one token even where it never ends: otherwise each of its quotes would begin a new search.
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_INTEGER_DIGITS: Final = 20
"""More digits than a 64-bit integer has, with its sign."""


class Unreadable(Exception):
    """The bytes are no JSON object. The message says why, for people, and quotes nothing of them."""


def read_object(raw: bytes) -> Json:
    """Return the JSON object in `raw`, with null for what is nested over `MAX_DEPTH` levels.

    Raises Unreadable for what is no JSON object at all. Null or U+FFFD stand for what cannot be kept: NaN,
    infinities and numbers as large (`1e999`), integers of over 20 digits, halves of surrogate pairs, bytes
    that are not UTF-8.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _patiently(raw)
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    # Only a body with that many brackets can be that deep; walking is for the few that have them.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and is_deep(value):
        return _cleaned_object(value)
    return value


def is_deep(value: Any) -> bool:
    """Whether more than `MAX_DEPTH` objects and lists are inside one another."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [inner for inner in level if isinstance(inner, (dict, list))]
        if not containers:
            return False
        level = [inner for c in containers for inner in (c.values() if isinstance(c, dict) else c)]
    return True


def storable(body: Json) -> Json:
    """Return `body` if any database can keep it, which is nearly always; else a copy that it can keep.

    PostgreSQL refuses NUL in JSON, and nothing can encode half a surrogate pair: NUL is left out, half a
    pair becomes U+FFFD, and null stands for integers over 64 bits and for what is nested too deep.
    """
    try:
        if b"\\u0000" not in orjson.dumps(body):
            return body
    except TypeError:  # half a surrogate pair, a number over 64 bits, endless nesting
        pass
    return _cleaned_object(body)


def _patiently(raw: bytes) -> Any:
    """Read what `orjson.loads` refuses and the standard library can still make out. Raises Unreadable."""
    text = _shallow(raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    try:
        return json.loads(
            text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=_nothing
        )
    except ValueError as error:
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"it is not JSON{place}") from None


def _shallow(text: str) -> str:
    """Return `text` with null for each object or list that is over `MAX_DEPTH` levels deep."""
    kept: list[str] = []
    depth, begin = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += (text[begin : token.start()], "null")
        elif token[0] in ("}", "]"):
            if depth == MAX_DEPTH + 1:
                begin = token.end()
            depth -= 1
    return "".join((*kept, text[begin:])) if depth <= MAX_DEPTH else "".join(kept)


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else None


def _number(digits: str) -> float | None:
    """The number, or None where a float makes it infinite (`1e999`)."""
    return _finite(float(digits))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _nothing(_: str) -> None:
    """Return None for NaN and the infinities, which JSON cannot write back."""


def _cleaned_object(body: Json) -> Json:
    return {_cleaned(key, 1): _cleaned(value, 1) for key, value in body.items()}


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _HALF_PAIR.sub("\ufffd", value.replace("\0", ""))
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {_cleaned(key, depth): _cleaned(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list) and depth < MAX_DEPTH:
        return [_cleaned(inner, depth + 1) for inner in value]
    return _finite(value) if isinstance(value, float) else None
