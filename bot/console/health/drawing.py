"""Draws lights, and what waits for a person."""

from collections.abc import Awaitable, Callable
from typing import Final

from nicegui import ui

from bot.console.health.lights import Level, Light
from bot.console.health.standing import Standing, Waiting
from bot.console.words import Words

_ICONS: Final = {Level.FINE: "check_circle", Level.LOOK: "visibility", Level.BROKEN: "error"}


def section(title: str) -> None:
    """Draw the heading of a section."""
    ui.label(title).props('role="heading" aria-level="2"').classes("section")


def draw_light(words: Words, light: Light) -> None:
    """Draw a light: its word beside its colour, what was found, and what to do."""
    with ui.element("li").classes(f"light is-{light.level}"):
        with ui.element("div").classes("level"):
            ui.icon(_ICONS[light.level]).props('aria-hidden="true"')
            ui.label(words(f"level_{light.level}"))
        with ui.element("div").classes("found"):
            ui.label(light.name).classes("light-name")
            ui.label(light.said).classes("as-written")
            if light.mend:
                ui.label(words("what_to_do", what=light.mend)).classes("as-written quiet")


def draw_waiting(
    one: Waiting, standing: Standing, button: str, press: Callable[[], Awaitable[None]] | None
) -> None:
    """Draw a notice or an event, with its button if the person may press it."""
    with ui.element("article").classes("waiting"):
        with ui.element("div").classes("found"):
            ui.label(f"{one.number} · {one.about}").classes("light-name")
            ui.label(one.said).classes("as-written")
            if one.at is not None:
                ui.label(standing.time(one.at)).classes("at")
        if press is not None:
            ui.button(button, on_click=press).props("outline no-caps")
