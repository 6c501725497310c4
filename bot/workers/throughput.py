"""Limits the messages per second of this process, once Meta says that they are too many. No I/O, no clock.

A refusal halves the rate, and halves it again if messages sent at the new rate are refused too. Each second
without a refusal raises the rate by a tenth, until it exceeds what any number may send. Processes that share
a number find their shares in the same way.

Source: Meta, WhatsApp Cloud API, "Throughput" (80 messages a second, up to 1,000; error 130429).
"""

from typing import Final

HIGHEST: Final = 1_000.0
"""Messages per second of the fastest numbers."""
LOWEST: Final = 1.0
_GROWTH: Final = 1.1
"""Factor by which the rate grows in a second."""
_BURST: Final = 0.25
"""Seconds' worth of messages that may be sent at once; longer than the workers' sleep."""


class Throughput:
    """The rate of one process. All times are milliseconds since 1970, UTC."""

    __slots__ = ("_allowance", "_refilled_at", "_slowed_at", "rate")

    def __init__(self) -> None:
        self.rate: float | None = None
        """Messages per second; None while there is no limit."""
        self._allowance = 0.0
        self._refilled_at = self._slowed_at = 0

    def room(self, wanted: int, now: int) -> int:
        """Return how many of `wanted` messages may be sent now."""
        if self.rate is None:
            return wanted
        self._refill(self.rate, now)
        return wanted if self.rate is None else min(wanted, int(self._allowance))

    def record_claim(self, count: int) -> None:
        """Record that `count` messages are being sent."""
        self._allowance -= count

    def record_throttle(self, claimed_at: int, now: int) -> None:
        """Record that Meta refused a message claimed at `claimed_at` as one too many."""
        if self.rate is None:
            self.rate, self._allowance, self._refilled_at = HIGHEST / 2, HIGHEST / 2 * _BURST, now
        elif claimed_at > self._slowed_at:
            self.rate = max(LOWEST, self.rate / 2)
            self._allowance = min(self._allowance, self.rate * _BURST)
        else:
            return  # it was claimed before the rate was lowered, so it does not count against the lower rate
        self._slowed_at = now

    def shift(self, milliseconds: int) -> None:
        """Move all times with a clock that was put forward by `milliseconds`, or back if negative."""
        self._refilled_at += milliseconds
        self._slowed_at += milliseconds

    def _refill(self, rate: float, now: int) -> None:
        seconds = max(0, now - self._refilled_at) / 1000
        self._refilled_at = now
        self._allowance = min(max(1.0, rate * _BURST), self._allowance + rate * seconds)
        grown = rate * _GROWTH**seconds
        self.rate = grown if grown < HIGHEST else None
