"""Formats counts and database names for the output of commands."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.sections import cut

_WIDEST: Final = 40
"""Characters of a cell."""


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield `rows` as lines, their cells below each other. Long cells are cut."""
    cells = [[cut(cell, _WIDEST) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    yield from ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def database_name(url: str) -> str:
    """Return the database in `url` without a password: a file's absolute path, or a name and its server."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return str(Path(rest.partition("?")[0]).absolute())
    parts = urlsplit(url)
    return f"{parts.path.lstrip('/')} at {parts.netloc.rpartition('@')[2] or 'this machine'}"
