"""The result of one check."""

from typing import Final, NamedTuple

LONGEST: Final = 300
"""Maximum characters shown of an error."""


class Finding(NamedTuple):
    """What was checked, whether it is well, a description, and how to mend it."""

    name: str
    well: bool | None
    """None if it could not be checked."""
    said: str
    mend: str = ""
