"""The page of the pocket world: phones side by side, and beside them what goes on inside."""

from functools import partial
from typing import Final

from fastapi import Request
from nicegui import ui

from bot.console.context import Console
from bot.console.frame import frame, offer_first, visit_of
from bot.console.typed import text_of
from bot.demo.handset import Handset
from bot.demo.pages.inside import Inside
from bot.demo.pages.phone_view import PhoneView
from bot.demo.pages.scene import Scene, tried
from bot.demo.pages.stage_bar import StageBar
from bot.demo.stage import Stage

PATH: Final = "/pocket"
_LOOK_EVERY: Final = 0.1
_LONGEST: Final = 60
"""Characters of a name."""


def add(stage: Stage, console: Console) -> None:
    """Add the page to a console, as the first that it offers."""
    offer_first("pocket", PATH, "smartphone")
    _set(stage)

    @ui.page(PATH)
    def pocket(request: Request) -> None:
        visit = visit_of(request)
        with frame(request, visit, "pocket"):
            _PocketPage(console, Scene(stage, visit)).start()


def _set(stage: Stage) -> None:
    """Put the first customer's phone on the stage, and those of the people who run the shop."""
    _ = stage.customer, stage.staff


class _PocketPage:
    """One open page."""

    def __init__(self, console: Console, scene: Scene) -> None:
        self._scene, self._stage, self._words = scene, scene.stage, scene.words
        self._chosen = self._stage.customer.number
        self._views: dict[str, PhoneView] = {}
        self._tabs: dict[str, ui.button] = {}
        self._customers = 0
        self._bar = StageBar(scene)
        with ui.element("div").classes("pocket-tabs").props('role="tablist"') as self._tab_row:
            self._tab_row.props["aria-label"] = self._words("phones")
        with ui.element("div").classes("pocket"):
            self._phones = ui.element("div").classes("pocket-phones")
            self._inside = Inside(console, scene, lambda: self._chosen)
        with self._tab_row:
            self._newcomer_button()
        self._look_at_phones()
        self._choose(self._chosen)

    def start(self) -> None:
        """Keep the page equal to the stage while it is open."""
        self._inside.live.start()
        ui.timer(_LOOK_EVERY, self._look)

    async def _look(self) -> None:
        self._bar.show()
        self._look_at_phones()
        for view in self._views.values():
            view.show()
        await self._views[self._chosen].read()

    def _look_at_phones(self) -> None:
        """Draw the phones that are new: customers first, then those who run the shop."""
        staff = {member.phone.removeprefix("+") for member in self._stage.members}
        for number in [number for number in self._stage.phones if number not in self._views]:
            if number in staff:
                self._add(self._stage.phones[number], "staff", len(self._views))
            else:
                self._add(self._stage.phones[number], "customer", self._customers)
                self._customers += 1

    def _add(self, handset: Handset, role: str, place: int) -> None:
        with self._phones:
            view = PhoneView(self._scene, handset, self._words(role), self._choose)
        with self._tab_row:
            tab = ui.button(handset.name, on_click=partial(self._choose, handset.number))
            tab.props('flat no-caps dense role="tab"').classes("pocket-tab")
        view.root.move(target_index=place)
        tab.move(target_index=place)
        self._views[handset.number], self._tabs[handset.number] = view, tab
        self._mark()

    def _choose(self, number: str) -> None:
        """Take a phone into the hand, and look inside for its owner."""
        self._chosen = number
        self._inside.look_at(self._stage.phones[number].name)
        self._mark()

    def _mark(self) -> None:
        for number, view in self._views.items():
            is_chosen = number == self._chosen
            view.root.classes(add="is-chosen" if is_chosen else "", remove="" if is_chosen else "is-chosen")
            self._tabs[number].props["aria-selected"] = "true" if is_chosen else "false"

    def _newcomer_button(self) -> None:
        words = self._words
        with ui.dialog() as sheet, ui.card().classes("dialog"):
            name = ui.input(words("newcomer_name")).props(f"outlined dense maxlength={_LONGEST}")

            async def add() -> None:
                async def come() -> None:
                    self._come(text_of(name.value, _LONGEST))

                if await tried(come):
                    name.set_value("")
                    sheet.close()

            name.on("keydown.enter", add)
            with ui.element("div").classes("dialog-buttons"):
                ui.button(words("cancel"), on_click=sheet.close).props("flat no-caps")
                ui.button(words("add"), on_click=add).props("unelevated no-caps")
        ui.button(words("newcomer"), icon="person_add", on_click=sheet.open).props("outline no-caps dense")

    def _come(self, name: str) -> None:
        newcomer = self._stage.newcomer(name)
        self._look_at_phones()
        self._choose(newcomer.number)
