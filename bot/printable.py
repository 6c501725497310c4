"""Escapes control and invisible characters in others' text, for a terminal or a log."""

import re
from typing import Final

ACTING: Final = re.compile(
    "["
    "\\x00-\\x1f\\x7f-\\x9f"  # control characters; some terminals obey those from 0x80 too
    "\\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or turning the direction
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"  # tags
    "\ud800-\udfff"  # halves of a surrogate pair, which cannot be encoded
    "]"
    "|(?<![^\\x00-\\x7f])[\u200c\u200d]"
)
"""Control and format characters, and line ends other than the usual one.

The two joiners (U+200C, U+200D) are escaped only where they join nothing: Hindi and composed emoji need them.
Source: Unicode, general categories Cc, Cf, Cs, Zl and Zp.
"""


def printable(text: str, keep: str = "") -> str:
    """Return `text` with each of `ACTING`, except those in `keep`, escaped as Python would.

    >>> printable("paid\x9b2J")
    'paid\\\\x9b2J'
    """
    return ACTING.sub(lambda match: match[0] if match[0] in keep else _escaped(match[0]), text)


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode()
