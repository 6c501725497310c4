"""Finds where a character of a text stands in its file: in a block, and in a text over several lines.

YAML folds lines and takes indents away, so lines of the text are no lines of the file. What both have in the
same order are the characters that are no blanks: those are counted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)")
_BLANK_ESCAPES: Final = "\\ \\t\\n\\r\\N\\L\\P\\_\\v"
"""Escapes of a text in double quotes that stand for blanks and ends of lines."""


class Span(NamedTuple):
    """Where a text stands: its first line and column (from 1), its last line, and its style."""

    line: int
    column: int
    last_line: int
    style: str | None
    """As YAML has it: a quote, `|`, `>`, or None for a plain text."""


def place_in(text: str, offset: int, span: Span, lines: Sequence[str]) -> tuple[int, int]:
    """Return line and column of `text[offset]`, which is no blank. `lines` are those of the whole file."""
    before = sum(not character.isspace() for character in text[:offset])
    for line, column in _seen(span, lines):
        if not before:
            return line, column
        before -= 1
    return span.line, span.column


def _seen(span: Span, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the place of each character of a text that is no blank, as it is written."""
    first, column = (span.line + 1, 1) if span.style in ("|", ">") else (span.line, span.column)
    column += span.style in ("'", '"')
    for line in range(first, span.last_line + 1):
        written = lines[line - 1]
        while column <= len(written):
            length, is_blank = _next(written, column - 1, span.style)
            if not is_blank:
                yield line, column
            column += length
        column = 1


def _next(written: str, at: int, style: str | None) -> tuple[int, bool]:
    """Return how long the character at `at` is written, and whether it stands for a blank."""
    if style == '"' and (escape := _ESCAPE.match(written, at)):
        code = escape[1] or escape[2] or escape[3]
        return len(escape[0]), chr(int(code, 16)).isspace() if code else escape[0] in _BLANK_ESCAPES
    if style == "'" and written.startswith("''", at):
        return 2, False
    if style == '"' and written.endswith("\\") and at == len(written) - 1:
        return 1, True
    return 1, written[at].isspace()
