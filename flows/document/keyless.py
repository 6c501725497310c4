"""Says what is meant by a key that is none: its ':' is missing, or it is a part of what stands before it."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from flows.document.expectation import Expectation
from flows.document.places import Path

_FIRST_WORD: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)(:? *)(.*)", re.DOTALL)
_OPENING: Final = "{[\"'"
_REST_OF_LIST: Final = re.compile(r"[^{}\[\]:]*?(?= *,\s*[\w.-]+:(?: |$)| *[}\]]| *$)")
_LONGEST: Final = 400
"""Characters of a line in which the end of a list is looked for."""
_MOST_BEFORE: Final = 50
"""Keys of a mapping up to which those before one tell what it may be."""
_GROUPED: Final = re.compile(r"(?<![\w.])[0-9]+(?:,[0-9]{2,3})*,[0-9]{3}(?![0-9])(?:\.[0-9]+)?")
"""A number with commas, as people write it: `1,700`, `1,23,456.50`."""


class Unjoined(NamedTuple):
    """A key whose ':' is missing, or the blank behind that."""

    sign: str
    """What is missing: a ':', or the blank behind one."""
    offset: int
    """Where, from the beginning of the key."""
    message: str
    mend: str


def unjoined(
    written: str, before: Mapping[str, Any], path: Path, expected: Expectation, elsewhere: Collection[str]
) -> Unjoined | None:
    """Return how a key that YAML reads in the mapping at `path` is meant. None if it is no such slip.

    `before` are the keys and values before it. `elsewhere` are keys in other places.
    """
    found = _FIRST_WORD.fullmatch(written)
    if not found or not found[2]:
        return None
    key, between, rest = found.groups()
    before = before if len(before) <= _MOST_BEFORE else {}
    fits = key in expected.keys(path)
    if not fits and opens_value(written):
        as_read = expected.misfits(path, {**before, written: None})
        fits = expected.misfits(path, {**before, key: None}) < as_read
    elif not fits and key in elsewhere:
        fits = not expected.misfits(path, {**before, key: rest})
    if not fits:
        return None
    if ":" in between:
        message, mend = f"a blank is missing after '{key}:'", "write a blank behind the ':'"
        return Unjoined(" ", found.end(1) + 1, message, mend)
    return Unjoined(":", found.end(1), f"a ':' is missing after '{key}'", f"write '{key}:'")


def opens_value(written: str) -> bool:
    """Whether a key of YAML holds the opening brace, bracket or quote of what is meant as its value."""
    found = _FIRST_WORD.fullmatch(written)
    return bool(found and found[3][:1] and found[3][0] in _OPENING)


def part_of_value(
    key: str, line: str, column: int, before: Mapping[str, Any], path: Path, expected: Expectation
) -> tuple[str, str]:
    """Return message and mend of a key without a value, at `line[column]`: a part of the value before it.

    `before` are the keys and values that stand before it in the mapping at `path`.
    """
    for number in _GROUPED.finditer(line):
        if number.start() <= column < number.end():
            mend = f"write {number[0].replace(',', '')} without the comma"
            return f"{number[0]} has a comma, which ends a number here", mend
    message = f"'{key}' is a key without a value"
    last = next(reversed([*before]), "")
    if last and isinstance(before[last], str) and expected.takes_list((*path, last)):
        rest = _REST_OF_LIST.match(line, column, column + _LONGEST)
        items = f"{before[last]}, {rest[0] if rest else key}"
        return message, f"put the list between brackets: {last}: [{items}]"
    return message, "put a text that holds a comma in quotes"
