"""One thing that `munshi doctor` looked at."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was looked at, whether it is well, what there is to say, and how to mend it."""

    name: str
    well: bool | None
    """None if it could not be checked."""
    said: str
    mend: str = ""
