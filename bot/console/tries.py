"""Limits how often the password of a person, and from an address, can be guessed."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from bot.failed_tries import FailedTries, is_logged, wait_seconds
from storage.accounts.people import LONGEST_NAME, key_of

MOST: Final = 32
"""Wrong passwords of one address, or for one name, after which none is looked at until a quarter of an hour
without one is over."""
_PLACES: Final = 1_000
"""Maximum pairs of a person and an address that are remembered."""
_LOGGED: Final = 500
"""Wrong passwords that may all be logged, later ones at each doubling: guesses must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try to log in."""

    of_address: int
    """Which failed try of its address it is."""
    wait: float
    """Seconds for which the answer is held back if the password is wrong."""
    is_logged: bool
    """Whether it is written down if the password is wrong."""


class Tries:
    """Wrong passwords that one process saw. They are forgotten when it ends.

    Whoever guesses at a name from many addresses must not lock its person out: from an address where that
    person has logged in, only the wrong passwords of that address count.
    """

    def __init__(self) -> None:
        self._by_address = FailedTries()
        self._by_name = FailedTries()
        self._all = FailedTries()
        self._at_home: OrderedDict[tuple[str, str], None] = OrderedDict()

    def milliseconds_left(self, name: str, address: str, now: int) -> int:
        """Return for how many milliseconds no password for `name` from `address` is looked at; 0 for none."""
        key = _key(name)
        left = [0]
        if self._by_address.count(address, now) >= MOST:
            left.append(self._by_address.milliseconds_left(address, now))
        if self._by_name.count(key, now) >= MOST and (key, address) not in self._at_home:
            left.append(self._by_name.milliseconds_left(key, now))
        return max(left)

    def begin(self, name: str, address: str, now: int) -> "Try":
        """Count a try as failed, before the password is looked at: many at once must not pass for one."""
        of_address = self._by_address.add(address, now)
        of_name = self._by_name.add(_key(name), now)
        everybodys = self._all.add("", now)
        shown = is_logged(of_address) and (everybodys <= _LOGGED or is_logged(everybodys))
        return Try(of_address, wait_seconds(max(of_address, of_name)), shown)

    def take_back(self, name: str, address: str) -> None:
        """Take back a try that was counted: its password was right, or was not looked at."""
        self._by_address.take_back(address)
        self._by_name.take_back(_key(name))
        self._all.take_back("")

    def at_home(self, name: str, address: str) -> None:
        """Remember that a person logs in from `address`."""
        pair = (_key(name), address)
        self._at_home.pop(pair, None)
        self._at_home[pair] = None
        if len(self._at_home) > _PLACES:
            self._at_home.popitem(last=False)


def _key(name: str) -> str:
    return key_of(name[:LONGEST_NAME])
