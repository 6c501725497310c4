"""Reads the books for pages, and notices that they have changed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from storage.database.records import Records, reading
from storage.database.watch import Watch

T = TypeVar("T")

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at whether anything was written."""
_SETTLED: Final = 10
"""Looks after the last change at which pages read once more."""
_REST: Final = 5.0
"""Seconds between two looks while the books cannot be read."""
_AT_ONCE: Final = 4
"""Snapshots that are open at once. More pages than that wait for their turn."""

log = structlog.get_logger()


class Books:
    """The database of the shop, read-only. Any task may read."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._written = 0
        self.trouble = ""
        """Why the books could not be read at the last look; empty if they could."""

    @property
    def written(self) -> int:
        """A number that grows whenever something was written."""
        return self._written

    async def read(self, work: Callable[[Records], Awaitable[T]]) -> T:
        """Return what `work` reads from one snapshot. Raises StorageError, and what `work` raises."""
        async with self._turns, reading(self.url) as records:
            return await work(records)

    async def watch(self) -> None:
        """Look for what is written, until cancelled."""
        while True:
            try:
                async with Watch.open(self.url) as watch:
                    self.trouble = ""
                    # Something may have been written while nobody looked.
                    self._written += 1
                    await self._look(watch)
            except Exception as error:  # noqa: BLE001 - pages say what is wrong, and go on
                log.warning("the books cannot be read", why=str(error))
                self.trouble = str(error)
                self._written += 1
            await asyncio.sleep(_REST)

    async def _look(self, watch: Watch) -> None:
        seen, still = await watch.position(), 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now, still = await watch.position(), still + 1
            # PostgreSQL's place moves a moment before what was written can be read.
            if now != seen or still == _SETTLED:
                self._written += 1
            if now != seen:
                seen, still = now, 0
