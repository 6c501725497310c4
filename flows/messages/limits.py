"""What one message may hold: asked of the channel that takes it; and how long a text is.

Lengths are counted in UTF-16 code units (an emoji counts twice), which is the strictest reading of a limit. A
flow is checked against the limits when it is loaded, and dynamic text is cut to them when it is rendered (a
body in its middle).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from re import Pattern


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """What a channel takes. Lengths are in UTF-16 code units."""

    channel: str
    """Its name, for people."""
    text_body: int
    """Body of a plain text message."""
    interactive_body: int
    """Body of a message with buttons, a list or a link."""
    caption: int
    """Caption of a picture, a document or a video."""
    footer: int
    """Small print under an interactive message."""
    buttons: int
    """Reply buttons in one message."""
    button_title: int
    """Label of a reply button."""
    reply_id: int
    """Identifier carried by a reply button."""
    list_button: int
    """Label that opens a list."""
    list_sections: int
    """Sections in one list."""
    list_rows: int
    """Rows in one list, over all its sections."""
    section_title: int
    """Title of a list section."""
    row_title: int
    """Title of a list row."""
    row_description: int
    """Second line of a list row."""
    row_id: int
    """Identifier carried by a list row."""
    link_title: int
    """Label of a link button."""
    template_body: int
    """Body of an approved template, its values filled in."""
    template_name: Pattern[str]
    """Names that an approved template may have."""
    template_language: Pattern[str]
    """How the channel writes the language of a template."""
    templates_in: str
    """Where operators see their approved templates."""


def length(text: str) -> int:
    """Length of `text` in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def shorten(text: str, limit: int) -> str:
    """`text`, cut to at most `limit` UTF-16 code units in its middle: how it begins and ends is kept.

    A total stands at the end, under the lines that are added up. Whole lines are left out where there are
    some; how many, stands in their place as a number, which needs no language.
    """
    if length(text) <= limit:
        return text
    lines = text.split("\n")
    last = _fitting(lines[::-1], limit // 2)
    if not last:
        return _cut(text, limit)
    ending = lines[len(lines) - last :]
    mark = f"… +{len(lines)} …"
    first = _fitting(lines, limit - length("\n".join(["", mark, *ending])))
    left_out = sum(1 for line in lines[first : len(lines) - last] if line.strip())
    return "\n".join([*lines[:first], f"… +{left_out} …", *ending])


def _fitting(lines: Sequence[str], limit: int) -> int:
    """How many of `lines`, from the first on, are within `limit` together."""
    left = limit
    for count, line in enumerate(lines):
        left -= length(line) + 1
        if left < 0:
            return count
    return len(lines)


def _cut(text: str, limit: int) -> str:
    """`text` without its middle: where it ends in a line that is too long to keep whole."""
    ending = text.encode("utf-16-le")[-(limit // 2) * 2 :].decode("utf-16-le", "ignore")
    return clip(text, limit - length(ending)) + ending


def clip(text: str, limit: int) -> str:
    """`text`, cut to at most `limit` UTF-16 code units; a cut text ends in an ellipsis."""
    if length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"
