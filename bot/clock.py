"""Clocks, passed to whoever needs the time. Only SystemClock asks the machine what time it is."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from payments.processing.notice import Notice, NoticeKind

SMALLEST_JUMP: Final = 1_000
"""Milliseconds."""
_MOMENT: Final = 100
"""Milliseconds within which two clocks must be looked at to be compared."""


class Clock(Protocol):
    """Gives everyone the time."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Milliseconds of a clock that nobody can set; it begins anywhere."""
        return time.monotonic_ns() // 1_000_000


class Jumps:
    """Detects that the `wall` clock was set: since the last look it moved otherwise than the `steady` one."""

    def __init__(self, wall: Callable[[], int], steady: Callable[[], int]) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = self._difference()

    def since(self) -> int:
        """Milliseconds by which the clock was put forward, negative if back, until the jump is `taken`.

        0 for less than `SMALLEST_JUMP`: a clock that is corrected little by little has not jumped. Where
        the steady clock stands still while the machine sleeps, that is a jump forward.
        """
        jump = self._difference() - self._ahead
        if abs(jump) >= SMALLEST_JUMP:
            return jump
        self._ahead += jump
        return 0

    def _difference(self) -> int:
        """Return how far the wall clock is ahead, looked at in one moment.

        The process may be stopped between two looks, as when its machine is: then it looks again.
        """
        while True:
            before, wall, after = self._steady(), self._wall(), self._steady()
            if after - before < _MOMENT:
                return wall - before

    def taken(self, jump: int) -> None:
        """Record that what the jump asks for is done: `since` no longer returns it."""
        self._ahead += jump


def jumped(milliseconds: int) -> Notice:
    """Return the notice about a clock that was put forward so much, or back if it is negative."""
    which = "set back" if milliseconds < 0 else "put forward (or the machine slept)"
    said = (
        f"The machine's clock was {which} by {abs(milliseconds) // 1000} s while Munshi ran. Messages and"
        " calls that waited have been made due; timers, reminders and polls keep the times written down."
        " Have one service keep the clock (timedatectl, chrony), and in UTC: a hardware clock in local time"
        " jumps at each start."
    )
    return Notice(NoticeKind.CLOCK, "set back" if milliseconds < 0 else "put forward", said)


class ShiftedClock:
    """A clock that can be put forward, for the demo's `/wait` and for tests."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = 0

    def now(self) -> int:
        """Milliseconds since 1970, UTC, plus all that was put forward."""
        return self._base.now() + self._ahead

    def put_forward(self, milliseconds: int) -> None:
        """Let `milliseconds` pass at once. Raises ValueError if that is not forward."""
        if milliseconds < 0:
            raise ValueError("a clock can only be put forward")
        self._ahead += milliseconds
