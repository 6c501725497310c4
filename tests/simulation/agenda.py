"""What the world outside will do, and when: it outlives the process that it happens to."""

import heapq
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[], Awaitable[None]]


class Agenda:
    """Acts by time, in milliseconds since 1970, UTC; those of one time in the order they were added."""

    def __init__(self) -> None:
        self._acts: list[tuple[int, int, Action]] = []
        self._serial = count()

    def at(self, when: int, act: Action) -> None:
        """Do `act` at `when`, or at once if that is over."""
        heapq.heappush(self._acts, (when, next(self._serial), act))

    @property
    def next(self) -> int | None:
        """When the next act is due; None if there is none."""
        return self._acts[0][0] if self._acts else None

    def take(self) -> Action:
        """The next act. Raises IndexError if there is none."""
        return heapq.heappop(self._acts)[2]
