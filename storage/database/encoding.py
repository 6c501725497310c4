"""JSON in TEXT columns, and a check of the values that a column can hold."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

_BIGGEST: Final = 2**63 - 1


def dumps(value: Any) -> str:
    """Return `value` as compact JSON text.

    Raises TypeError for what JSON cannot hold, lone surrogates included.
    """
    return orjson.dumps(value, default=_plain).decode()


def loads(text: str) -> Any:
    """Return the value that `dumps` wrote."""
    return orjson.loads(text)


def check(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `values` if both databases can store them: 64-bit integers and NUL-free UTF-8 text.

    Raises ValueError otherwise. A value that the database refuses would fail the statement of the whole
    batch; this finds the one conversation that it belongs to.
    """
    for value in values:
        if isinstance(value, int):
            if not -_BIGGEST <= value <= _BIGGEST:
                raise ValueError(f"{value} does not fit into 64 bits")
        elif value is not None and ("\x00" in value or not (value.isascii() or _is_utf8(value))):
            raise ValueError("text with a NUL or half a surrogate pair cannot be stored")
    return values


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
