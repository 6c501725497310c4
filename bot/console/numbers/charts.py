"""Charts that the browser draws as boxes: light or dark as the page is, and in print. They need no script.

What they show stands in a table too, which is what a screen reader reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from bot.console.numbers.tables import Row, Table, Unit
from bot.console.numbers.values import shown
from bot.console.words import Words
from storage.reports.numbers import Days

_BARS: Final = ("chart-bar", "chart-bar behind")


@dataclass(frozen=True, slots=True)
class Scale:
    """From the lowest value, at most 0, to the highest."""

    low: int
    high: int

    def share(self, value: int) -> float:
        """Return how much of the height `value` takes, in percent."""
        return round(abs(value) / (self.high - self.low) * 100, 2)

    def bottom(self, value: int) -> float:
        """Return where the bar of `value` begins, in percent from below: at 0, or below it at `value`."""
        return self.share(min(value, 0) - self.low)


def scale(values: Sequence[int]) -> Scale:
    """Return the scale on which all of `values` can be drawn."""
    low, high = min(0, *values), max(0, *values)
    return Scale(low, high if high > low else 1)


def by_day(found: Table, days: Days, words: Words) -> None:
    """Draw a column for each of `days`; what is drawn behind is higher and hatched."""
    series = [_of_days(found, column) for column in found.drawn]
    unit = found.columns[found.drawn[0]]
    on = scale([0, *(value for one in series for value in one.values())])
    if len(series) > 1:
        _legend(found.drawn, words)
    with ui.element("div").classes("chart").props('role="img"') as chart:
        chart.props["aria-label"] = words("chart", name=words(found.name), most=shown(unit, on.high, words))
        ui.label(shown(unit, on.high, words)).classes("chart-most")
        length = (days.last - days.first).days + 1
        with ui.element("div").classes("chart-scroll"), ui.element("div").style(f"min-width: {3 * length}px"):
            with ui.element("div").classes("chart-plot").style(f"--zero: {on.bottom(0)}%"):
                for n in range(length):
                    _day(found, days.first + timedelta(days=n), series, on, words)
            with ui.element("div").classes("chart-days"):
                for day in dict.fromkeys((days.first, days.first + (days.last - days.first) / 2, days.last)):
                    ui.label(shown(Unit.DAY, day, words))


def _day(found: Table, day: date, series: Sequence[Mapping[date, int]], on: Scale, words: Words) -> None:
    values = [one.get(day, 0) for one in series]
    parts = zip(found.drawn, values, strict=True)
    told = ", ".join(f"{words(c)} {shown(found.columns[c], value, words)}" for c, value in parts)
    with ui.element("div").classes("chart-day") as place:
        place.props["title"] = f"{shown(Unit.DAY, day, words)}: {told}"
        for kind, value in reversed(list(zip(_BARS, values, strict=False))):
            if value:
                bar = ui.element("div").classes(kind + (" below" if value < 0 else ""))
                bar.style(f"bottom: {on.bottom(value)}%; height: {on.share(value)}%")


def _of_days(found: Table, column: str) -> Mapping[date, int]:
    days = [day for row in found.rows if isinstance(day := row[0], date)]
    return dict(zip(days, found.values(column), strict=True))


def _legend(columns: Sequence[str], words: Words) -> None:
    with ui.element("div").classes("chart-legend").props('aria-hidden="true"'):
        for kind, column in zip(_BARS, columns, strict=False):
            ui.element("span").classes("chart-key " + kind.replace("chart-bar", ""))
            ui.label(words(column))


def grid(found: Table, words: Words) -> None:
    """Draw the table. A table that is not by day has its bars in its cells."""
    scales = {} if found.by_day else {column: scale([0, *found.values(column)]) for column in found.drawn}
    with ui.element("table").classes("number-table"):
        with ui.element("caption").classes("unseen"):
            ui.label(words(found.name))
        with ui.element("thead"), ui.element("tr"):
            for column, unit in found.columns.items():
                heading = TextElement(tag="th", text=words(column)).props('scope="col"')
                heading.classes("" if unit in _WORDS else "amount")
        with ui.element("tbody"):
            # By days the newest comes first: it is what people look for.
            for row in reversed(found.rows) if found.by_day else found.rows:
                _row(found, row, scales, words)


_WORDS: Final = (Unit.TEXT, Unit.KEY, Unit.DAY)


def _row(found: Table, row: Row, scales: Mapping[str, Scale], words: Words) -> None:
    with ui.element("tr"):
        for place, ((column, unit), value) in enumerate(zip(found.columns.items(), row, strict=True)):
            text = shown(unit, value, words)
            if not place:
                TextElement(tag="th", text=text).props('scope="row"')
            elif column in scales and isinstance(value, int):
                with ui.element("td").classes("amount with-bar"):
                    ui.label(text)
                    if value:
                        share = scales[column].share(value)
                        ui.element("div").classes("bar").style(f"width: {share}%").props('aria-hidden="true"')
            else:
                TextElement(tag="td", text=text).classes("" if unit in _WORDS else "amount")
