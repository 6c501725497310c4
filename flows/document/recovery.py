"""Takes out of a text what is not YAML, or puts what is clearly meant in its place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flows.document import syntax
from flows.document.errors import Issue
from flows.document.expectation import ANYTHING, Expectation
from flows.document.places import Document, Place
from flows.document.repairs import Repair, repair

_TRIED: Final = 100_000
"""Characters of broken entries that are read in trials of how they may be meant."""
_EACH: Final = 100
"""Characters that each of those trials costs beside."""


class Recovery:
    """Finds the broken entries of one file, and reports them in its document.

    What makes them YAML is tried as long as that does not take too long.
    """

    def __init__(self, document: Document, expected: Expectation, read: Callable[[str], Document]) -> None:
        """`read` returns what is read of a part of the file by itself: all of it, or () is unread."""
        self._document, self._expected, self._read = document, expected, read
        self._left = _TRIED

    def without_broken(self, text: str) -> str:
        """Return `text` without the entries that are not YAML, and report those."""
        document = self._document
        text, broken = syntax.without_broken(text, self._repair)
        for entry in broken:
            if not entry.is_read:
                document.unread.add(entry.path)
                document.lost.append(entry.text)
            if not any(entry.line <= issue.line <= entry.last_line for issue in document.issues):
                document.issues += self._issues_of(entry)
        return text

    def issue(self, fault: syntax.SyntaxFault, line: int = 1) -> Issue:
        """Return the issue of a fault in a text that starts on `line`."""
        place = Place(self._document.file, line + fault.line - 1, fault.column)
        return self._document.issue_at(place, fault.message, fault.mend)

    def _repair(self, entry: syntax.BrokenEntry) -> Repair | None:
        """Return the repair of an entry. None without one, without time, or without a shape to judge by."""

        def judged(text: str) -> int | None:
            if len(text) > self._left:
                return None
            self._left -= len(text) + _EACH
            read = self._read(text)
            if read.unread and () in read.unread:
                return None
            return len(read.issues) + self._expected.misfits(entry.around, read.data)

        if self._expected is ANYTHING or len(entry.text) > self._left:
            return None
        return repair(entry.text, entry.fault.line, judged)

    def _issues_of(self, entry: syntax.BrokenEntry) -> list[Issue]:
        """Return what is refused in an entry before it stops being YAML: that is the cause. Else return that.

        What surely makes it YAML comes before both.
        """
        if entry.repair and entry.is_read:
            return [self.issue(_fault_of(entry.repair), entry.line)]
        document = self._document
        places = [(entry.line + issue.line - 1, issue) for issue in self._read(entry.text).issues]
        return [
            document.issue_at(Place(document.file, line, issue.column), issue.message, issue.mend)
            for line, issue in places
        ] or [self.issue(self._worded(entry), entry.line)]

    def _worded(self, entry: syntax.BrokenEntry) -> syntax.SyntaxFault:
        """Return what is wrong with an entry, and how a list is written if it must be one."""
        if entry.repair:
            return _fault_of(entry.repair)
        if "a second ': '" not in entry.fault.message or not self._expected.takes_list(entry.path):
            return entry.fault
        keys = ", ".join(list(self._expected.keys(entry.path))[:2])
        of_each = f", each with keys: {keys}, …" if keys else ""
        mend = f"'{entry.path[-1]}' is a list: write lines that start with '- '{of_each}"
        return replace(entry.fault, mend=mend)


def _fault_of(found: Repair) -> syntax.SyntaxFault:
    return syntax.SyntaxFault(found.line, found.column, found.message, found.mend)
