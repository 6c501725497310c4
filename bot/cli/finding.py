"""The result of one check of `munshi doctor`."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was checked, whether it is well, a description, and how to mend it."""

    name: str
    well: bool | None
    """None if it could not be checked."""
    said: str
    mend: str = ""
