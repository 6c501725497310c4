"""What one WhatsApp message may hold, where several kinds share it; and how long a text is.

Lengths are counted in UTF-16 code units: Meta documents no counting rule, and this is the
strictest reading of it (an emoji counts twice). A flow is checked against these when it is
loaded, dynamic text is cut to them when it is rendered (a body in its middle), and the payload
builder refuses anything over them before it is sent.

Source: Meta, WhatsApp Cloud API, "Interactive messages" and "Messages" reference, 2026.
"""

from collections.abc import Sequence
from typing import Final

TEXT_BODY: Final = 4096
"""Body of a plain text message."""
INTERACTIVE_BODY: Final = 1024
"""Body of a message with buttons, a list or a link (pages disagree for lists: 1024 is safe)."""
CAPTION: Final = 1024
"""Caption of a picture, a document or a video."""
FOOTER: Final = 60
"""Small print under an interactive message."""
REPLY_ID: Final = 256
"""Identifier carried by a reply button."""
OPAQUE: Final = 512
"""`biz_opaque_callback_data`: echoed back in the statuses of a message."""


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
