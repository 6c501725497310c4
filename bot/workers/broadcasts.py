"""Gives the customers of broadcasts their offers, batch by batch."""

from collections.abc import Callable
from typing import Final

import structlog

from bot.context import Context
from bot.workers.rounds import wait_for

LOOK_SECONDS: Final = 30.0
"""Seconds between two looks for a broadcast that another process stored, while there is none."""
BATCH_SECONDS: Final = 1.0
"""Seconds between two looks whether the next batch is due, while a broadcast is under way."""

log = structlog.get_logger()


class Broadcasts:
    """Goes on with broadcasts until closed. Each process has one; they share the work by the database."""

    def __init__(self, context: Context, wake: Callable[[], None]) -> None:
        """`wake` is called when customers have got an event."""
        self._context = context
        self._wake = wake
        self._closed = False

    def close(self) -> None:
        """Go on with none any more."""
        self._closed = True
        self._context.broadcast_begun.set()

    async def run(self) -> None:
        """Go on with whatever broadcast is due, until closed. What failed is logged and tried again."""
        begun = self._context.broadcast_begun
        while not self._closed:
            begun.clear()
            given = None
            try:
                given = await self.go_on()
            except Exception:
                log.exception("the broadcast did not go on")
            if not self._closed:
                await wait_for(begun, LOOK_SECONDS if given is None else BATCH_SECONDS)

    async def go_on(self) -> int | None:
        """Give the next batch of customers their event, if it is due.

        Return how many got it; None if no broadcast is under way.
        """
        given = await self._context.store.broadcasts.go_on(self._context.clock.now())
        if given:
            self._wake()
        return given
