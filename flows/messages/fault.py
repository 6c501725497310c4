"""A fault of one message of the flow file."""

from typing import NamedTuple

from flows.document.errors import Severity
from flows.document.places import Path


class Fault(NamedTuple):
    """One thing wrong in a message, and how to mend it. `place` is relative to the message."""

    place: Path
    message: str
    mend: str = ""
    severity: Severity = Severity.ERROR
