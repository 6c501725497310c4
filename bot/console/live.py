"""Keeps a part of a page equal to what the books hold."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

import structlog
from nicegui import ui

from bot.console.context import Console
from bot.console.visit import Visit
from flows.document.errors import FlowInvalid
from storage.database.errors import StorageError
from storage.database.records import Records
from storage.inbox.order_rows import Unreadable

T = TypeVar("T")

_LOOK_EVERY: Final = 0.1
"""Seconds between two looks."""
_ASK_EVERY: Final = 10.0
"""Seconds between two times that it is asked whether the person may still look, if nothing was written."""
_SHARE: Final = 3
"""After reading for a while, a page rests so many times as long: many open pages must not fill the server."""

log = structlog.get_logger()


class Live(Generic[T]):
    """Reads when something was written, and draws if what was read is different.

    Create it within a page, and start it.
    """

    def __init__(
        self,
        console: Console,
        visit: Visit,
        read: Callable[[Records], Awaitable[T]],
        draw: Callable[[T], None],
        rest: float = 0.0,
    ) -> None:
        """`rest` is the least time between two looks, in seconds, for what need not be of this moment."""
        self._console, self._visit = console, visit
        self._read, self._draw, self._rest = read, draw, rest
        self._seen = -1
        self._shown: list[T] = []
        self._rests_until = 0.0
        self._asked_at = monotonic()
        self._reading = False
        self.trouble = ui.label().classes("trouble").props('role="alert"')
        self.trouble.set_visibility(False)

    def start(self) -> None:
        """Draw as soon as the page is open, and go on while it is."""
        ui.timer(_LOOK_EVERY, self.look)

    def again(self) -> None:
        """Read at the next look, whatever was written: what is asked for has changed."""
        self._seen, self._rests_until = -1, 0.0
        self._shown.clear()

    async def look(self) -> None:
        """Read and draw, if something was written since. Who may not look any more is sent to the door."""
        written = self._console.books.written
        if self._reading or monotonic() < self._rests_until:
            return
        if written == self._seen and monotonic() < self._asked_at + _ASK_EVERY:
            return
        self._reading, began = True, monotonic()
        try:
            self._asked_at = began
            if not await self._console.still(self._visit):
                self._seen = written
                ui.navigate.reload()
                return
            if written == self._seen:
                return
            self._seen = written
            found = await self._console.books.read(self._read)
        except (StorageError, Unreadable, FlowInvalid, LookupError) as error:
            self.trouble.set_text(self._visit.words("no_books", why=str(error)))
            self.trouble.set_visibility(True)
            self._seen = -1
            return
        finally:
            self._reading = False
            self._rests_until = monotonic() + max(self._rest, _SHARE * (monotonic() - began))
        self.trouble.set_visibility(False)
        if [found] != self._shown:
            self._shown = [found]
            self._draw(found)
