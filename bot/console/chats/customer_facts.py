"""Who the customer is, who has their chat, and their orders: what stands beside a chat."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui

from bot.amounts import shown
from bot.console.chats.answering import ChatChanges
from bot.console.chats.list_page import has
from bot.console.chats.one_chat import OneChat
from bot.console.chats.words import CHATS
from bot.console.frame import told
from bot.console.once import Once
from bot.console.shop_now import clock_time
from bot.console.visit import Visit
from payments.shop.catalogue import Shop
from storage.accounts.people import Role
from storage.reports.chats import DeskChat


class CustomerFacts:
    """The facts beside one open chat."""

    def __init__(self, visit: Visit, base: str, changes: ChatChanges, looked: Callable[[], None]) -> None:
        self._visit, self._base, self._changes, self._looked = visit, base, changes, looked
        self._words = visit.words.of(CHATS)
        self._place = ui.element("div")
        self._was_pressed = False
        self._once = Once()
        self._drawn: tuple[DeskChat, tuple[Mapping[str, Any], ...], bool] | None = None

    def show(self, one: OneChat, shop: Shop) -> None:
        """Show the facts, if they are others than before: who stands on a button stays there."""
        now = one.chat, one.orders, one.is_forgotten
        if now == self._drawn:
            return
        self._drawn = now
        self._place.clear()
        with self._place:
            self._customer(one, shop)
            self._hand_over(one)
            self._orders(one)
        if self._was_pressed:
            self._was_pressed = False
            ui.run_javascript("document.querySelector('.chat-facts .actions button')?.focus()")

    def _customer(self, one: OneChat, shop: Shop) -> None:
        words, chat = self._words, one.chat
        heard = words("never") if chat.heard_at is None else clock_time(shop, chat.heard_at)
        told_of = (
            ("customer", chat.name),
            ("phone", self._visit.phone(chat.phone)),
            ("heard", heard),
            ("state", chat.state),
            ("hears", words(f"hears_{chat.hears}")),
        )
        with ui.element("dl").classes("facts-list"):
            for key, value in told_of:
                if value:
                    with ui.element("dt"):
                        ui.label(words(key))
                    with ui.element("dd"):
                        ui.label(value)

    def _hand_over(self, one: OneChat) -> None:
        words, chat = self._words, one.chat
        ui.label(has(words, chat)).classes("stands")
        if one.is_forgotten or not self._visit.may(Role.STAFF) or not chat.phone:
            return
        with ui.element("div").classes("actions"):
            if chat.in_hand is None:
                self._button("take", partial(self._changes.take_over, chat))
            else:
                self._button("give_back", partial(self._changes.give_back, chat))

    def _button(self, key: str, does: Callable[[], Awaitable[None]]) -> None:
        async def press() -> None:
            self._was_pressed = True
            await told(does)
            self._looked()

        pressed = partial(self._once.do, key, press)
        ui.button(self._words(key), on_click=pressed).props("outline no-caps")

    def _orders(self, one: OneChat) -> None:
        words = self._words
        ui.label(words("orders_of")).classes("section").props('role="heading" aria-level="3"')
        if not one.orders:
            ui.label(words("no_orders")).classes("quiet")
        for order in reversed(one.orders):
            with ui.element("a").classes("chat-order") as link:
                link.props["href"] = f"{self._base}/orders/{quote(order['key'], safe='')}"
                stage = words(order["stage"]) if order["stage"] else order["payment"]
                ui.label(f"#{order['number']}  {shown(order['total'], order['currency'])}  {stage}")
