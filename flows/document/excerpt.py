"""Shows a line of a flow file with a caret below the place that is meant."""

import unicodedata
from typing import Final

from flows.document.words import is_invisible

_WIDEST: Final = 100
"""Characters of a line that are shown. A longer line is cut around the place."""
_BEFORE: Final = 60
"""Characters that are shown before the place, of a line that is cut there."""


def excerpt(source: str, line: int, column: int) -> tuple[str, ...]:
    """Return `source`, the line number `line`, and a caret below `column` (from 1). Empty if it is blank."""
    if not source.strip():
        return ()
    start = max(0, column - 1 - _BEFORE) if len(source) > _WIDEST else 0
    end = start + _WIDEST
    before, after = source[start : column - 1], source[column - 1 : end]
    left, right = "…" if start else "", "…" if end < len(source) else ""
    number, margin = f"{line} | ", f"{'':{len(str(line))}} | "
    shown = f"{number}{left}{_printed(before)}{_printed(after)}{right}".rstrip()
    return shown, f"{margin}{' ' * (_width(_printed(before)) + len(left))}^"


def _printed(text: str) -> str:
    """Return `text` as a terminal may get it: a tab is a blank, another control character a question mark."""
    return "".join(" " if c == "\t" else "?" if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


def _width(text: str) -> int:
    """Columns that a terminal takes for `text`."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if is_invisible(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
