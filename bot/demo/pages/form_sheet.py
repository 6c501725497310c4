"""The address form of WhatsApp, filled in and sent back."""

from functools import partial
from typing import Final

from nicegui import ui

from bot.console.typed import text_of
from bot.demo.handset import Handset
from bot.demo.pages.scene import Scene, tried
from bot.whatsapp.address_form import FIELDS

_EXAMPLE: Final = {
    "house": "12", "building": "Sunrise Residency", "address": "FC Road, Shivajinagar", "city": "Pune",
    "state": "Maharashtra", "pincode": "411005",
}  # fmt: skip
"""What stands in the fields at first."""
_LONGEST: Final = 300


def open_form(scene: Scene, handset: Handset) -> None:
    """Open the form of this phone."""
    words = scene.words
    example = {**_EXAMPLE, "name": handset.name, "phone": handset.number[-10:]}
    with ui.dialog(value=True) as sheet, ui.card().classes("dialog"):
        ui.label(words("form")).classes("section")
        fields = {
            name: ui.input(words(f"form_{name}"), value=example.get(name, "")).props(
                f"outlined dense maxlength={_LONGEST}"
            )
            for name in FIELDS
        }

        async def send() -> None:
            values = {FIELDS[name]: text_of(field.value, _LONGEST) for name, field in fields.items()}
            if await tried(partial(handset.fill, {key: value for key, value in values.items() if value})):
                sheet.close()

        with ui.element("div").classes("dialog-buttons"):
            ui.button(words("cancel"), on_click=sheet.close).props("flat no-caps")
            ui.button(words("send"), on_click=send).props("unelevated no-caps")
    sheet.on_value_change(lambda: None if sheet.value else sheet.delete())
