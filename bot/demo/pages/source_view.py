"""Draws the source of the flow with the lines that took part in a decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nicegui import ui

from bot.console.words import Words
from bot.demo.books import Acting

_TO_MARK: Final = """
(() => { const box = getHtmlElement(%d); if (!box) return;
  const mark = box.querySelector('.is-taken') || box.querySelector('.is-passed');
  if (mark) box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - 60; })()
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines that are drawn as one: a line that acted, or all between two of those."""

    text: str
    acting: Acting | None


def pieces(text: str, acting: Sequence[Acting]) -> Iterator[Piece]:
    """Cut a file, each line with its number before it, where lines acted. The rule taken wins a line."""
    lines = [f"{number:>4}  {line}" for number, line in enumerate(text.splitlines(), 1)]
    by_line = {one.line: one for one in sorted(acting, key=lambda one: one.took)}
    begin = 0
    for number in sorted(by_line):
        if not 0 < number <= len(lines):
            continue
        if number - 1 > begin:
            yield Piece("\n".join(lines[begin : number - 1]), None)
        yield Piece(lines[number - 1], by_line[number])
        begin = number
    if begin < len(lines):
        yield Piece("\n".join(lines[begin:]), None)


class SourceView:
    """The files that acted, or the flow file where none did."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._shown: tuple[Mapping[str, str], Sequence[Acting]] | None = None
        self._place = ui.element("div")

    def show(self, files: Mapping[str, str], acting: Sequence[Acting]) -> None:
        """Show these lines of `files`: name -> text, the flow file first."""
        if (files, acting) == self._shown:
            return
        self._shown = files, acting
        names = dict.fromkeys(one.file for one in acting if one.file in files) or dict.fromkeys([*files][:1])
        self._place.clear()
        with self._place:
            for name in names:
                self._file(name, files[name], [one for one in acting if one.file == name])

    def _file(self, name: str, text: str, acting: Sequence[Acting]) -> None:
        ui.label(self._words("source", file=name)).classes("section").props('role="heading" aria-level="3"')
        with ui.element("div").classes("pocket-source").props('tabindex="0"') as box:
            box.props["aria-label"] = self._words("source", file=name)
            for piece in pieces(text, acting):
                self._piece(piece)
        ui.run_javascript(_TO_MARK % box.id)

    def _piece(self, piece: Piece) -> None:
        if piece.acting is None:
            ui.label(piece.text)
            return
        took = piece.acting.took
        with ui.element("div").classes("is-taken" if took else "is-passed"):
            ui.label(piece.text)
            why = self._words("took" if took else "passed")
            ui.label(f"{why}: {piece.acting.because}" if piece.acting.because else why).classes("pocket-why")
