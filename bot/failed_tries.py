"""Counts failed tries by who made them, within bounds, and says how long their answers wait."""

from collections import OrderedDict
from typing import Final

FREE: Final = 5
"""Failed tries of one key that are answered at once: people mistype, and scripts have old secrets."""
FORGET: Final = 900_000
"""Milliseconds without a failed try after which a key is forgotten."""
_FIRST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 5.0
_KEYS: Final = 1_000
"""Maximum keys that are remembered."""
_SHOWN: Final = 3


class FailedTries:
    """Failed tries that one process saw, by a key: an address, a name.

    All times are milliseconds since 1970, UTC.
    """

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """(failed tries, time of the last one), the key that failed last at the end."""

    def add(self, key: str, now: int) -> int:
        """Record a failed try, and return how many `key` has."""
        count = self.count(key, now) + 1
        self._by_key.pop(key, None)
        self._by_key[key] = (count, now)
        if len(self._by_key) > _KEYS:
            self._by_key.popitem(last=False)
        return count

    def take_back(self, key: str) -> None:
        """Take back a try that was recorded and has not failed."""
        count, last = self._by_key.get(key, (0, 0))
        if count > 1:
            self._by_key[key] = (count - 1, last)
        else:
            self._by_key.pop(key, None)

    def count(self, key: str, now: int) -> int:
        """Return how many failed tries `key` has."""
        count, last = self._by_key.get(key, (0, now))
        return count if now - last < FORGET else 0

    def milliseconds_left(self, key: str, now: int) -> int:
        """Return after how many milliseconds `key` is forgotten if it fails no more."""
        _, last = self._by_key.get(key, (0, now - FORGET))
        return max(0, last + FORGET - now)


def wait_seconds(count: int) -> float:
    """Return for how many seconds the answer to the failed try number `count` is held back."""
    if count <= FREE:
        return 0
    # Past this power the wait is the longest anyway.
    doublings = min(count - FREE - 1, 10)
    return min(_FIRST_SECONDS * (1 << doublings), _LONGEST_SECONDS)


def is_logged(count: int) -> bool:
    """Return whether the failed try number `count` is logged: the first ones are, then at each doubling."""
    return count <= _SHOWN or count & (count - 1) == 0
