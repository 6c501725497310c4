"""Makes a change of an order: what somebody pressed becomes a request to the server, in their name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from bot.console.context import Console
from bot.console.once import Once
from bot.console.orders.words import ORDERS
from bot.console.server_desk import NotDone, new_key
from bot.console.visit import Visit
from storage.accounts.people import Role

_TAKES: Final[Mapping[str, Role]] = {
    "stage": Role.STAFF,
    "note": Role.STAFF,
    "hand": Role.STAFF,
    "less": Role.OWNER,
    "return": Role.OWNER,
    "allowance": Role.OWNER,
    "cancel": Role.OWNER,
    "refuse": Role.OWNER,
}
"""The role that each change takes. What gives money back takes an owner."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked for: the word of the change in the API, and its body without who asks."""

    posted: str
    body: Mapping[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=new_key, compare=False)
    """Stays the same from when the person is asked, so that a second press changes nothing more."""

    def with_(self, **more: Any) -> "Change":
        """Return the same with more in its body."""
        return replace(self, body={**self.body, **more})

    @property
    def takes(self) -> Role:
        """The role that may ask for it. Raises KeyError for a change that the pages do not offer."""
        return _TAKES[self.posted]


class OrderChanges:
    """The changes that one person makes."""

    def __init__(self, console: Console, visit: Visit) -> None:
        self._console, self._visit = console, visit
        self._words = visit.words.of(ORDERS)
        self._once = Once()

    async def make(self, key: str, number: str, change: Change) -> None:
        """Make a change of the order, and say what became of it; nothing while the same one runs.

        Raises NotDone.
        """
        await self._once.do((key, change), partial(self._make, key, number, change))

    async def _make(self, key: str, number: str, change: Change) -> None:
        await self._console.allow(self._visit, change.takes, f"{change.posted} #{number}")
        path = f"/orders/{quote(key, safe='')}/{change.posted}"
        try:
            body = {**change.body, "by": self._visit.name}
            answer = await self._console.desk.ask(path, body, change.key)
        except NotDone as refused:
            await self._console.note(self._visit, change.posted, f"#{number}", str(refused))
            raise
        await self._console.note(self._visit, change.posted, f"#{number}")
        if answer.get("state") == "waits":
            ui.notify(self._words("waits", number=number), type="info")
            return
        stage = answer.get("stage")
        ui.notify(self._words("moved", number=number, stage=self._words(stage or "paid")), type="positive")
