"""Notices that the flow's files were changed by somebody else, and lets the person choose."""

from collections.abc import Callable, Mapping
from typing import Final

from nicegui import ui

from bot.console.context import Console
from bot.console.flow import history
from bot.console.flow.editing import Editing
from bot.console.flow.flow_server import FlowServer
from bot.console.flow.history_part import HistoryPart
from bot.console.flow.words import FLOW
from bot.console.frame import told
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.database.errors import StorageError

_LOOK_EVERY: Final = 2.0
"""Seconds between two looks at the files."""


class OtherHands:
    """Looks at the files while one page is open. Create it within the page, where it is to speak."""

    def __init__(self, console: Console, visit: Visit, server: FlowServer, editing: Editing) -> None:
        self._console, self._visit = console, visit
        self._server, self._editing = server, editing
        self._words = visit.words.of(FLOW)
        self._versions: HistoryPart | None = None
        self._show: Callable[[], None] = lambda: None
        self._now: Mapping[str, str] = editing.opened
        self._not_served = ui.label(self._words("not_served")).classes("task")
        self._not_served.set_visibility(False)
        with ui.element("div").classes("trouble").props('role="alert"') as self._changed:
            ui.label(self._words("changed"))
            with ui.element("div").classes("actions"):
                for key, press in (
                    ("see_theirs", self._see), ("take_theirs", self.take), ("keep_mine", self._keep)
                ):  # fmt: skip
                    ui.button(self._words(key), on_click=lambda press=press: told(press)).props(
                        "outline no-caps"
                    )
        self._changed.set_visibility(False)
        ui.timer(_LOOK_EVERY, self._look)

    def bind(self, versions: HistoryPart, show: Callable[[], None]) -> None:
        """Show differences in `versions`; `show` draws the editor anew."""
        self._versions, self._show = versions, show

    async def _look(self) -> None:
        try:
            if not await self._console.still(self._visit):
                ui.navigate.reload()
                return
            self._now = await self._server.files()
        except NotDone:
            return  # an editor elsewhere is just writing it; a save would say it
        except StorageError:
            return  # the list of versions, which is on the same page, asks the same and says it
        is_other = self._now != self._editing.opened
        if is_other and not self._editing.edited:
            self._take(self._now)
            ui.notify(self._words("shown_anew"), type="info")
            is_other = False
        self._changed.set_visibility(is_other)
        served = self._versions.history.served if self._versions else {}
        self._not_served.set_visibility(bool(served) and not history.same(self._now, served))

    async def take(self) -> None:
        """Show the files as they are now, and drop what was edited. Raises NotDone."""
        self._take(await self._server.files())

    def _take(self, texts: Mapping[str, str]) -> None:
        self._editing.open(texts)
        self._changed.set_visibility(False)
        self._show()

    async def _keep(self) -> None:
        self._editing.keep_on(self._now)
        self._changed.set_visibility(False)
        self._show()

    async def _see(self) -> None:
        if self._versions is not None:
            await self._versions.compare(dict(self._editing.opened), dict(self._now))
