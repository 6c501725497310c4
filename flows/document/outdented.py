"""Finds entries whose own lines stand as far left as their name, so that YAML reads those beside it.

They are put where they are meant, and it is told once: following what the keys by themselves would bring
(that a state is empty, that `say` is unknown) would lose a good state.
"""

from collections.abc import Collection, Iterator
from functools import partial
from itertools import takewhile
from typing import Any

from flows.document.errors import Issue
from flows.document.expectation import Expectation
from flows.document.places import Document, Path, Place


def put_inside(document: Document, expected: Expectation) -> list[Issue]:
    """Move what stands too far left into the entry above it, and return the errors of that."""
    return [_moved(document, path, names) for path, names in list(_found(document.data, (), expected))]


def _found(value: Any, path: Path, expected: Expectation) -> Iterator[tuple[Path, list[str]]]:
    """Yield each empty entry below `path`, with the names of those behind it that belong into it."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _found(one, (*path, index), expected)
    if not isinstance(value, dict):
        return
    names = list(value)
    for at, name in enumerate(names):
        if value[name] is not None:
            yield from _found(value[name], (*path, name), expected)
        elif inner := expected.keys((*path, name)):
            own = expected.keys(path)
            behind = takewhile(partial(_is_key, inner, own), names[at + 1 :])
            if belong := [one for one in behind if not expected.misfits((*path, name, one), value[one])]:
                yield (*path, name), belong


def _is_key(inner: Collection[str], own: Collection[str], name: str) -> bool:
    """Whether `name` is a key of an entry (`inner`), and none of what is around it (`own`)."""
    return name in inner and name not in own


def _moved(document: Document, path: Path, names: list[str]) -> Issue:
    around = document.data
    for step in path[:-1]:
        around = around[step]
    place, first = document.place(path), document.place((*path[:-1], names[0])).line
    last = _last_line(document, document.place((*path[:-1], names[-1])))
    around[path[-1]] = {name: around.pop(name) for name in names}
    for name in names:
        old, new = (*path[:-1], name), (*path, name)
        below = [one for one in document.places if one[: len(old)] == old]
        document.places |= {(*new, *one[len(old) :]): document.places.pop(one) for one in below}
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    message = f"the lines below '{path[-1]}' stand too far left"
    return document.issue_at(place, message, f"move {lines} two blanks to the right")


def _last_line(document: Document, place: Place) -> int:
    """Return the last line of the value whose key stands at `place`."""
    lines, last = document.lines[place.file], place.line
    for number in range(place.line + 1, len(lines) + 1):
        line = lines[number - 1]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        blanks = len(line) - len(line.lstrip(" "))
        if blanks < place.column - line.lstrip().startswith("- "):
            break
        last = number
    return last
