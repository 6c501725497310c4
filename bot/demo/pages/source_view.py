"""Draws the source of the flow with the lines that took part in a decision."""

from collections.abc import Mapping, Sequence
from typing import Final

from nicegui import ui

from bot.console.words import Words
from bot.demo.books import Acting

_TO_MARK: Final = """
(() => { const box = getHtmlElement(%d); if (!box) return;
  const mark = box.querySelector('.is-taken') || box.querySelector('.is-passed');
  if (mark) box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - 60; })()
"""
_LINE: Final = 20
"""Height of a line in the style sheet, in whole pixels: parts of one add up over a thousand lines."""


def numbered(text: str) -> str:
    """Return a text with the number of each line before it."""
    return "\n".join(f"    {number:>4}  {line}" for number, line in enumerate(text.splitlines(), 1))


def marks(acting: Sequence[Acting]) -> dict[int, bool]:
    """Return the lines that acted: number -> whether its rule was taken. A line may have several rules."""
    return {one.line: one.took for one in sorted(acting, key=lambda one: one.took)}


class _File:
    """One drawn file. Its text is long: it is sent once, and the marks are laid over it."""

    def __init__(self, words: Words, name: str, text: str) -> None:
        self._words, self.text = words, text
        title = words("source", file=name)
        with ui.element("div") as self.root:
            ui.label(title).classes("section").props('role="heading" aria-level="3"')
            with ui.element("div").classes("pocket-source").props('tabindex="0"') as self._box:
                self._box.props["aria-label"] = title
                with ui.element("div").classes("pocket-source-lines"):
                    self._marks = ui.element("div")
                    ui.label(numbered(text))
        self._marked: dict[int, bool] = {}

    def mark(self, lines: dict[int, bool]) -> None:
        """Mark these lines, and no others."""
        if lines == self._marked:
            return
        self._marked = lines
        self._marks.clear()
        with self._marks:
            for line, took in lines.items():
                name = self._words("took" if took else "passed")
                mark = ui.element("div").classes("is-taken" if took else "is-passed")
                mark.style(f"top: {(line - 1) * _LINE}px")
                mark.props["role"], mark.props["aria-label"] = "img", f"{line}: {name}"
                mark.props["title"] = name
        ui.run_javascript(_TO_MARK % self._box.id)


class SourceView:
    """The files that acted, or the flow file where none did."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._files: dict[str, _File] = {}
        self._place = ui.element("div")

    def show(self, files: Mapping[str, str], acting: Sequence[Acting]) -> None:
        """Show these lines of `files`: name -> text, the flow file first."""
        if any(files.get(name) != drawn.text for name, drawn in self._files.items()):
            self._files.clear()
            self._place.clear()
        names = {one.file for one in acting if one.file in files} or {next(iter(files))}
        with self._place:
            for name in sorted(names - self._files.keys()):
                self._files[name] = _File(self._words, name, files[name])
        for name, drawn in self._files.items():
            drawn.root.set_visibility(name in names)
            drawn.mark(marks([one for one in acting if one.file == name]))
