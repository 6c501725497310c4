"""Draws what was found in the flow beside its editor: mistakes at their lines, chats, what may go wrong."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nicegui import ui

from bot.console.flow.words import FLOW
from bot.console.frame import empty
from bot.console.visit import Visit

Go = Callable[[str, int, int], None]
"""Puts the cursor into a file, at a line and a column."""


class Findings:
    """What was found at the last check. Create it within the page."""

    def __init__(self, visit: Visit, go: Go) -> None:
        self._words = visit.words.of(FLOW)
        self._go = go
        self.failed = 0
        """Written chats that failed."""
        self._played = 0
        self._all = 0
        with ui.element("section").classes("flow-findings").props('aria-live="polite"'):
            self._heading("findings")
            self._verdict = ui.label().classes("quiet")
            self._issues = ui.element("ul").classes("flow-issues")
            self._heading("chats_head")
            self._chats = ui.label(self._words("chats_wait")).classes("quiet")
            self._failures = ui.element("div")
            self._heading("search_head")
            self._search = ui.label().classes("quiet")
            self._wrong = ui.element("div")

    def _heading(self, key: str) -> None:
        ui.label(self._words(key)).classes("section").props('role="heading" aria-level="2"')

    def checking(self) -> None:
        """Say that it is being checked."""
        self._verdict.set_text(self._words("checking"))
        self._verdict.classes(remove="done task")

    def cannot(self, why: str) -> None:
        """Say why it could not be checked."""
        self._verdict.set_text(why)
        self._verdict.classes(add="task", remove="done")

    def show(self, checked: Mapping[str, Any], shown: str) -> None:
        """Show what the check has found. `shown` is the file in the editor."""
        issues = checked["issues"]
        errors = sum(1 for one in issues if one["severity"] == "error") + checked["more"]
        said = self._words("mistakes", errors=errors, warnings=len(issues) + checked["more"] - errors)
        self._verdict.set_text(said if issues else self._words("sound"))
        sound = bool(checked["version"])
        self._verdict.classes(add="done" if sound else "task", remove="task" if sound else "done")
        self._issues.clear()
        with self._issues:
            for issue in issues:
                self._issue(issue, shown)
            if checked["more"]:
                self._line(self._words("more_mistakes", count=checked["more"]))
            if not checked["whole"]:
                self._line(self._words("not_whole"))
        self._start_over()

    def _line(self, text: str) -> None:
        with ui.element("li"):
            ui.label(text).classes("quiet")

    def _issue(self, issue: Mapping[str, Any], shown: str) -> None:
        file, line = issue["file"], issue["line"]
        place = self._words("line" if file == shown else "line_in", line=line, file=Path(file).name)
        with ui.element("li").classes(f"flow-issue flow-is-{issue['severity']}"):
            button = ui.element("button").classes("plain").props('type="button"')
            button.on("click", partial(self._go, file, line, issue["column"]))
            with button:
                ui.label(place)
            ui.label(self._words(issue["severity"])).classes("flow-severity")
            ui.label(issue["message"])
            if issue["mend"]:
                ui.label(issue["mend"]).classes("quiet")

    def _start_over(self) -> None:
        self._played = self._all = self.failed = 0
        self._failures.clear()
        self._wrong.clear()
        self._chats.set_text(self._words("chats_wait"))
        self._search.set_text("")
        for label in (self._chats, self._search):
            label.classes(remove="done task")

    def tried(self, answer: Mapping[str, Any], folder: str) -> None:
        """Show one answer of the trials."""
        if "chats" in answer:
            self._all = answer["chats"]
            if not self._all:
                self._chats.set_text("")
                with self._failures:
                    empty(self._words("no_chats", folder=folder), self._words("no_chats_then"))
        elif "chat" in answer:
            self._chat(answer)
        elif "searching" in answer:
            self._search.set_text(self._words("searching", seconds=round(answer["searching"])))
        else:
            self._searched(answer)

    def _chat(self, answer: Mapping[str, Any]) -> None:
        self._played += 1
        if not answer["passed"]:
            self.failed += 1
            self._told(self._failures, answer["chat"], answer["report"])
        fine = self._played == self._all and not self.failed
        key = "chats_fine" if fine else "chats_so_far"
        self._chats.set_text(self._words(key, done=self._played, all=self._all, failed=self.failed))
        self._chats.classes(add="done" if fine else "task" if self.failed else "")

    def _searched(self, answer: Mapping[str, Any]) -> None:
        wrong = answer["wrong"]
        key = "search_wrong" if wrong else "search_whole" if answer["whole"] else "search_fine"
        self._search.set_text(self._words(key, places=f"{answer['places']:,}"))
        self._search.classes(add="task" if wrong else "done")
        for chat in wrong:
            self._told(self._wrong, chat.partition("\n")[0], chat)

    def _told(self, where: ui.element, head: str, report: str) -> None:
        with where, ui.element("details").classes("flow-report"):
            with ui.element("summary"):
                ui.label(head)
            ui.label(report).classes("flow-lines")
