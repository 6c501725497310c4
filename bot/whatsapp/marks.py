"""WhatsApp's marks for bold and other text. Pure.

Source: WhatsApp Help Center, "How to format your messages".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mark(StrEnum):
    """What stands before and after a part of a text."""

    BOLD = "*"
    ITALIC = "_"
    STRUCK = "~"
    FIXED = "```"


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text that looks the same from end to end."""

    text: str
    marks: tuple[Mark, ...] = ()
    """The outermost first."""


_MARKED: Final = re.compile(r"(?<!\w)(```|[*_~])(?=\S)(.+?)(?<=\S)\1(?!\w)")


def runs(text: str, outer: tuple[Mark, ...] = ()) -> Iterator[Run]:
    """Yield the parts of `text`, which stands within the marks `outer`.

    >>> list(runs("a *bold* word"))[1]
    Run(text='bold', marks=(<Mark.BOLD: '*'>,))
    """
    end = 0
    for match in _MARKED.finditer(text):
        if match.start() > end:
            yield Run(text[end : match.start()], outer)
        mark, inner = Mark(match[1]), match[2]
        marks = (*outer, mark)
        yield from (Run(inner, marks),) if mark is Mark.FIXED else runs(inner, marks)
        end = match.end()
    if end < len(text):
        yield Run(text[end:], outer)
