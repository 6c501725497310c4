"""What a person does about notices and parked events: the server is asked for it, and it is noted."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from nicegui import ui

from bot.console.context import Console
from bot.console.health.words import HEALTH
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.people import Role

Change: TypeAlias = Callable[[int], Awaitable[None]]
"""Changes the notice or the event with this number. Raises NotDone."""


class HealthChanges:
    """The changes that one person makes."""

    def __init__(self, console: Console, visit: Visit) -> None:
        self._console, self._visit = console, visit
        self._words = visit.words.of(HEALTH)

    async def seen(self, number: int) -> None:
        """Forget a notice. Raises NotDone."""
        await self._make("see to notice", number, f"/operator/notices/{number}/seen")
        ui.notify(self._words("was_seen", number=number), type="positive")

    async def replay(self, number: int) -> None:
        """Have a parked event handled again. Raises NotDone."""
        await self._make("replay event", number, f"/operator/events/{number}/replay")
        ui.notify(self._words("was_replayed", number=number), type="positive")

    async def _make(self, what: str, number: int, path: str) -> None:
        await self._console.allow(self._visit, Role.STAFF, f"{what} {number}")
        try:
            await self._console.desk.ask(path, {})
        except NotDone as refused:
            await self._console.note(self._visit, what, str(number), str(refused))
            raise
        await self._console.note(self._visit, what, str(number))
