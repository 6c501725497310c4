"""Errors of flows, and the issues of a flow file.

FlowError
├── FlowInvalid     the file can't be used; carries every issue found
└── StepFailed      a valid flow met values it can't handle; the event is parked, nothing else changes
    ├── ValueRefused    an action or a variable can't take the value that the event brought
    └── Unsendable      the channel would refuse a message that the step sends
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from flows.document.excerpt import excerpt
from flows.document.words import unseen


class Severity(StrEnum):
    """How bad an issue is. A flow with an error may not serve customers."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One thing wrong in a flow file, where it is (line and column from 1), and how to mend it."""

    file: str
    line: int
    column: int
    message: str
    mend: str = ""
    severity: Severity = Severity.ERROR
    source: str = field(default="", compare=False)
    """The line of the file; empty if there is none to show."""
    follows: bool = field(default=False, compare=False)
    """Whether it is about a part of the file that another issue says can't be read."""

    def __str__(self) -> str:
        shown = "".join(f"\n  {line}" for line in excerpt(self.source, self.line, self.column))
        mend = f"\n    {self.mend}" if self.mend else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}{shown}{mend}"


def close(name: str, known: Iterable[str]) -> str:
    """Suggest the known name nearest to `name`. Empty if none is near.

    A character in `name` that nobody sees is named: else the two would look the same.
    """
    near = nearest(name, known)
    meant = f"did you mean '{near}'?" if near else ""
    return "; ".join(part for part in (unseen(name), meant) if part)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name nearest to `name`; empty if none is near."""
    return next(iter(get_close_matches(name.lower(), list(known), n=1)), "")


class FlowError(Exception):
    """Root of all errors of a flow."""


class FlowInvalid(FlowError):
    """The flow file can't be used. `issues` holds every issue found, in file order."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(str(issue) for issue in issues))
        self.issues = issues


class StepFailed(FlowError):
    """A step could not be completed: a template met a missing value, events raised each other, …"""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.where: tuple[str, ...] = ()
        """Where in the flow file it happened, the innermost first: `flows.yaml:41 (message 'hello')`."""

    def __str__(self) -> str:
        return ", ".join(self.where) + (": " if self.where else "") + super().__str__()


class ValueRefused(StepFailed):
    """An action or a variable can't take a value that was filled in from the event or the conversation."""


class Unsendable(StepFailed):
    """The channel would refuse the message. The text says why, and `mend` what to write instead, if known."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend
