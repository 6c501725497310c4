"""What was read of a flow: its data, and where in which file each value stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from flows.document.errors import Issue, Severity
from flows.document.within import Span, place_in

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top of the file down to a value."""


class Place(NamedTuple):
    """Where something stands: its file, line and column (from 1)."""

    file: str
    line: int
    column: int


@dataclass(slots=True)
class Document:
    """The data of a flow, and the place of each value and key. Only it makes the place of an issue."""

    file: str
    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    """Place of each value; for a value of a mapping, the place of its key."""
    spans: dict[Place, Span] = field(default_factory=dict)
    """Place of a text over several lines, as in `places` -> where the text itself stands."""
    lines: dict[str, Sequence[str]] = field(default_factory=dict)
    """The lines of each file."""
    issues: list[Issue] = field(default_factory=list)
    """What is wrong in the parts that could not be read."""
    unread: set[Path] = field(default_factory=set)
    """Parts that could not be read, or not as they are meant: what is wrong in them follows from that."""
    lost: list[str] = field(default_factory=list)
    """What stands in those parts that may hold names."""
    renamed: dict[Path, str] = field(default_factory=dict)
    """Path of a key that is taken for a misspelt one -> that key, as it is written."""

    def issue(self, path: Path, message: str, mend: str = "", severity: Severity = Severity.ERROR) -> Issue:
        """Make an issue at `path`. Steps of the path that the file doesn't have are skipped.

        So a path may name a missing key, or the first item of a list that is written without a list.
        """
        read, written = self._walk(path)
        place = self.places.get(written) or Place(self.file, 1, 1)
        source = self._source(place)
        return Issue(*place, message, mend, severity, source, follows=self._is_unread((*read, *path[-1:])))

    def issue_within(
        self, path: Path, text: str, offset: int, message: str, mend: str, severity: Severity = Severity.ERROR
    ) -> Issue:
        """Make an issue about `text[offset]`, of a text at `path`: on its line, if there are several."""
        issue = self.issue(path, message, mend, severity)
        span = self.spans.get(Place(issue.file, issue.line, issue.column))
        if span is None:
            return issue
        line, column = place_in(text, offset, span, self.lines[issue.file])
        source = self._source(Place(issue.file, line, column))
        return replace(issue, line=line, column=column, source=source)

    def issue_at(self, place: Place, message: str, mend: str = "") -> Issue:
        """Make an error at a place that no value has."""
        return Issue(*place, message, mend, source=self._source(place))

    def place(self, path: Path) -> Place:
        """Return the place of `path`, by the rule of `issue`."""
        return self.places.get(self._walk(path)[1]) or Place(self.file, 1, 1)

    def line(self, path: Path) -> int:
        """Line of `path`, by the rule of `issue`."""
        return self.place(path).line

    def may_hold(self, name: str, section: str) -> bool:
        """Whether `name` of a section may be the name of a part that could not be read."""
        return (section,) in self.unread or any(name.rpartition(".")[2] in text for text in self.lost)

    def has_unread(self, path: Path) -> bool:
        """Whether a part below `path` could not be read."""
        return any(one[: len(path)] == path for one in self.unread)

    def _walk(self, path: Path) -> tuple[Path, Path]:
        """Return what the file has of `path`: as it is read, and as it is written."""
        read: Path = ()
        written: Path = ()
        for step in path:
            as_written = self.renamed.get((*read, step), step)
            if (*written, as_written) in self.places:
                read, written = (*read, step), (*written, as_written)
        return read, written

    def _is_unread(self, path: Path) -> bool:
        return bool(self.unread) and not self.unread.isdisjoint(path[:end] for end in range(len(path) + 1))

    def _source(self, place: Place) -> str:
        lines = self.lines.get(place.file, ())
        return lines[place.line - 1] if place.line <= len(lines) else ""
