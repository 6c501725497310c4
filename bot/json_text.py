"""Parses foreign JSON leniently: a value that cannot be stored is replaced, and the body is not refused.

One body may hold the messages of many customers, so one odd value must not lose the others. What is read can
be written again, because the same depth limit holds for both.
"""

import json
import math
import re
from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]

MAX_DEPTH: Final = 32
"""Maximum nesting of objects and lists. Providers send at most 12 levels; orjson writes 254."""

_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
# An unterminated string is one token too. Otherwise the search would start again at each of its quotes.
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_INTEGER_DIGITS: Final = 20
"""More digits than a 64-bit integer has, with its sign."""


class Unreadable(Exception):
    """The bytes are not a JSON object. The message says why, for people, and quotes nothing of the bytes."""


def read_object(raw: bytes) -> Json:
    """Return the JSON object in `raw`, with null for values nested over `MAX_DEPTH` levels.

    Raises Unreadable if `raw` is not a JSON object. Null or U+FFFD replace what cannot be stored: NaN,
    infinities and numbers as large (`1e999`), integers of over 20 digits, halves of surrogate pairs, bytes
    that are not UTF-8.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _parse_leniently(raw)
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    # Only a body with that many brackets can be that deep, so few bodies need the walk.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and is_deep(value):
        return _cleaned_object(value)
    return value


def is_deep(value: Any) -> bool:
    """Return whether more than `MAX_DEPTH` objects and lists are nested in one another."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [inner for inner in level if isinstance(inner, (dict, list))]
        if not containers:
            return False
        level = [inner for c in containers for inner in (c.values() if isinstance(c, dict) else c)]
    return True


def storable(body: Json) -> Json:
    """Return `body` if any database can store it, as nearly always; else a copy that can be stored.

    PostgreSQL refuses NUL in JSON, and half a surrogate pair cannot be encoded. In the copy NUL is left out,
    half a pair becomes U+FFFD, and null replaces integers over 64 bits and values nested too deep.
    """
    try:
        if b"\\u0000" not in orjson.dumps(body):
            return body
    except TypeError:  # half a surrogate pair, a number over 64 bits, endless nesting
        pass
    return _cleaned_object(body)


def _parse_leniently(raw: bytes) -> Any:
    """Parse with the standard library what `orjson.loads` refuses. Raises Unreadable."""
    text = _shallow(raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    try:
        return json.loads(text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=_none)
    except ValueError as error:
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"it is not JSON{place}") from None


def _shallow(text: str) -> str:
    """Return `text` with null for each object or list that is over `MAX_DEPTH` levels deep."""
    parts: list[str] = []
    depth, begin = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            depth += 1
            if depth == MAX_DEPTH + 1:
                parts += (text[begin : token.start()], "null")
        elif token[0] in ("}", "]"):
            if depth == MAX_DEPTH + 1:
                begin = token.end()
            depth -= 1
    return "".join((*parts, text[begin:])) if depth <= MAX_DEPTH else "".join(parts)


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else None


def _number(digits: str) -> float | None:
    """Return the number, or None if it is infinite as a float (`1e999`)."""
    return _finite(float(digits))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _none(_: str) -> None:
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
