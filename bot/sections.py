"""Lays lines out in sections below a heading."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

SHOWN: Final = 20
"""Lines that are shown of one section."""
_WIDEST_LINE: Final = 160
"""Characters of a line of a section."""


def sections(head: str, named: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield an empty line, `head`, and each section with its lines below its name; nothing without any."""
    if named:
        yield ""
        yield head
    for name, lines in named.items():
        yield f"  {name}"
        yield from (cut(f"    {line}", _WIDEST_LINE) for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"    … and {len(lines) - SHOWN} more"


def cut(text: str, length: int) -> str:
    """Return `text`, cut to `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
