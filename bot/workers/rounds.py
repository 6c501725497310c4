"""Does a piece of work again and again, until closed."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()


class Rounds:
    """Repeats one piece of work. Whoever waits within it is woken when it is closed."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether there is to be no further round."""
        return self._closing.is_set()

    def close(self) -> None:
        """End the waiting, and begin no further round."""
        self._closing.set()

    async def run(self, work: Callable[[], Awaitable[object]], seconds: float, failure: str) -> None:
        """Do `work` at once and then every `seconds`, until closed.

        What it raises is logged as `failure`, and it is tried again in the next round.
        """
        while not self.closed:
            try:
                await work()
            except Exception:
                log.exception(failure)
            await self.wait(seconds)

    async def rest(self, worked: float, share: float) -> None:
        """Wait, or until closed, so that what worked for `worked` seconds takes `share` of the time."""
        await self.wait(worked * (1 / share - 1))

    async def wait(self, seconds: float) -> None:
        """Wait for `seconds`, or until closed."""
        await wait_for(self._closing, seconds)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, for `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
