"""Finds what is not YAML in a text, and takes it out, so that the rest can be read.

A missing quote makes nonsense of all that follows it. So each entry is looked at by itself: first those of
the top level, and inside one that is broken its own entries. An entry is a key or an item with the lines
below it that are indented further.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.error import Mark
from yaml.events import CollectionEndEvent, CollectionStartEvent

from flows.document.yaml_words import worded

MAX_DEPTH: Final = 24
"""Levels that values may be nested. Time that PyYAML takes grows with the square of the depth."""
_KEY: Final = re.compile(r"""( *)([A-Za-z0-9_.-]+|"[^"]*"|'[^']*') *:(?= |$)""")
_ITEM: Final = re.compile(r" *-( |$)")
_BARE: Final = re.compile(r" *(#.*)?")
"""What may stand behind a key whose value stands in the lines below."""


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """What PyYAML can't read, and where: line and column from 1."""

    line: int
    column: int
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """An entry that is not YAML."""

    path: tuple[str, ...]
    """Its keys from the top. One without a key of its own is taken for a part of the entry before it."""
    line: int
    """Number of its first line."""
    text: str
    fault: SyntaxFault
    """Its place is that in `text`."""

    @property
    def last_line(self) -> int:
        """Number of its last line."""
        return self.line + self.text.count("\n") - 1


def lines_of(text: str) -> list[str]:
    """Return the lines of `text`, as YAML and editors count them."""
    return re.split("\r\n|[\r\n]", text)


def fault_in(text: str) -> SyntaxFault | None:
    """Return the first thing in `text` that is not YAML. What is nested too deeply is not looked at."""
    line, column, depth = 1, 1, 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if event.start_mark:
                line, column = event.start_mark.line + 1, event.start_mark.column + 1
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                return None
    except yaml.MarkedYAMLError as error:
        return fault_of(error)
    except (ValueError, OverflowError):
        # PyYAML lets errors of int() and chr() through: '%YAML 9…9.1', "\\UFFFFFFFF".
        return SyntaxFault(
            line, column, "an escape or a number after this that nothing can hold", "remove it"
        )
    return None


def fault_of(error: yaml.MarkedYAMLError) -> SyntaxFault:
    """Return what PyYAML found, at its place; what is never closed, at the place where it is opened."""
    problem = error.problem or error.context or ""
    unclosed = "end of stream" in problem or "'<stream end>'" in problem
    mark: Mark | None = error.problem_mark or error.context_mark
    if unclosed and error.context_mark:
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said, mend = worded(problem)
    return SyntaxFault(line, column, f"not valid YAML: {said}", mend)


def without_broken(text: str) -> tuple[str, list[BrokenEntry]]:
    """Return `text` with nothing behind the keys of its broken entries, and those entries."""
    lines = lines_of(text)
    found: list[BrokenEntry] = []
    _take_out(lines, 0, len(lines), (), found)
    return "\n".join(lines), found


def _take_out(
    lines: list[str], start: int, end: int, path: tuple[str, ...], found: list[BrokenEntry]
) -> None:
    """Take the broken entries out of `lines[start:end]`, which stand under the keys `path`."""
    inner = path
    for first, after in _entries(lines, start, end):
        text = "\n".join(lines[first:after]) + "\n"
        key = _KEY.match(lines[first])
        inner = (*path, key[2].strip("'\"")) if key else inner
        fault = fault_in(text)
        if fault is None:
            continue
        known = len(found)
        if key and _BARE.fullmatch(lines[first][key.end() :]):
            _take_out(lines, first + 1, after, inner, found)
        if len(found) == known:
            found.append(BrokenEntry(inner, first + 1, text, fault))
            lines[first:after] = [key[0] if key else "", *([""] * (after - first - 1))]


def _entries(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the first line and the line behind the last one, of each entry of `lines[start:end]`."""
    written = [n for n in range(start, end) if lines[n].strip() and not lines[n].lstrip().startswith("#")]
    if not written:
        return
    indent = _indent(lines[written[0]])
    begins = _ITEM if _ITEM.match(lines[written[0]]) else _KEY
    firsts = [
        n
        for n in written
        if n == written[0]
        or _indent(lines[n]) < indent
        or (_indent(lines[n]) == indent and begins.match(lines[n]))
    ]
    yield from zip(firsts, [*firsts[1:], end], strict=True)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
