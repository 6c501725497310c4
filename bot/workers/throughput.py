"""Limits how many messages this process sends in a second, once Meta says it is too many. Pure.

A refusal halves the rate, and halves it again while messages sent at the new rate are refused too. Each
second without a refusal raises it by a tenth, until it is over what any number may send. Several processes
that share a number find their shares in the same way.

Source: Meta, WhatsApp Cloud API, "Throughput" (80 messages a second, up to 1,000; error 130429).
"""

from typing import Final

HIGHEST: Final = 1_000.0
"""Messages a second of the fastest numbers."""
LOWEST: Final = 1.0
_GROWTH: Final = 1.1
"""By how much the rate grows in a second."""
_BURST: Final = 0.25
"""Seconds' worth of messages that may leave at once; more than the workers' sleep."""


class Throughput:
    """The rate of one process. All times are milliseconds since 1970, UTC."""

    __slots__ = ("_counted_at", "_left", "_slowed_at", "rate")

    def __init__(self) -> None:
        self.rate: float | None = None
        """Messages a second; None while there is no limit."""
        self._left = 0.0
        self._counted_at = self._slowed_at = 0

    def room(self, wanted: int, now: int) -> int:
        """Return how many of `wanted` messages may leave now."""
        if self.rate is None:
            return wanted
        self._pass(self.rate, now)
        return wanted if self.rate is None else min(wanted, int(self._left))

    def took(self, count: int) -> None:
        """Record that `count` messages leave."""
        self._left -= count

    def throttled(self, claimed_at: int, now: int) -> None:
        """Record that a message claimed at `claimed_at` was one too many."""
        if self.rate is None:
            self.rate, self._left, self._counted_at = HIGHEST / 2, HIGHEST / 2 * _BURST, now
        elif claimed_at > self._slowed_at:
            self.rate = max(LOWEST, self.rate / 2)
            self._left = min(self._left, self.rate * _BURST)
        else:
            return  # it left before the rate was lowered, and says nothing about the lower one
        self._slowed_at = now

    def shift(self, milliseconds: int) -> None:
        """Move all times with a clock that was put forward by `milliseconds`, or back if negative."""
        self._counted_at += milliseconds
        self._slowed_at += milliseconds

    def _pass(self, rate: float, now: int) -> None:
        seconds = max(0, now - self._counted_at) / 1000
        self._counted_at = now
        self._left = min(max(1.0, rate * _BURST), self._left + rate * seconds)
        grown = rate * _GROWTH**seconds
        self.rate = grown if grown < HIGHEST else None
