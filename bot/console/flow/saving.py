"""Shows what saving would mean to customers, and saves."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from bot.console.context import Console
from bot.console.flow.editing import Edited, Editing
from bot.console.flow.flow_server import WHAT, FlowServer
from bot.console.flow.words import FLOW
from bot.console.flow.workbench import Workbench
from bot.console.frame import told
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.people import Role


async def planned(
    console: Console, bench: Workbench, visit: Visit, texts: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return what serving a flow would mean to customers: `version`, `lines`, `strands`. Raises NotDone."""
    plan = await bench.one("plan", texts=texts, database=console.books.url, now=console.clock.now())
    if "refused" in plan:
        raise NotDone(visit.words("no_books", why=plan["refused"]))
    return plan


class Saving:
    """The way from *Save* to what is served, in one open page."""

    def __init__(
        self,
        console: Console,
        visit: Visit,
        server: FlowServer,
        bench: Workbench,
        editing: Editing,
        saved: Callable[[Edited], Awaitable[None]],
    ) -> None:
        self._console, self._visit, self._server, self._bench = console, visit, server, bench
        self._editing, self._saved = editing, saved
        self._words = visit.words.of(FLOW)

    async def ask(self, failed: int) -> None:
        """Show what saving would mean, and offer it. `failed` written chats fail. Raises NotDone."""
        await self._console.allow(self._visit, Role.OWNER, WHAT)
        if await self._server.files() != self._editing.opened:
            raise NotDone(self._words("changed_since"))
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog flow-plan"):
            ui.label(self._words("plan_head")).props('role="heading" aria-level="2"')
            waiting = ui.label(self._words("planning")).classes("quiet")
            space = ui.element("div")
        dialog.on("hide", dialog.delete)
        edited = self._editing.now
        try:
            plan = await planned(self._console, self._bench, self._visit, edited.texts)
        except NotDone:
            dialog.close()
            raise
        if dialog.is_deleted:
            return
        waiting.set_visibility(False)
        with space:
            self._draw(dialog, plan, edited, failed)

    def _draw(self, dialog: ui.dialog, plan: Mapping[str, Any], edited: Edited, failed: int) -> None:
        ui.label("\n".join(plan["lines"])).classes("flow-lines flow-plan-lines")
        if failed:
            ui.label(self._words("chats_failed", failed=failed)).classes("task")
        if plan["strands"]:
            ui.label(self._words("strands")).classes("task")

        async def press() -> None:
            dialog.close()
            await told(lambda: self._save(plan, edited))

        with ui.element("div").classes("dialog-buttons"):
            ui.button(self._words("cancel"), on_click=dialog.close).props("flat no-caps")
            key = "serve_anyway" if plan["strands"] else "serve_now"
            ui.button(self._words(key), on_click=press).props("unelevated no-caps")

    async def _save(self, plan: Mapping[str, Any], edited: Edited) -> None:
        version = plan["version"]
        answer = await self._server.save(self._visit, edited, version, anyway=plan["strands"])
        stay = [line for head, lines in answer["staying"].items() for line in (head, *lines)]
        said = "\n".join([self._words("served_now", version=version), *stay])
        ui.notify(said, type="positive", multi_line=True, close_button=True, timeout=8_000)
        await self._saved(edited)
