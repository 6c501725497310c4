"""Draws one phone: its chat, what can be tapped in it, and a field to write in."""

import re
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, Final, assert_never

from nicegui import ui

from bot.console import bubbles, said
from bot.console.bubbles import Seal, Taps
from bot.console.keyed import Keyed
from bot.console.typed import text_of
from bot.demo.handset import Handset
from bot.demo.pages.form_sheet import open_form
from bot.demo.pages.items import Came, Chat, Item, Wrote
from bot.demo.pages.razorpay_sheet import RazorpaySheet
from bot.demo.pages.scene import Scene, tried
from bot.whatsapp.limits import LIMITS
from flows.messages.kinds import AddressForm, Message, Reply, Text
from flows.messages.payment import Bill

_FILE: Final[Mapping[str, Any]] = {"id": "1000000000000001"}
_THINGS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "location": ("place", {"latitude": 18.5204, "longitude": 73.8567}),
    "image": ("image", _FILE),
    "audio": ("mic", _FILE),
    "sticker": ("mood", _FILE),
}
"""What can be sent besides text: its icon, and its body in the webhook."""
_URL: Final = re.compile(r"https?://\S+")
_TO_END: Final = (
    "(() => {{ const log = getHtmlElement({id}); setTimeout(() => {{ log.scrollTop = 1e9 }}, 30) }})()"
)


class PhoneView:
    """One phone on an open page."""

    def __init__(self, scene: Scene, handset: Handset, who: str, taken: Callable[[str], None]) -> None:
        """`who` says what the person is to the shop; `taken` is told whose phone is taken into the hand."""
        self._scene, self._handset, self._words = scene, handset, scene.words
        self._taken, self._chat = taken, Chat(handset)
        self._sheet = RazorpaySheet(scene, handset)
        self._shown: dict[Hashable, Item] = {}
        with ui.element("section").classes("pocket-phone") as self.root:
            self.root.props["aria-label"] = self._words("phone_of", name=handset.name)
            self._head(who)
            with ui.element("div").classes("pocket-log").props('role="log" tabindex="0"') as self._log:
                self._log.props["aria-label"] = self._words("messages_of", name=handset.name)
                self._nothing = ui.label(self._words("say_hi")).classes("chat-note")
                place = ui.element("div").classes("chat-items")
            self._items: Keyed[Item] = Keyed(place, partial(ui.element, "div"), self._fill)
            self._box()

    def show(self) -> None:
        """Show the chat as it is now."""
        items = self._chat.items()
        if items == self._shown:
            return
        self._shown = items
        self._nothing.set_visibility(not items)
        if self._items.show(items):
            ui.run_javascript(_TO_END.format(id=self._log.id))

    async def read(self) -> None:
        """Read what came, if some of it is unread: the phone is in somebody's hand."""
        if "delivered" in self._handset.person.statuses.values():
            await self._handset.read()

    def _head(self, who: str) -> None:
        with ui.element("div").classes("pocket-head"):
            with ui.element("div"):
                ui.label(self._handset.name).classes("chat-name")
                ui.label(f"+{self._handset.number}, {who}").classes("quiet")
            pay = ui.button(self._words("razorpay"), icon="currency_rupee", on_click=self._sheet.open_newest)
            pay.props("flat no-caps dense")

    def _box(self) -> None:
        with ui.element("div").classes("pocket-box"):
            with ui.button(icon="add").props("flat round dense") as more:
                more.props["aria-label"] = self._words("attach")
                with ui.menu():
                    for kind, (_, body) in _THINGS.items():
                        ui.menu_item(self._words(kind), partial(self._send_thing, kind, body))
            self._text = (
                ui.input(placeholder=self._words("write")).props("outlined dense").classes("pocket-text")
            )
            self._text.props["aria-label"] = self._words("write")
            self._text.props["maxlength"] = LIMITS.text_body
            self._text.on("keydown.enter", self._write)
            send = ui.button(icon="send", on_click=self._write).props("unelevated round dense")
            send.props["aria-label"] = self._words("send")

    def _fill(self, element: ui.element, item: Item) -> None:
        element.classes("chat-line")
        at = self._scene.time(item.at)
        match item:
            case Wrote():
                said.draw(self._words, item.act, Seal(True, at, item.tick), self._scene.visit.phone)
            case Came():
                bubbles.draw(self._words, item.message, Seal(False, at), self._taps(item.wamid))
                self._links(item.message)
            case _:
                assert_never(item)

    def _links(self, message: Message) -> None:
        """Draw the links in a text below it: WhatsApp lets people tap them."""
        if isinstance(message, Text):
            for url in _URL.findall(message.body):
                link = ui.button(url, icon="open_in_new", on_click=partial(self._follow, url))
                link.props("outline no-caps").classes("bubble-offer")

    def _taps(self, wamid: str) -> Taps:
        return Taps(partial(self._tap, wamid), self._follow, self._fill_form, self._pay_card)

    async def _tap(self, wamid: str, reply: Reply) -> None:
        self._taken(self._handset.number)
        await tried(partial(self._handset.tap_on, wamid, reply.id))

    async def _follow(self, url: str) -> None:
        self._taken(self._handset.number)
        if not await self._sheet.opens(url) and bubbles.is_page(url):
            ui.navigate.to(url, new_tab=True)

    async def _fill_form(self, form: AddressForm) -> None:
        self._taken(self._handset.number)
        open_form(self._scene, self._handset)

    async def _pay_card(self, bill: Bill) -> None:
        self._taken(self._handset.number)
        await self._sheet.open_card(bill.reference)

    async def _write(self) -> None:
        text = text_of(self._text.value, LIMITS.text_body)
        self._text.set_value("")
        self._taken(self._handset.number)
        if text:
            await tried(partial(self._handset.write, text))

    async def _send_thing(self, kind: str, body: Mapping[str, Any]) -> None:
        self._taken(self._handset.number)
        await tried(partial(self._handset.send, kind, dict(body)))
