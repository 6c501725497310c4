"""What is wrong with a message as it is written."""

from typing import NamedTuple

from flows.document.errors import Severity
from flows.document.reader import Path


class Fault(NamedTuple):
    """An issue of one message; `place` is below the message."""

    place: Path
    message: str
    mend: str = ""
    severity: Severity = Severity.ERROR
