"""Formats counts and database names for the output of commands."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_WIDEST: Final = 40
"""Characters of a cell."""
SHOWN: Final = 20
"""Lines that are shown of one section."""
_WIDEST_LINE: Final = 160
"""Characters of a line of a section."""


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield `rows` as lines, their cells below each other. Long cells are cut."""
    cells = [[cut(cell, _WIDEST) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    yield from ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


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


def database_name(url: str) -> str:
    """Return the database in `url` without a password: a file's absolute path, or a name and its server."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return str(Path(rest.partition("?")[0]).absolute())
    parts = urlsplit(url)
    return f"{parts.path.lstrip('/')} at {parts.netloc.rpartition('@')[2] or 'this machine'}"
