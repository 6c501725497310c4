"""Commands that take a phone number, which people write with blanks and without quotes: `98000 00002`."""

import re
from collections.abc import Sequence
from typing import Any, Final

from typer.core import TyperCommand

ABOUT_PEOPLE: Final = frozenset({"customers", "chats", "reply", "why"})
"""Commands that take a phone number."""
_PART: Final = re.compile(r"\+?[0-9]{2,6}")
_DIGITS: Final = range(10, 14)
"""Digits of a phone number, with its country code or without."""


class CommandAboutPeople(TyperCommand):
    """A command whose phone number may have blanks."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, with the parts of a phone number put together."""
        return super().parse_args(ctx, _with_whole_number(args))


def _with_whole_number(words: Sequence[str]) -> list[str]:
    """Return `words` with the first of them that make up a phone number in one."""
    for first in range(len(words)):
        for end in range(first + 2, len(words) + 1):
            parts = words[first:end]
            if not all(map(_PART.fullmatch, parts)):
                break
            if len("".join(parts).lstrip("+")) in _DIGITS:
                return [*words[:first], " ".join(parts), *words[end:]]
    return list(words)
