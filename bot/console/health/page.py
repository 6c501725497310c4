"""The page Health. What the books say is shown as it changes; providers are asked once a minute at most."""

from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import Request
from nicegui import ui

from bot.console.context import Console
from bot.console.frame import empty, frame, told, visit_of
from bot.console.health.changes import Change, HealthChanges
from bot.console.health.checkup import Checkup, Report
from bot.console.health.drawing import draw_light, draw_waiting, section
from bot.console.health.lights import Level, Light, of_finding
from bot.console.health.standing import Standing, read
from bot.console.health.words import HEALTH
from bot.console.live import Live
from bot.console.once import Once
from bot.console.visit import Visit
from storage.accounts.people import Role
from storage.database.records import Records

_LOOK_EVERY: Final = 5.0
"""Seconds between two looks at whether the server answers, and at events that wait."""


def add(console: Console) -> None:
    """Add the page to the console."""
    checkup = Checkup(console)

    @ui.page("/health")
    def health(request: Request) -> None:
        visit = visit_of(request)
        with frame(request, visit, "health"):
            _HealthPage(console, visit, checkup).start()


class _HealthPage:
    """One open page."""

    def __init__(self, console: Console, visit: Visit, checkup: Checkup) -> None:
        self._console, self._visit, self._checkup = console, visit, checkup
        self._words = visit.words.of(HEALTH)
        self._changes, self._once = HealthChanges(console, visit), Once()
        self._standing: Standing | None = None
        self._report: Report | None = None
        self._server: Light | None = None
        self._silent = ui.element("div").props('role="alert"')
        self._broken = ui.label().classes("trouble")
        self._broken.set_visibility(False)
        self._nothing = ui.element("div")
        with self._nothing:
            empty(self._words("nothing_needs"), self._words("nothing_needs_then"))
        self._nothing.set_visibility(False)
        self._live: Live[Standing] = Live(console, visit, self._read, self._draw)
        self._needs, self._books = ui.element("div"), ui.element("div")
        section(self._words("checks"))
        with ui.element("div").classes("actions"):
            self._at = ui.label(self._words("checking")).classes("quiet")
            ui.button(self._words("look_again"), on_click=self._look_again).props("outline no-caps")
        self._checks = ui.element("ul").classes("lights")

    def start(self) -> None:
        """Show what the books say at once, and what the checks find as soon as they have."""
        self._live.start()
        ui.timer(_LOOK_EVERY, self._ask_server)
        ui.timer(0.1, self._look, once=True)

    async def _read(self, records: Records) -> Standing:
        return await read(records, self._console.shop, self._words, self._console.clock.now())

    async def _ask_server(self) -> None:
        light = of_finding(await self._checkup.ready.recent())
        self._live.again()  # events grow older though nobody writes anything
        if light == self._server:
            return
        self._server = light
        self._silent.clear()
        if light.level is not Level.FINE:
            with self._silent:
                ui.label(f"{self._words('server_silent')} {light.said}").classes("trouble")
                ui.label(self._words("server_start")).classes("quiet")
        self._say_whether_anything_waits()

    async def _look(self) -> None:
        self._draw_report(await self._checkup.report.recent())

    async def _look_again(self) -> None:
        await self._once.do("look", partial(told, self._check_again))

    async def _check_again(self) -> None:
        await self._console.allow(self._visit, Role.VIEWER, "look again")
        self._at.set_text(self._words("checking"))
        self._draw_report(await self._checkup.report.now())

    def _draw_report(self, report: Report) -> None:
        self._report = report
        self._draw_time()
        self._checks.clear()
        with self._checks:
            for finding in sorted(
                report.seen_by(self._visit), key=lambda one: (one.well is True, one.well is None)
            ):
                draw_light(self._words, of_finding(finding))
        self._say_whether_anything_waits()

    def _draw_time(self) -> None:
        if self._report and self._standing:
            self._at.set_text(self._words("looked_at", time=self._standing.time(self._report.at)))

    def _draw(self, standing: Standing) -> None:
        if standing == self._standing:
            return
        self._standing = standing
        self._draw_needs(standing)
        self._books.clear()
        with self._books:
            section(self._words("books_lights"))
            with ui.element("ul").classes("lights"):
                for light in standing.lights:
                    draw_light(self._words, light)
            versions = {"program": version("munshi"), "flow": standing.serving or "–"}
            ui.label(self._words("versions", **versions)).classes("quiet")
        self._draw_time()
        self._say_whether_anything_waits()

    def _draw_needs(self, standing: Standing) -> None:
        words, may = self._words, self._visit.may(Role.STAFF)
        self._needs.clear()
        with self._needs:
            if not standing.money.well:
                section(words("money_list"))
                ui.label(f"{standing.money.said}\n{standing.money.mend}").classes("task as-written")
            if standing.notices:
                section(words("notice_list"))
            for one in standing.notices:
                press = partial(self._press, self._changes.seen, one.number)
                draw_waiting(one, standing, words("seen"), press if may else None)
            if standing.more_notices:
                ui.label(words("more", count=standing.more_notices)).classes("quiet")
            if standing.parked:
                section(words("parked_list"))
                ui.label(words("parked_do")).classes("quiet")
            for one in standing.parked:
                press = partial(self._press, self._changes.replay, one.number)
                draw_waiting(one, standing, words("replay"), press if may else None)
            if standing.more_parked:
                ui.label(words("more", count=standing.more_parked)).classes("quiet")

    async def _press(self, change: Change, number: int) -> None:
        await self._once.do((change, number), partial(told, partial(change, number)))
        self._live.again()

    def _say_whether_anything_waits(self) -> None:
        standing, report, server = self._standing, self._report, self._server
        lights = [
            *(standing.lights if standing else ()),
            *(map(of_finding, report.seen_by(self._visit)) if report else ()),
        ]
        broken = [light.name for light in lights if light.level is Level.BROKEN]
        self._broken.set_text(self._words("broken", names=", ".join(dict.fromkeys(broken))))
        self._broken.set_visibility(bool(broken))
        answers = server is not None and server.level is Level.FINE
        known = standing is not None and not standing.waits and report is not None
        self._nothing.set_visibility(known and answers and not broken)
