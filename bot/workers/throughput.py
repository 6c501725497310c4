"""How many messages this process may send in a second: all it can, until Meta says it is too much. Pure.

Then half as many, and half again for as long as what left at the new rate is refused too; every second
without a refusal it grows a tenth, until it is over what any number may do. Several processes that share
a number find their shares alike.

Source: Meta, WhatsApp Cloud API, "Throughput" (80 messages a second, up to 1,000; error 130429).
"""

from typing import Final

HIGHEST: Final = 1_000.0
"""Messages a second of the fastest numbers."""
LOWEST: Final = 1.0
_GROWTH: Final = 1.1
"""By how much the rate grows in a second."""
_BURST: Final = 0.25
"""Seconds' worth of messages that may leave at once; more than the workers sleep between two looks."""


class Throughput:
    """All times are milliseconds since 1970, UTC."""

    __slots__ = ("_counted_at", "_left", "_slowed_at", "rate")

    def __init__(self) -> None:
        self.rate: float | None = None
        """Messages a second; None while there is no limit."""
        self._left = 0.0
        self._counted_at = self._slowed_at = 0

    def room(self, wanted: int, now: int) -> int:
        """How many of `wanted` messages may leave now."""
        if self.rate is None:
            return wanted
        self._pass(self.rate, now)
        return wanted if self.rate is None else min(wanted, int(self._left))

    def took(self, count: int) -> None:
        """`count` messages leave."""
        self._left -= count

    def throttled(self, claimed_at: int, now: int) -> None:
        """A message claimed at `claimed_at` was too much."""
        if self.rate is None:
            self.rate, self._left, self._counted_at = HIGHEST / 2, HIGHEST / 2 * _BURST, now
        elif claimed_at > self._slowed_at:
            self.rate = max(LOWEST, self.rate / 2)
            self._left = min(self._left, self.rate * _BURST)
        else:
            return  # it left before the rate was lowered, and says nothing about the lower one
        self._slowed_at = now

    def shift(self, milliseconds: int) -> None:
        """The clock was set: put forward by so much, or back if it is negative."""
        self._counted_at += milliseconds
        self._slowed_at += milliseconds

    def _pass(self, rate: float, now: int) -> None:
        seconds = max(0, now - self._counted_at) / 1000
        self._counted_at = now
        self._left = min(max(1.0, rate * _BURST), self._left + rate * seconds)
        grown = rate * _GROWTH**seconds
        self.rate = grown if grown < HIGHEST else None
