"""Checks what is edited whenever the person rests, and then tries it, as long as it stays as it is."""

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import Final

from nicegui import background_tasks, ui

from bot.console.context import Console
from bot.console.flow.editing import Editing
from bot.console.flow.editor import Editor
from bot.console.flow.findings import Findings
from bot.console.flow.flow_server import WHAT
from bot.console.flow.workbench import Workbench
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.people import Role
from storage.database.errors import StorageError

_RESTS: Final = 0.5
"""Seconds without a change after which the text is checked."""
_LOOK_EVERY: Final = 0.1
SEARCHES: Final = 5.0
"""Seconds for which it is searched what may go wrong."""


class Trying:
    """Checks and tries in one open page. Create it within the page."""

    def __init__(
        self,
        console: Console,
        visit: Visit,
        benches: tuple[Workbench, Workbench],
        scenarios: str,
        editing: Editing,
        editor: Editor,
        findings: Findings,
    ) -> None:
        """Check on the first of `benches` and try on the second, with the written chats in a folder."""
        self._console, self._visit = console, visit
        self._checks, self._trials = benches
        self._scenarios = scenarios
        self._editing, self._editor, self._findings = editing, editor, findings
        self._noticed, self._since, self._checked = -1, 0.0, -1
        self._trial: asyncio.Task[None] | None = None
        ui.timer(_LOOK_EVERY, self._look)
        ui.context.client.on_delete(self._stop)

    async def _look(self) -> None:
        changes = self._editing.changes
        if changes != self._noticed:
            first = self._noticed < 0
            self._noticed, self._since = changes, monotonic()
            self._stop()
            self._findings.checking()
            if not first:
                return
        if changes == self._checked or (changes and monotonic() < self._since + _RESTS):
            return
        self._checked = changes
        await self._check(changes)

    async def _check(self, changes: int) -> None:
        try:
            await self._console.allow(self._visit, Role.OWNER, WHAT)
            found = await self._checks.one("check", texts=dict(self._editing.now.texts))
        except NotDone as refused:
            self._findings.cannot(str(refused))
            return
        except StorageError as error:
            self._findings.cannot(self._visit.words("no_books", why=str(error)))
            return
        if changes != self._editing.changes:
            return  # it is of a text that is gone
        self._findings.show(found, self._editing.file)
        self._editor.mark(one for one in found["issues"] if one["file"] == self._editing.file)
        if found["version"]:
            self._trial = background_tasks.create(self._try(), name="trial of a flow")

    async def _try(self) -> None:
        given = {"texts": dict(self._editing.now.texts), "scenarios": self._scenarios, "seconds": SEARCHES}
        try:
            async with aclosing(self._trials.answers("try", **given)) as found:
                async for answer in found:
                    self._findings.tried(answer, self._scenarios)
        except NotDone as refused:
            self._findings.cannot(str(refused))

    def _stop(self) -> None:
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None
