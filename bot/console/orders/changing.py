"""Makes a change of an order: what somebody pressed becomes a request to the server, in their name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from bot.console.context import Console
from bot.console.orders.words import ORDERS
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.people import Role

_OWNERS: Final = frozenset({"less", "return", "allowance", "cancel", "refuse", "delivery"})
"""The changes that give money back. They take an owner."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked for: the word of the change in the API, and its body without who asks."""

    posted: str
    body: Mapping[str, Any] = field(default_factory=dict)

    def with_(self, **more: Any) -> "Change":
        """Return the same with more in its body."""
        return replace(self, body={**self.body, **more})

    @property
    def takes(self) -> Role:
        """The role that may ask for it."""
        return Role.OWNER if self.posted in _OWNERS else Role.STAFF


class OrderChanges:
    """The changes that one person makes."""

    def __init__(self, console: Console, visit: Visit) -> None:
        self._console, self._visit = console, visit
        self._words = visit.words.of(ORDERS)

    async def make(self, key: str, number: str, change: Change) -> None:
        """Make a change of the order, and say what became of it. Raises NotDone."""
        await self._console.allow(self._visit, change.takes, f"{change.posted} #{number}")
        path = f"/orders/{quote(key, safe='')}/{change.posted}"
        try:
            answer = await self._console.desk.ask(path, {**change.body, "by": self._visit.name})
        except NotDone as refused:
            await self._console.note(self._visit, change.posted, f"#{number}", str(refused))
            raise
        await self._console.note(self._visit, change.posted, f"#{number}")
        if answer.get("state") == "waits":
            ui.notify(self._words("waits", number=number), type="info")
            return
        stage = answer.get("stage")
        ui.notify(self._words("moved", number=number, stage=self._words(stage or "paid")), type="positive")
