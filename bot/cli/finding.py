"""One thing that `munshi doctor` looked at."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was looked at, whether it is well, what there is to say, and how to mend it."""

    name: str
    well: bool
    said: str
    mend: str = ""
