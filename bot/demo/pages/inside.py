"""Draws what goes on inside for one person: their state, the last decision, its lines, the money."""

from collections.abc import Callable
from typing import Final

from nicegui import ui

from bot.console.context import Console
from bot.console.frame import empty
from bot.console.live import Live
from bot.demo.books import Decision, Standing, Told
from bot.demo.pages.keeping import keep
from bot.demo.pages.scene import Scene
from bot.demo.pages.source_view import SourceView
from storage.database.records import Records

_TO_HERE: Final = """
(() => { const box = getHtmlElement(%d), here = box && box.querySelector('#here'); if (!here) return;
  const at = here.getBoundingClientRect(), view = box.getBoundingClientRect();
  box.scrollLeft += at.left - view.left - 24; box.scrollTop += at.top - view.top - 24; })()
"""


class Inside:
    """The look inside of one open page."""

    def __init__(self, console: Console, scene: Scene, chosen: Callable[[], str]) -> None:
        """`chosen` gives the phone number of the person who is looked at."""
        self._scene, self._words, self._chosen = scene, scene.words, chosen
        self._picture_of = ""
        self._decided: tuple[Decision, ...] = ()
        self._told: tuple[tuple[str, ...], tuple[Told, ...]] | None = None
        with ui.element("section").classes("pocket-inside") as root:
            self._root = root
            self._title = ui.label().classes("section").props('role="heading" aria-level="2"')
            self.live: Live[tuple[str, Standing | None]] = Live(console, scene.visit, self._read, self._draw)
            self._nothing = ui.element("div")
            with self._nothing:
                empty(self._words("not_begun"), self._words("not_begun_then"))
            self._whole = ui.element("div")
            with self._whole:
                self._parts()
        self._whole.set_visibility(False)

    def look_at(self, name: str) -> None:
        """Look at another person, whose name this is."""
        self._title.set_text(self._words("inside", name=name))
        self.live.again()

    def _parts(self) -> None:
        words = self._words
        with ui.element("div").classes("pocket-inside-head"):
            self._state = ui.label().classes("pocket-state")
            ui.button(words("keep"), icon="science", on_click=self._keep).props("outline no-caps dense")
        self._heading(words("decision"))
        self._decision = ui.element("div").classes("pocket-decision").props('role="status"')
        self._heading(words("diagram"))
        self._picture = ui.element("div").classes("pocket-picture").props('tabindex="0"')
        self._picture.props["aria-label"] = words("diagram")
        self._source = SourceView(words)
        self._heading(words("ledger"))
        self._ledger = ui.element("div").classes("pocket-ledger")

    def _heading(self, text: str) -> None:
        ui.label(text).classes("section").props('role="heading" aria-level="3"')

    async def _read(self, _: Records) -> tuple[str, Standing | None]:
        number = self._chosen()
        return number, await self._scene.stage.books.standing(number)

    def _draw(self, found: tuple[str, Standing | None]) -> None:
        number, standing = found
        if number != self._chosen():  # another phone was taken while the books were read
            self.live.again()
            return
        self._nothing.set_visibility(standing is None)
        self._whole.set_visibility(standing is not None)
        if standing is None:
            return
        self._state.set_text(self._words("state", state=standing.story.state or "–"))
        self._draw_decision(standing.decisions)
        self._draw_picture(standing)
        newest = standing.decisions[-1:]
        self._source.show(standing.source, newest[0].acting if newest else ())
        self._draw_ledger(standing.orders, standing.ledger)

    def _draw_decision(self, decisions: tuple[Decision, ...]) -> None:
        if decisions[-1:] == self._decided:
            return
        self._decided = decisions[-1:]
        self._decision.clear()
        with self._decision:
            for decision in self._decided:
                ui.label(f"{self._scene.time(decision.at)}  {decision.came}").classes("pocket-came")
                for line in decision.words:
                    ui.label(line)

    def _draw_picture(self, standing: Standing) -> None:
        picture = standing.picture
        if picture == self._picture_of:
            return
        self._picture_of = picture
        self._picture.clear()
        with self._picture:
            # Our own markup, of the flow file alone, and escaped: nothing that a customer wrote is in it.
            ui.html(picture, sanitize=False)
        ui.run_javascript(_TO_HERE % self._picture.id)

    def _draw_ledger(self, orders: tuple[str, ...], ledger: tuple[Told, ...]) -> None:
        if (orders, ledger) == self._told:
            return
        self._told = orders, ledger
        self._ledger.clear()
        with self._ledger:
            if not ledger and not orders:
                ui.label(self._words("no_ledger")).classes("quiet")
            for line in orders:
                ui.label(line).classes("pocket-stands")
            with ui.element("ol").classes("time-line"):
                for told in ledger:
                    with ui.element("li"):
                        ui.label(self._scene.time(told.at)).classes("at")
                        for line in told.words:
                            ui.label(line)

    async def _keep(self) -> None:
        await keep(self._scene, self._chosen())
