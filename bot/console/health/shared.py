"""Keeps what is costly to find out, for all visitors together."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOMENT: Final = 10.0
"""Seconds for which what was found is taken for what is so now."""


class Shared(Generic[T]):
    """Finds something out at most once in `seconds`, however many ask."""

    def __init__(self, find: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._find, self._seconds = find, seconds
        self._finding = asyncio.Lock()
        self._kept: tuple[float, T] | None = None

    async def recent(self) -> T:
        """Return what was found in the last `seconds`, or else is found now."""
        return await self._since(monotonic() - self._seconds)

    async def now(self) -> T:
        """Return what is found from now on, or was a moment ago: providers are not asked at each press."""
        return await self._since(monotonic() - _MOMENT)

    async def _since(self, earliest: float) -> T:
        async with self._finding:
            if self._kept is None or self._kept[0] < earliest:
                began = monotonic()
                self._kept = began, await self._find()
            return self._kept[1]
