"""Gives the customers of broadcasts their offers, batch by batch."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from bot.context import Context

LOOK_SECONDS: Final = 1.0
"""Seconds between two looks whether a batch is due."""

log = structlog.get_logger()


class Broadcasts:
    """Goes on with broadcasts until closed. Each process has one; they share the work by the database."""

    def __init__(self, context: Context, wake: Callable[[], None]) -> None:
        """`wake` is called when customers have got an event."""
        self._context = context
        self._wake = wake
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Go on with none any more."""
        self._closing.set()

    async def run(self) -> None:
        """Go on with whatever broadcast is due, until closed. What failed is logged and tried again."""
        while not self._closing.is_set():
            try:
                await self.go_on()
            except Exception:
                log.exception("the broadcast did not go on")
            await self._wait(LOOK_SECONDS)

    async def go_on(self) -> int:
        """Give the next batch of customers their event. Return how many got it."""
        given = await self._context.store.go_on_broadcasting(self._context.clock.now())
        if given:
            self._wake()
        return given

    async def _wait(self, seconds: float) -> None:
        """Wait for `seconds`, or until closed."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass
