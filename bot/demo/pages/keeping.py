"""Keeps a chat as a scenario: a test that `munshi test` plays."""

import re
from pathlib import Path
from typing import Final

from nicegui import ui

from bot.console.typed import text_of
from bot.demo.pages.scene import Scene
from bot.scenario_files import own_scenarios

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


class NotKept(Exception):
    """The scenario was not saved. Its arguments: the key of the text that says why, and its values."""


def write(folder: Path, name: str, text: str) -> Path:
    """Write a scenario into a new file in `folder`, which is made if it is missing. Raises NotKept."""
    if not _NAME.fullmatch(name):
        raise NotKept("bad_name", {})
    file = folder / f"{name}.yaml"
    try:
        folder.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise NotKept("exists", {"file": file}) from None
    except OSError as error:
        raise NotKept("not_saved", {"why": error.strerror}) from error
    return file


async def keep(scene: Scene, number: str) -> None:
    """Show the chat of this phone as a scenario, to copy or to save."""
    words, kept = scene.words, await scene.stage.books.scenario(number)
    if kept is None:
        ui.notify(words("not_begun"), type="info")
        return
    with ui.dialog(value=True) as sheet, ui.card().classes("dialog pocket-kept"):
        ui.label(words("kept")).classes("section")
        for warning in kept.warnings:
            ui.label(warning).classes("task")
        ui.textarea(value=kept.text).props("readonly outlined").classes("pocket-scenario").props[
            "aria-label"
        ] = words("kept")
        name = ui.input(words("file_name"), value=f"chat-{number[-4:]}").props("outlined dense maxlength=60")

        def copy() -> None:
            ui.clipboard.write(kept.text)
            ui.notify(words("copied"), type="positive")

        def save() -> None:
            try:
                file = write(own_scenarios(Path()), text_of(name.value, 60), kept.text)
            except NotKept as refused:
                key, values = refused.args
                ui.notify(words(key, **values), type="warning")
                return
            ui.notify(words("saved", file=file), type="positive")
            sheet.close()

        with ui.element("div").classes("dialog-buttons"):
            ui.button(words("close"), on_click=sheet.close).props("flat no-caps")
            ui.button(words("copy"), on_click=copy).props("outline no-caps")
            ui.button(words("save"), on_click=save).props("unelevated no-caps")
    sheet.on_value_change(lambda: None if sheet.value else sheet.delete())
