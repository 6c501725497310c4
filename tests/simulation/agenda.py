"""The actions that the outside world will take, by time. An agenda outlives the bot's process."""

import heapq
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[], Awaitable[None]]


class Agenda:
    """A queue of actions by time, in milliseconds since 1970, UTC. Equal times keep the order of adding."""

    def __init__(self) -> None:
        self._actions: list[tuple[int, int, Action]] = []
        self._serial = count()

    def at(self, when: int, action: Action) -> None:
        """Schedule `action` for `when`; a time in the past means at once."""
        heapq.heappush(self._actions, (when, next(self._serial), action))

    @property
    def next(self) -> int | None:
        """Time of the next action; None if there is none."""
        return self._actions[0][0] if self._actions else None

    def take(self) -> Action:
        """Remove and return the next action. Raises IndexError if there is none."""
        return heapq.heappop(self._actions)[2]
