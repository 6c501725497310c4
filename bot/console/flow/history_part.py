"""Draws the versions that were served: since when, by whom, who stands on each, how any two differ."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from nicegui import ui

from bot.console.context import Console
from bot.console.flow.editing import Editing
from bot.console.flow.editor import Reader
from bot.console.flow.flow_server import WHAT, FlowServer
from bot.console.flow.history import History, Version, listed, newest
from bot.console.flow.saving import planned
from bot.console.flow.words import FLOW
from bot.console.flow.workbench import Workbench
from bot.console.frame import empty, told
from bot.console.live import Live
from bot.console.server_desk import NotDone
from bot.console.shop_now import clock_time
from bot.console.visit import Visit
from bot.log import mask
from payments.shop.catalogue import Shop
from storage.accounts.people import Role
from storage.database.errors import StorageError
from storage.database.records import Records

HERE: Final = ""
"""Stands for what is in the editor, where a version is chosen."""


class HistoryPart:
    """The versions, below the editor. Create it within the page."""

    def __init__(
        self, console: Console, visit: Visit, server: FlowServer, bench: Workbench, editing: Editing | None
    ) -> None:
        self._console, self._visit, self._server, self._bench = console, visit, server, bench
        self._editing = editing
        self._words = visit.words.of(FLOW)
        self.history = History((), {})
        self._number = -1
        self._shop: Shop | None = None
        ui.label(self._words("history")).classes("section").props('role="heading" aria-level="2"')
        self._list = ui.element("ul").classes("flow-versions")
        self._dialogs = ui.element("div")
        """Not in the list, which is drawn anew while one may be open."""
        with ui.element("div").classes("actions"):
            self._from = ui.select({}, label=self._words("from")).props("outlined dense").classes("flow-pick")
            self._into = ui.select({}, label=self._words("into")).props("outlined dense").classes("flow-pick")
            ui.button(self._words("compare"), on_click=lambda: told(self._compare)).props("outline no-caps")
        self._difference = ui.element("div")
        self.live: Live[History] = Live(console, visit, self._read, self._draw)

    async def _read(self, records: Records) -> History:
        number = await newest(records)
        if number != self._number:
            self.history, self._number = await listed(records), number
            self._shop = await self._console.shop.shop(records) if number else None
        return self.history

    def _draw(self, history: History) -> None:
        self._list.clear()
        with self._list:
            if not history.versions:
                empty(self._words("no_history"), self._words("no_history_then"))
            for n, one in enumerate(history.versions):
                self._version(one, served=n == 0)
        versions = {one.version: self._named(one) for one in reversed(history.versions)}
        names = {**({} if self._editing is None else {HERE: self._words("here")}), **versions}
        served = history.versions[0].version if history.versions else None
        self._from.set_options(names, value=served)
        self._into.set_options(names, value=served if self._editing is None else HERE)

    def _named(self, one: Version) -> str:
        return self._words("version_of", version=one.version, since=self._since(one))

    def _since(self, one: Version) -> str:
        return clock_time(self._shop, one.since) if self._shop else ""

    def _version(self, one: Version, *, served: bool) -> None:
        with ui.element("li").classes("flow-version"):
            ui.label(one.version).classes("flow-name")
            ui.label(self._since(one)).classes("at")
            ui.label(self._words("by", by=one.by)).classes("quiet")
            if one.people is not None:
                ui.label(self._words("stand_on", people=f"{one.people:,}")).classes("quiet")
            if served:
                ui.label(self._words("is_served")).classes("done")
            elif self._visit.may(Role.OWNER):
                ui.button(self._words("serve_again"), on_click=partial(self._ask, one)).props(
                    "flat no-caps dense"
                )

    async def _ask(self, one: Version) -> None:
        with self._dialogs, ui.dialog(value=True) as dialog, ui.card().classes("dialog flow-plan"):
            ui.label(self._words("serve_again_really", version=one.version))
            waiting = ui.label(self._words("planning")).classes("quiet")
            space = ui.element("div")
        dialog.on("hide", dialog.delete)
        try:
            texts = await self._server.version(one.version)
            plan = await planned(self._console, self._bench, self._visit, texts)
        except (NotDone, StorageError) as refused:
            waiting.set_text(str(refused))
            return
        if dialog.is_deleted:
            return
        waiting.set_visibility(False)
        with space:
            self._offer(dialog, one, plan)

    def _offer(self, dialog: ui.dialog, one: Version, plan: Mapping[str, Any]) -> None:
        """Draw what serving a version again would mean, and the buttons for it."""
        ui.label("\n".join(plan["lines"])).classes("flow-lines flow-plan-lines")
        if plan["strands"]:
            ui.label(self._words("strands")).classes("task")
        why = ui.label().classes("task flow-lines")
        why.set_visibility(False)

        async def serve() -> None:
            page = ui.context.client
            try:
                said = await self._server.serve_again(self._visit, one.version, anyway=plan["strands"])
            except (NotDone, StorageError) as refused:
                why.set_text(str(refused))
                why.set_visibility(True)
                return
            dialog.close()
            served = self._words("served_now", version=one.version)
            with page:  # the dialog may be gone before the answer comes
                ui.notify(f"{served} {said}", type="positive", multi_line=True)

        with ui.element("div").classes("dialog-buttons"):
            ui.button(self._words("cancel"), on_click=dialog.close).props("flat no-caps")
            key = "serve_anyway" if plan["strands"] else "serve_now"
            ui.button(self._words(key), on_click=serve).props("unelevated no-caps")

    async def _compare(self) -> None:
        await self._console.allow(self._visit, Role.VIEWER, WHAT)
        before, after = await self._texts(self._from.value), await self._texts(self._into.value)
        await self.compare(before, after)

    async def compare(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Show how two versions differ. Raises NotDone."""
        found = await self._bench.one("compare", before=before, after=after)
        self._difference.clear()
        with self._difference:
            if not found["lines"]:
                ui.label(self._words("no_difference")).classes("quiet")
                return
            seen = found["lines"] if self._visit.may(Role.STAFF) else [mask(line) for line in found["lines"]]
            Reader(seen, self._words("difference"))
            if found["cut"]:
                ui.label(self._words("cut")).classes("quiet")

    async def _texts(self, version: str | None) -> Mapping[str, str]:
        if version == HERE and self._editing is not None:
            return dict(self._editing.now.texts)
        if version is None:
            raise NotDone(self._words("no_history"))
        return await self._server.version(version)
