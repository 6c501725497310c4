"""The page People."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fastapi import Request
from nicegui import ui

from bot.console.context import Console
from bot.console.frame import empty, frame, visit_of
from bot.console.passwords import Passwords
from bot.console.people.changes import PeopleChanges
from bot.console.people.dialogs import ask_password, ask_person, ask_really, ask_role
from bot.console.people.words import PEOPLE
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor, Kept
from storage.accounts.people import Person, Role
from storage.database.errors import StorageError

_SHOWN: Final = 50
"""Entries of the log on one page."""


def add(console: Console, accounts: Accounts) -> None:
    """Add the page to the console."""
    passwords = Passwords()

    @ui.page("/people")
    async def people(request: Request) -> None:
        visit = visit_of(request)
        words = visit.words.of(PEOPLE)
        with frame(request, visit, "people"):
            if not visit.may(Role.OWNER):
                empty(words("owners_only"), words("owners_only_then"))
                return
            page = _PeoplePage(console, accounts, visit, PeopleChanges(console, accounts, visit, passwords))
            await page.draw()


class _PeoplePage:
    """One open page, which is drawn anew after each change."""

    def __init__(self, console: Console, accounts: Accounts, visit: Visit, changes: PeopleChanges) -> None:
        self._console, self._accounts, self._visit, self._changes = console, accounts, visit, changes
        self._words = visit.words.of(PEOPLE)
        self._before: int | None = None
        self._whole = ui.element("div")
        asks = partial(ask_person, self._words, self._add)
        with ui.element("div").classes("actions"):
            ui.button(self._words("add"), on_click=partial(self._open, asks)).props("unelevated no-caps")
        self._log = ui.element("div")
        self._dialogs = ui.element("div")
        """Stands beside what is drawn anew while a dialog is open."""

    async def draw(self) -> None:
        """Draw the people and the log as they are now."""
        if not await self._console.still(self._visit):
            ui.navigate.reload()
            return
        try:
            people = await self._accounts.people()
            kept = await self._accounts.entries(self._before, _SHOWN)
        except StorageError as error:
            self._whole.clear()
            with self._whole:
                ui.label(self._words("accounts_gone", why=error)).classes("trouble")
            return
        self._draw_people(people)
        self._draw_log(kept)

    def _draw_people(self, people: list[Person]) -> None:
        self._whole.clear()
        with self._whole, ui.element("table").classes("people"):
            _head(self._words("name"), self._words("role"), self._words("since"), self._words("can"))
            with ui.element("tbody"):
                for person in people:
                    self._draw_person(person)

    def _draw_person(self, person: Person) -> None:
        words, own = self._words, person.name == self._visit.name
        with ui.element("tr").props(f'data-person="{person.id}"'):
            name = words("you", name=person.name) if own else person.name
            _cells(name, words(f"role_{person.role}"), f"{_time(person.created_at):%d %b %Y}")
            with ui.element("td"):
                for key, ask in (
                    ("set_role", partial(ask_role, words, person.name, person.role, self._set_role)),
                    ("set_password", partial(ask_password, words, person.name, self._set_password)),
                    ("end_sessions", partial(ask_really, words, "end_sessions", person.name, self._end)),
                    ("remove", partial(ask_really, words, "remove", person.name, self._remove)),
                ):
                    ui.button(words(key), on_click=partial(self._open, ask)).props("outline no-caps")

    def _draw_log(self, kept: list[Kept]) -> None:
        words = self._words
        self._log.clear()
        with self._log:
            ui.label(words("log")).props('role="heading" aria-level="2"').classes("section")
            if not kept:
                empty(words("no_log"), words("no_log_then"))
            with ui.element("table").classes("people log"):
                _head(*(words(f"log_{key}") for key in ("when", "who", "what", "about", "result")))
                with ui.element("tbody"):
                    for one in kept:
                        entry = one.entry
                        with ui.element("tr"):
                            when = f"{_time(entry.at):%Y-%m-%d %H:%M:%S}"
                            _cells(when, self._called(entry.who), entry.what, entry.about, entry.result)
            with ui.element("div").classes("actions"):
                if self._before is not None:
                    ui.button(words("newest"), on_click=partial(self._show, None)).props("outline no-caps")
                if len(kept) == _SHOWN:
                    ui.button(words("older"), on_click=partial(self._show, kept[-1].number)).props(
                        "outline no-caps"
                    )

    def _called(self, who: Actor) -> str:
        if not who.name:
            return self._words("nobody")
        return f"{who.name} ({self._words(f'role_{who.role}') if who.role else self._words('shell')})"

    async def _show(self, before: int | None) -> None:
        self._before = before
        await self.draw()

    def _open(self, ask: Callable[[], None]) -> None:
        with self._dialogs:
            ask()

    async def _add(self, name: str, role: Role, password: str, again: str) -> bool:
        return await self._done(self._changes.add(name, role, password, again))

    async def _set_role(self, name: str, role: Role) -> bool:
        return await self._done(self._changes.set_role(name, role))

    async def _set_password(self, name: str, password: str, again: str) -> bool:
        return await self._done(self._changes.set_password(name, password, again))

    async def _end(self, name: str) -> bool:
        return await self._done(self._changes.end_sessions(name))

    async def _remove(self, name: str) -> bool:
        return await self._done(self._changes.remove(name))

    async def _done(self, work: Awaitable[None]) -> bool:
        """Do `work` and draw what is now; or say why it was not done, and return False."""
        try:
            await work
        except NotDone as refused:
            ui.notify(str(refused), type="warning", multi_line=True, close_button=True, timeout=15_000)
            return False
        await self.draw()
        return True


def _head(*names: str) -> None:
    with ui.element("thead"), ui.element("tr"):
        for name in names:
            with ui.element("th").props('scope="col"'):
                ui.label(name)


def _cells(*texts: str) -> None:
    for text in texts:
        with ui.element("td"):
            ui.label(text)


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
