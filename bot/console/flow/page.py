"""The page of the flow: its files in an editor, what was found in them, and the versions that were served."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from nicegui import app, ui

from bot.console.context import Console
from bot.console.flow.editing import Edited, Editing
from bot.console.flow.editor import Editor, ReadOnly, add_script
from bot.console.flow.findings import Findings
from bot.console.flow.flow_server import FlowServer
from bot.console.flow.history_part import HistoryPart
from bot.console.flow.other_hands import OtherHands
from bot.console.flow.saving import Saving
from bot.console.flow.trying import Trying
from bot.console.flow.words import FLOW
from bot.console.flow.workbench import Workbench
from bot.console.frame import empty, frame, told, visit_of
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from bot.log import mask
from bot.scenario_files import own_scenarios
from flows.document.reader import MAX_BYTES
from storage.accounts.people import Role


@dataclass(frozen=True, slots=True)
class _Parts:
    """What all pages of the flow share."""

    console: Console
    server: FlowServer
    checks: Workbench
    trials: Workbench

    async def close(self) -> None:
        await self.checks.close()
        await self.trials.close()


def add(console: Console) -> None:
    """Add the page to the console."""
    parts = _Parts(console, FlowServer(console), Workbench(), Workbench())
    app.on_shutdown(parts.close)

    @ui.page("/flow")
    async def flow(request: Request) -> None:
        visit = visit_of(request)
        add_script()
        with frame(request, visit, "flow"):
            try:
                texts = await parts.server.files()
            except NotDone as refused:
                empty(visit.words.of(FLOW)("no_file"), str(refused))
                versions = HistoryPart(console, visit, parts.server, parts.checks, None)
            else:
                page = _FlowPage if visit.may(Role.OWNER) else _ReadPage
                versions = page(parts, visit, Editing(texts)).versions
            ui.timer(0, versions.live.start, once=True)  # the editor need not wait for the versions


class _ReadPage:
    """The flow for those who may not change it."""

    def __init__(self, parts: _Parts, visit: Visit, editing: Editing) -> None:
        words = visit.words.of(FLOW)
        ui.label(words("owner_edits")).classes("quiet")
        text = editing.shown if visit.may(Role.STAFF) else mask(editing.shown)
        ReadOnly(text, words("editor"))
        self.versions = HistoryPart(parts.console, visit, parts.server, parts.checks, None)


class _FlowPage:
    """The flow for an owner: one open page."""

    def __init__(self, parts: _Parts, visit: Visit, editing: Editing) -> None:
        self._editing = editing
        self._words = visit.words.of(FLOW)
        self._hands = OtherHands(parts.console, visit, parts.server, editing)
        self._left = ui.element("div")
        with ui.element("div").classes("flow-page"):
            with ui.element("div"):
                self._editor = self._draw_editor()
            self._findings = Findings(visit, self._go)
        scenarios = str(own_scenarios(parts.console.flow_file.parent))
        self._trying = Trying(
            parts.console,
            visit,
            (parts.checks, parts.trials),
            scenarios,
            editing,
            self._editor,
            self._findings,
        )
        self._saving = Saving(parts.console, visit, parts.server, parts.checks, editing, self._after_save)
        self.versions = HistoryPart(parts.console, visit, parts.server, parts.checks, editing)
        self._hands.bind(self.versions, self._show_again)
        self._tell_unsaved()

    def _draw_editor(self) -> Editor:
        names = {name: Path(name).name for name in self._editing.opened}
        self._file = ui.select(
            names, value=self._editing.file, label=self._words("file"), on_change=self._open
        )
        self._file.props("outlined dense").classes("flow-pick").set_visibility(len(names) > 1)
        editor = Editor(
            self._editing.file, self._editing.shown, self._words("editor"),
            changed=self._changed, too_large=self._too_large, save=self._save, draft=self._draft,
        )  # fmt: skip
        ui.label(self._words("leave_hint")).classes("quiet")
        with ui.element("div").classes("actions"):
            ui.button(self._words("serve"), on_click=self._save).props("unelevated no-caps")
            self._drop = ui.button(self._words("drop"), on_click=self._ask_drop).props("flat no-caps")
            self._unsaved = ui.label().classes("quiet").props('role="status"')
        return editor

    def _changed(self, text: str) -> None:
        self._editing.write(text)
        self._tell_unsaved()

    def _tell_unsaved(self) -> None:
        changed = [Path(name).name for name in self._editing.edited]
        self._unsaved.set_text(self._words("unsaved", files=", ".join(changed)) if changed else "")
        self._drop.set_visibility(bool(changed))
        self._editor.unsaved(bool(changed))

    def _too_large(self) -> None:
        ui.notify(self._words("too_large", limit=MAX_BYTES // 1024), type="warning", timeout=10_000)

    def _draft(self, same: bool) -> None:
        if same:
            ui.notify(self._words("draft_again"), type="info", timeout=10_000)
            return
        with self._left, ui.element("div").classes("trouble").props('role="alert"') as box:
            ui.label(self._words("draft_other"))

            def put() -> None:
                box.delete()
                self._editor.put_draft()

            ui.button(self._words("draft_put"), on_click=put).props("outline no-caps")

    def _open(self) -> None:
        self._editing.file = self._file.value
        self._editing.changes += 1  # its own lines are to be marked
        self._editor.show(self._editing.file, self._editing.shown, self._editing.before)

    def _go(self, file: str, line: int, column: int) -> None:
        if file in self._editing.opened and file != self._editing.file:
            self._file.set_value(file)
        self._editor.go(line, column)

    def _show_again(self) -> None:
        """Show the files as they are now in `editing`."""
        names = {name: Path(name).name for name in self._editing.opened}
        self._file.set_options(names, value=self._editing.file)
        self._file.set_visibility(len(names) > 1)
        self._editor.show(self._editing.file, self._editing.shown, self._editing.before)
        self._tell_unsaved()

    async def _save(self) -> None:
        await told(lambda: self._saving.ask(self._findings.failed))

    async def _after_save(self, saved: Edited) -> None:
        self._editing.was_saved(saved)
        self._show_again()
        self.versions.live.again()

    def _ask_drop(self) -> None:
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
            ui.label(self._words("drop_really"))

            async def drop() -> None:
                dialog.close()
                await told(self._hands.take)

            with ui.element("div").classes("dialog-buttons"):
                ui.button(self._words("cancel"), on_click=dialog.close).props("flat no-caps")
                ui.button(self._words("drop"), on_click=drop).props("unelevated no-caps")
        dialog.on("hide", dialog.delete)
