"""Rounds of work that are woken when something is due, in place of looking each second."""

import asyncio

from bot.workers.rounds import Rounds, wait_for


class Woken(Rounds):
    """Repeats one piece of work whenever it is woken."""

    def __init__(self, longest: float) -> None:
        """`longest` is the longest wait without being woken, in seconds."""
        super().__init__()
        self._longest = longest
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Have the next round done at once."""
        self._woken.set()

    def close(self) -> None:
        """End the waiting, and begin no further round."""
        super().close()
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Wait until woken."""
        await wait_for(self._woken, self._longest)
        if not self.closed:
            self._woken.clear()
