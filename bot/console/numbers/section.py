"""One part of the page: its heading, its chart, its table, and the way to the table as CSV."""

from typing import Final
from urllib.parse import urlencode

from nicegui import ui

from bot.console.numbers.as_csv import PATH
from bot.console.numbers.charts import by_day, grid
from bot.console.numbers.period import address
from bot.console.numbers.tables import Name, Table
from bot.console.words import Words
from storage.reports.numbers import Days

FOLDED: Final = frozenset({Name.REVENUE, Name.REPLIES})
"""The tables that stand folded under a chart."""


class Section:
    """It is drawn again only if its table differs; what is folded out stays so."""

    def __init__(self, name: Name, words: Words, base: str) -> None:
        self._name, self._words, self._base = name, words, base
        self._shown: tuple[Table, Days] | None = None
        self._unfolded = name not in FOLDED
        with ui.element("section").classes("numbers-part") as section:
            section.props(f'aria-label="{words(name)}" data-numbers="{name}"')
            with ui.element("div").classes("numbers-head"):
                ui.label(words(name)).classes("section").props('role="heading" aria-level="2"')
                self._link = ui.element("a").classes("plain no-print")
                self._link.props["aria-label"] = f"{words('csv')}: {words(name)}"
                with self._link:
                    ui.label(words("csv"))
            ui.label(words(f"{name}_hint")).classes("quiet")
            self._nothing = ui.label(words("none")).classes("numbers-none")
            self._chart = ui.element("div")
            self._grid = self._folded() if name in FOLDED else ui.element("div").classes("numbers-grid")

    def _folded(self) -> ui.element:
        with ui.element("details").classes("numbers-folded") as self._details:
            with ui.element("summary"):
                ui.label(self._words("as_table"))
            grid_of_days = ui.element("div").classes("numbers-grid")
        self._details.on("toggle", self._unfold)
        return grid_of_days

    def _unfold(self) -> None:
        """Draw the table when it is first asked for: that of a year takes a browser seconds."""
        if not self._unfolded:
            self._unfolded = True
            self._draw_grid()

    def _draw_grid(self) -> None:
        self._grid.clear()
        if self._unfolded and self._shown is not None:
            with self._grid:
                grid(self._shown[0], self._words)

    def show(self, found: Table, days: Days) -> None:
        """Show this table."""
        if self._shown == (found, days):
            return
        self._shown = found, days
        self._link.props["href"] = f"{self._base}{PATH}?{urlencode({'of': self._name, **address(days)})}"
        self._nothing.set_visibility(not found.rows)
        self._chart.clear()
        self._draw_grid()
        for part in (self._link, self._chart, self._details if self._name in FOLDED else self._grid):
            part.set_visibility(bool(found.rows))
        if found.rows and found.by_day:
            with self._chart:
                by_day(found, days, self._words)
