"""The limits that a channel sets for one message, and how texts are measured and cut.

Lengths are counted in UTF-16 code units (an emoji counts twice), which is the strictest reading of a limit.
A flow is checked against the limits when it is loaded. Dynamic text is cut to them when it is rendered; a
body is cut in its middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from re import Pattern


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """What a channel takes. Lengths are in UTF-16 code units."""

    channel: str
    """Name of the channel, for people."""
    text_body: int
    """Body of a plain text message."""
    interactive_body: int
    """Body of a message with buttons, a list or a link."""
    caption: int
    """Caption of a picture, a document or a video."""
    footer: int
    """Footer of an interactive message."""
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
    window: int
    """Milliseconds after a customer's message for which they may be sent more than templates."""
    template_body: int
    """Body of an approved template, with its values filled in."""
    template_buttons: int
    """Quick replies of an approved template."""
    template_reply_id: int
    """Identifier carried by a quick reply of a template."""
    template_name: Pattern[str]
    """Names that an approved template may have."""
    template_language: Pattern[str]
    """Language codes that an approved template may have."""
    templates_in: str
    """Where operators see their approved templates."""


def length(text: str) -> int:
    """Return the length of `text` in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def shorten(text: str, limit: int) -> str:
    """Cut `text` in its middle to at most `limit` UTF-16 code units. Its beginning and its end are kept.

    The end is kept because a total stands there, under the lines that it sums up. Whole lines are left out if
    possible. Their number takes their place, because a number needs no translation.
    """
    if length(text) <= limit:
        return text
    lines = text.split("\n")
    tail = _fitting(lines[::-1], limit // 2)
    if not tail:
        return _cut_middle(text, limit)
    ending = lines[len(lines) - tail :]
    mark = f"… +{len(lines)} …"
    head = _fitting(lines, limit - length("\n".join(["", mark, *ending])))
    left_out = sum(1 for line in lines[head : len(lines) - tail] if line.strip())
    return "\n".join([*lines[:head], f"… +{left_out} …", *ending])


def _fitting(lines: Sequence[str], limit: int) -> int:
    """How many of `lines`, counted from the first, fit into `limit` together."""
    remaining = limit
    for count, line in enumerate(lines):
        remaining -= length(line) + 1
        if remaining < 0:
            return count
    return len(lines)


def _cut_middle(text: str, limit: int) -> str:
    """Cut the middle out of a text whose last line is too long to be kept whole."""
    ending = text.encode("utf-16-le")[-(limit // 2) * 2 :].decode("utf-16-le", "ignore")
    return clip(text, limit - length(ending)) + ending


def clip(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` UTF-16 code units. A cut text ends in an ellipsis."""
    if length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"
