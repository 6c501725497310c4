"""The place of a row in a list that is read page by page: after it the next page begins."""

import re
from dataclasses import dataclass
from typing import Final

_PLACE: Final = re.compile(r"(?P<at>[0-9]{1,15})\.(?P<key>[a-z0-9-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list that is sorted by a time, in milliseconds since 1970, UTC, and then by a key."""

    at: int
    key: str

    def __str__(self) -> str:
        return f"{self.at}.{self.key}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """Return the place that was written by `str`. Raises ValueError for any other text."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise ValueError("not the `next` of an answer")
        return cls(int(match["at"]), match["key"])
