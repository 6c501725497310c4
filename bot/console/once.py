"""Ignores a press while what the same press asked for is being done."""

from collections.abc import Awaitable, Callable


class Once:
    """What one open page is doing."""

    def __init__(self) -> None:
        self._running: list[object] = []

    async def do(self, asked: object, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; nothing if what equals `asked` is being done. The button may be drawn anew meanwhile."""
        if asked in self._running:
            return
        self._running.append(asked)
        try:
            await work()
        finally:
            self._running.remove(asked)
