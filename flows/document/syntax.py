"""Finds what is not YAML in a text, and takes it out, so that the rest can be read.

A missing quote makes nonsense of all that follows it. So each entry is looked at by itself: first those of
the top level, and inside one that is broken its own entries. An entry is a key or an item with the lines
below it that are indented further.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import yaml
from yaml.error import Mark
from yaml.events import CollectionEndEvent, CollectionStartEvent

from flows.document.repairs import Repair
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
    repair: Repair | None = None
    """What makes it YAML, if that is known."""

    @property
    def is_read(self) -> bool:
        """Whether it is read as it is clearly meant."""
        return self.repair is not None and self.repair.is_certain

    @property
    def around(self) -> tuple[str, ...]:
        """The keys of the mapping, or of the list, in which it stands."""
        return self.path[:-1] if _KEY.match(self.text.split("\n")[0]) else self.path

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


Repairs: TypeAlias = Callable[[BrokenEntry], Repair | None]
"""Finds what makes an entry YAML."""


def without_broken(text: str, repair: Repairs) -> tuple[str, list[BrokenEntry]]:
    """Return `text` without its broken entries, and those entries.

    One that can be read as it is clearly meant stands so in the text; of another its key stands, and nothing
    behind it.
    """
    lines = lines_of(text)
    found: list[BrokenEntry] = []
    _take_out(lines, 0, len(lines), (), found, repair)
    if not found and (fault := fault_in(text)):
        whole = BrokenEntry((), 1, "\n".join([*lines, ""]), fault)
        whole = replace(whole, repair=repair(whole))
        if whole.repair and whole.is_read:
            return whole.repair.text, [whole]
    return "\n".join(lines), found


def _take_out(
    lines: list[str], start: int, end: int, path: tuple[str, ...], found: list[BrokenEntry], repair: Repairs
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
            _take_out(lines, first + 1, after, inner, found, repair)
        if len(found) > known and all(entry.is_read for entry in found[known:]):
            continue
        # What can't be mended by itself may be mended with what stands around it.
        entry = BrokenEntry(inner, first + 1, text, fault)
        entry = replace(entry, repair=repair(entry))
        if len(found) == known or entry.is_read:
            found[known:] = [entry]
            lines[first:after] = _in_its_place(entry, key[0] if key else "")


def _in_its_place(entry: BrokenEntry, key: str) -> list[str]:
    """Return the lines that stand for a broken entry: as many as it has."""
    if entry.repair and entry.is_read:
        return entry.repair.text.split("\n")[:-1]
    return [key, *([""] * (entry.last_line - entry.line))]


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
    """Return how far a line is indented. A tab, which YAML refuses, counts for two blanks."""
    return len(line) - len(line.lstrip(" ")) if "\t" not in line else _indent(line.expandtabs(2))
