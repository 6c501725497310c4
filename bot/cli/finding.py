"""One thing that `munshi doctor` looked at."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was looked at, whether it is well, what there is to say, and how to mend it."""

    name: str
    well: bool | None
    """None: it could not be asked, which is neither well nor amiss."""
    said: str
    mend: str = ""
