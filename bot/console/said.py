"""Draws what a customer did in the chat: what they wrote, tapped or sent."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, assert_never
from urllib.parse import quote_plus

from nicegui import ui

from bot.console.bubble_words import BUBBLES
from bot.console.bubbles import Seal, bubble, file, outside, write
from bot.console.words import Words
from flows.engine.events import Received, Tapped, TextReceived
from payments.shop.cart import items_from_json

Act: TypeAlias = TextReceived | Tapped | Received
"""What a customer can do in the chat."""
_MAP: Final = "https://www.google.com/maps/search/?api=1&query="
_ICONS: Final = {
    "image": "image", "video": "movie", "audio": "mic", "document": "description", "sticker": "mood",
    "location": "place", "contacts": "person", "address": "home", "order": "shopping_cart",
    "nfm_reply": "assignment",
}  # fmt: skip
"""A picture for each kind of thing that customers send."""


def draw(words: Words, event: Act, seal: Seal, phone: Callable[[str], str]) -> None:
    """Draw what a customer did. `phone` writes a phone number, digits, as it may be seen."""
    own = words.of(BUBBLES)
    with bubble(own, seal):
        match event:
            case TextReceived():
                write(event.text)
            case Tapped():
                with ui.element("div").classes("bubble-file"):
                    mark = ui.icon("touch_app")
                    mark.props["role"], mark.props["aria-label"] = "img", own("tapped")
                    ui.label(event.title or event.reply_id)
            case Received():
                _received(own, event, phone)
            case _:
                assert_never(event)


def _received(words: Words, event: Received, phone: Callable[[str], str]) -> None:
    known = event.kind in _ICONS
    name = words(event.kind) if known else words("something", kind=event.kind)
    file(_ICONS.get(event.kind, "help"), name)
    for line in _lines(event.kind, event.fields, phone):
        if line:
            write(line)
    if at := _place(event):
        outside(words("open_map"), _MAP + quote_plus(at))


def _lines(kind: str, fields: Mapping[str, Any], phone: Callable[[str], str]) -> list[str]:
    """Return what a thing that was sent says, line by line."""
    match kind:
        case "address":
            number = str(fields.get("phone") or "").removeprefix("+")
            return [str(fields.get("name") or ""), phone(number), str(fields.get("address") or "")]
        case "contacts":
            return [
                *map(str, fields.get("names") or ()),
                *(phone(str(one)) for one in fields.get("phones") or ()),
            ]
        case "order":
            cart = [f"{item.quantity} × {item.sku}" for item in items_from_json(fields.get("items") or [])]
            return [*cart, str(fields.get("text") or "")]
        case _:
            return [str(fields[name]) for name in ("caption", "name", "address") if fields.get(name)]


def _place(event: Received) -> str:
    """Return where a place or an address is, as a map finds it; empty for anything else."""
    if event.kind == "address":
        return str(event.fields.get("address") or "")
    if event.kind != "location" or not {"latitude", "longitude"} <= event.fields.keys():
        return ""
    return f"{event.fields['latitude']},{event.fields['longitude']}"
