"""When a search must end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

Clock = Callable[[], float]
"""Tells seconds: `time.monotonic`, or `time.process_time` where other work must not count."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of a clock."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Self:
        """Return the deadline `seconds` from now."""
        return cls(clock() + seconds, clock)

    @property
    def passed(self) -> bool:
        """Whether it is later than that."""
        return self.clock() > self.at

    def within(self, seconds: float) -> "Deadline":
        """Return the deadline `seconds` from now, or this one if it is earlier."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)
