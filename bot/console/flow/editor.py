"""The editor of the flow in the browser: marks lines, moves its cursor, offers what may be written."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from bot.console.flow.completion import Node, words_at
from bot.flow_docs.schema import schema
from flows.document.reader import MAX_BYTES

_SCRIPT: Final = files("bot.console.flow").joinpath("editor.js")
_MOST_WORDS: Final = 80
_LONGEST: Final = 1_000
"""Characters of a line before the cursor. Of a longer one the browser asks nothing."""
_MOST_LINES: Final = MAX_BYTES
_MOST_QUESTIONS: Final = 2**31


@dataclass(frozen=True, slots=True)
class Asked:
    """What the editor asks: the words that may stand at a place."""

    number: int
    """Of the question."""
    line: int
    """Counted from 1."""
    before: str
    """What stands before the cursor in that line."""


def asked_for(given: object) -> Asked | None:
    """Return what a browser asks; None if our editor would never ask it."""
    if not isinstance(given, dict):
        return None
    number, line, before = (given.get(key) for key in ("number", "line", "before"))
    if type(number) is not int or type(line) is not int or not isinstance(before, str):
        return None
    # A hostile text of many braces would be looked at for minutes.
    if not 1 <= line <= _MOST_LINES or not 0 <= number <= _MOST_QUESTIONS or len(before) > _LONGEST:
        return None
    return Asked(number, line, before)


def add_script() -> None:
    """Add to the page what its editors need in the browser."""
    ui.add_head_html(f"<script>{_SCRIPT.read_text('utf-8')}</script>")


class Editor:
    """The one editor of a page. Create it within the page."""

    def __init__(
        self,
        file: str,
        text: str,
        label: str,
        *,
        changed: Callable[[str], None],
        too_large: Callable[[], None],
        save: Callable[[], Any],
        draft: Callable[[bool], None],
    ) -> None:
        """Show `text`, which is in `file`. `changed` is called with the text at each change, and
        `save` at Ctrl-S.

        `draft` is called if the browser has kept what was not saved: with whether that was written upon this
        same text, and so is in the editor again.
        """
        self._label = label
        self._code = ui.codemirror(
            text,
            language="YAML",
            indent="  ",
            line_wrapping=True,
            on_change=lambda event: changed(event.value),
        ).classes("flow-editor")
        self._code.map_key("Mod-s", save)
        ui.on("flow_words", self._offer)
        ui.on("flow_too_large", too_large)
        ui.on("flow_draft", lambda event: draft(bool(event.args["same"])))
        _run("start", self._code.id, label, MAX_BYTES, file)

    def show(self, file: str, text: str, opened: str) -> None:
        """Show another text, which was made of `opened` in `file`. It is no change of the person's."""
        self._code.set_value(text)
        _run("show", file, opened)

    def put_draft(self) -> None:
        """Put what the browser has kept in the place of what is shown, as a change of the person's."""
        _run("putDraft")

    def mark(self, issues: Iterable[Mapping[str, Any]]) -> None:
        """Mark the lines of `issues`, each with what is wrong there, and no others."""
        said: dict[int, list[str]] = {}
        worst: dict[int, str] = {}
        for one in issues:
            said.setdefault(one["line"], []).append(one["message"])
            worst[one["line"]] = min(worst.get(one["line"], one["severity"]), one["severity"])
        lines = [
            {"line": line, "severity": worst[line], "says": "\n".join(texts)} for line, texts in said.items()
        ]
        _run("mark", lines)

    def go(self, line: int, column: int) -> None:
        """Put the cursor there, and the keyboard into the editor."""
        _run("go", line, column)

    def unsaved(self, now: bool) -> None:
        """Have the browser ask before the page is left, or not."""
        _run("unsaved", now)

    def _offer(self, event: GenericEventArguments) -> None:
        if (asked := asked_for(event.args)) is None:
            return
        written, words = words_at(_schema(), self._code.value, asked.line, asked.before)
        offered = [{"word": one.word, "says": one.says, "is_key": one.is_key} for one in words[:_MOST_WORDS]]
        _run("offer", asked.number, written, offered)


class ReadOnly:
    """The text of a flow for those who may not change it. It asks nothing of this program."""

    def __init__(self, text: str, label: str) -> None:
        code = ui.codemirror(text, language="YAML", indent="  ", line_wrapping=True).classes("flow-editor")
        code.disable()
        _run("dress", code.id, label)


class Reader:
    """Shows lines that cannot be edited, as a difference. Create it within the page."""

    def __init__(self, lines: Iterable[str], label: str) -> None:
        code = ui.codemirror("\n".join(lines), language="diff").classes("flow-difference")
        code.disable()
        _run("dress", code.id, label)


@cache
def _schema() -> Node:
    return schema()


def _run(function: str, *given: Any) -> None:
    # What is in a script must not end it, nor a line of it.
    written = ", ".join(json.dumps(one).replace("<", "\\u003c") for one in given)
    ui.run_javascript(f"munshiFlow.{function}({written})")
