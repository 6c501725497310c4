"""Clocks, passed to all code that needs the time. Only SystemClock reads the machine's clock."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from payments.processing.notice import Notice, NoticeKind

SMALLEST_JUMP: Final = 1_000
"""Smallest difference that counts as a jump, in milliseconds."""
_MOMENT: Final = 100
"""Milliseconds within which two clocks must be read to be comparable."""


class Clock(Protocol):
    """Source of the current time."""

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Return milliseconds of a monotonic clock, which starts at an arbitrary value."""
        return time.monotonic_ns() // 1_000_000


class Jumps:
    """Detects that the `wall` clock was set: it then moved differently from the `steady` clock."""

    def __init__(self, wall: Callable[[], int], steady: Callable[[], int]) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = self._difference()

    def since(self) -> int:
        """Return the milliseconds that the clock was put forward, negative if back, until `taken` is called.

        Less than `SMALLEST_JUMP` counts as 0, because a clock that is corrected little by little has not
        jumped. Where the steady clock stops while the machine sleeps, the sleep is a jump forward.
        """
        jump = self._difference() - self._ahead
        if abs(jump) >= SMALLEST_JUMP:
            return jump
        self._ahead += jump
        return 0

    def _difference(self) -> int:
        """Return by how many milliseconds the wall clock is ahead of the steady one.

        Read both again if the process was stopped between the reads, as when the machine is suspended.
        """
        while True:
            before, wall, after = self._steady(), self._wall(), self._steady()
            if after - before < _MOMENT:
                return wall - before

    def taken(self, jump: int) -> None:
        """Record that the jump was dealt with, so that `since` no longer returns it."""
        self._ahead += jump


def jumped(milliseconds: int) -> Notice:
    """Return the notice about a clock that was put forward by `milliseconds`, or back if negative."""
    change = "set back" if milliseconds < 0 else "put forward (or the machine slept)"
    message = (
        f"The machine's clock was {change} by {abs(milliseconds) // 1000} s while Munshi ran. Messages and"
        " calls that waited have been made due; timers, reminders and polls keep the times written down."
        " Have one service keep the clock (timedatectl, chrony), and in UTC: a hardware clock in local time"
        " jumps at each start."
    )
    return Notice(NoticeKind.CLOCK, "set back" if milliseconds < 0 else "put forward", message)


class ShiftedClock:
    """Clock that can be put forward, for the demo's `/wait` and for tests."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = 0

    def now(self) -> int:
        """Return milliseconds since 1970, UTC, plus the total shift."""
        return self._base.now() + self._ahead

    @property
    def ahead(self) -> int:
        """By how many milliseconds it was put forward in all."""
        return self._ahead

    def put_forward(self, milliseconds: int) -> None:
        """Put the clock forward by `milliseconds`. Raises ValueError if negative."""
        if milliseconds < 0:
            raise ValueError("a clock can only be put forward")
        self._ahead += milliseconds
