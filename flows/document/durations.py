"""Durations as an operator writes them: `15 s`, `10 min`, `2 h`, `1 day`."""

import re
from typing import Final

_UNITS: Final = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,5}) ?(s|sec|min|m|h|hour|d|day)s?", re.ASCII)


def parse(text: str) -> int:
    """Return `text` in milliseconds. Raises ValueError, with an example, if it isn't a duration."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"'{text}' is not a span of time: write for example '15 s', '10 min', '2 h' or '1 day'"
        )
    return int(match[1]) * _UNITS[match[2]] * 1000


def written(milliseconds: int) -> str:
    """Return a span of time, of whole seconds and at least one, in the largest unit that fits it."""
    seconds = milliseconds // 1000
    for name, unit in _LARGEST:
        if seconds % unit == 0:
            return f"{seconds // unit} {name if seconds > unit else name.removesuffix('s')}"
    return f"{seconds} s"


_LARGEST: Final = (("days", 86400), ("h", 3600), ("min", 60))
