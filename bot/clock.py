"""Time, passed in. Nothing but this file asks the machine what time it is."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where everyone gets the time from."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000


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
