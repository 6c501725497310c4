"""The page of the shop's numbers."""

from datetime import date, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request
from nicegui import ui

from bot.console.context import Console
from bot.console.frame import base_of, empty, frame, visit_of
from bot.console.live import Live
from bot.console.numbers.period import LENGTHS, address, last_days, length_of
from bot.console.numbers.section import Section
from bot.console.numbers.shop_numbers import ShopNumbers, read
from bot.console.numbers.tables import Name, Unit, table
from bot.console.numbers.values import shown
from bot.console.numbers.words import NUMBERS
from bot.console.visit import Visit
from storage.database.records import Records
from storage.reports.numbers import Days

_PATH: Final = "/numbers"
_REST: Final = 10.0
"""Seconds between two looks: the numbers are counted once a minute."""


def add(console: Console) -> None:
    """Add the page to the console."""

    @ui.page(_PATH)
    def numbers(
        request: Request,
        first: Annotated[str, Query(alias="from")] = "",
        last: Annotated[str, Query(alias="to")] = "",
    ) -> None:
        visit = visit_of(request)
        with frame(request, visit, "numbers"):
            _NumbersPage(console, visit, base_of(request), (first, last)).live.start()


class _NumbersPage:
    """One open page."""

    def __init__(self, console: Console, visit: Visit, base: str, asked: tuple[str, str]) -> None:
        self._console, self._base, self._asked = console, base, asked
        self._words = visit.words.of(NUMBERS)
        self._period = ui.element("div").classes("numbers-period no-print")
        self._drawn: tuple[Days, date] | None = None
        self._late = ui.label().classes("trouble")
        self._nothing = ui.element("div")
        with self._nothing:
            empty(self._words("no_numbers"), self._words("no_numbers_then"))
        self._tiles = ui.element("dl").classes("tiles")
        self._parts = ui.element("div").classes("numbers-parts")
        with self._parts:
            self._sections = {name: Section(name, self._words, base) for name in Name}
        for hidden in (self._late, self._nothing, self._tiles, self._parts):
            hidden.set_visibility(False)
        self.live: Live[ShopNumbers] = Live(console, visit, self._read, self._draw, _REST)

    async def _read(self, records: Records) -> ShopNumbers:
        flow = await self._console.shop.flow(records)
        return await read(records, flow, self._asked, self._words.language, self._console.clock.now())

    def _draw(self, found: ShopNumbers) -> None:
        if self._drawn != (found.days, found.today):
            self._drawn = found.days, found.today
            self._choose(found.days, found.today)
        if found.late is not None:
            since = datetime.fromtimestamp(found.late / 1000, found.timezone)
            self._late.set_text(self._words("late", since=f"{since:%d %b, %H:%M}"))
        self._late.set_visibility(found.late is not None)
        self._nothing.set_visibility(not found.any)
        self._tiles.set_visibility(found.any)
        self._parts.set_visibility(found.any)
        self._tile(found)
        for name, section in self._sections.items():
            section.show(table(name, found), found.days)

    def _choose(self, days: Days, today: date) -> None:
        """Draw the choice of days. The address has them, so that one can come back to them."""
        self._period.clear()
        with self._period:
            with ui.element("nav").classes("lengths") as lengths:
                lengths.props["aria-label"] = self._words("days")
                for length in LENGTHS:
                    self._length(length, days, today)
            with ui.element("form").props(f'method="get" action="{self._base}{_PATH}"').classes("own-days"):
                for key, day in address(days).items():
                    with ui.element("label"):
                        ui.label(self._words(key))
                        field = ui.element("input").props(f'type="date" name="{key}" required')
                        field.props(f'value="{day}" max="{today}"')
                with ui.element("button").props('type="submit"').classes("own-show"):
                    ui.label(self._words("show"))

    def _length(self, length: int, days: Days, today: date) -> None:
        with ui.element("a").classes("length") as link:
            link.props["href"] = f"{self._base}{_PATH}?{urlencode(address(last_days(length, today)))}"
            if length == length_of(days, today):
                link.props('aria-current="true"')
            ui.label(self._words("last_days", days=length))

    def _tile(self, found: ShopNumbers) -> None:
        tiles = {
            "net": (Unit.MONEY, found.revenue),
            "sold": (Unit.COUNT, found.sold),
            "average": (Unit.MONEY, found.average),
            "failed": (Unit.COUNT, found.failed),
        }
        self._tiles.clear()
        with self._tiles:
            for key, (unit, value) in tiles.items():
                with ui.element("div").classes("tile"):
                    with ui.element("dt"):
                        ui.label(self._words(key))
                    with ui.element("dd"):
                        ui.label(shown(unit, value, self._words))
