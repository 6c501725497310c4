"""One chat as the customer sees it, from the shop's side; why each message came; and answers."""

from functools import partial
from typing import Final

from fastapi import Request
from nicegui import ui

from bot.console.chats.answer_box import AnswerBox
from bot.console.chats.answering import ChatChanges
from bot.console.chats.customer_facts import CustomerFacts
from bot.console.chats.items import ChatLog
from bot.console.chats.list_page import who
from bot.console.chats.one_chat import FIRST, MOST, OneChat, Parked, read
from bot.console.chats.words import CHATS
from bot.console.context import Console
from bot.console.frame import base_of, empty, frame, told, visit_of
from bot.console.live import Live
from bot.console.visit import Visit
from payments.shop.catalogue import Shop
from storage.database.records import Records

_LOOK_EVERY: Final = 20.0
"""Seconds between two looks at the clock: WhatsApp's window closes though nothing is written."""
_ID: Final = 64


def add(console: Console) -> None:
    """Add the page of one chat to the console."""

    @ui.page("/chats/{public}")
    def one(request: Request, public: str) -> None:
        visit, base = visit_of(request), base_of(request)
        with frame(request, visit, "chats"):
            with ui.element("a").props(f'href="{base}/chats"').classes("plain"):
                ui.label(f"← {visit.words.of(CHATS)('back')}")
            _ChatPage(console, visit, base, public[:_ID]).live.start()


class _ChatPage:
    """One open chat."""

    def __init__(self, console: Console, visit: Visit, base: str, public: str) -> None:
        self._console, self._visit, self._public = console, visit, public
        self._words = visit.words.of(CHATS)
        self._changes = ChatChanges(console, visit)
        self._limit = FIRST
        self._seen: tuple[OneChat, Shop] | None = None
        self._nothing = ui.element("div")
        with self._nothing:
            empty(self._words("no_chat"), self._words("no_chat_then"))
        self._whole = ui.element("div").classes("chat-two")
        with self._whole:
            with ui.element("div").classes("chat-main"):
                self._name = ui.label().classes("section").props('role="heading" aria-level="2"')
                self._log = ChatLog(visit, self._earlier, self._replay)
                self._answer = AnswerBox(visit, self._changes, self._again)
            with ui.element("aside").classes("chat-facts"):
                self._facts = CustomerFacts(visit, base, self._changes, self._again)
        self._nothing.set_visibility(False)
        self._whole.set_visibility(False)
        self.live: Live[tuple[OneChat, Shop] | None] = Live(console, visit, self._read, self._draw)
        ui.timer(_LOOK_EVERY, self._look_at_clock)

    async def _read(self, records: Records) -> tuple[OneChat, Shop] | None:
        try:
            found = await read(records, self._public, self._limit, self._visit.story)
        except LookupError:
            return None
        return found, await self._console.shop.shop(records)

    def _draw(self, found: tuple[OneChat, Shop] | None) -> None:
        self._seen = found
        self._nothing.set_visibility(found is None)
        self._whole.set_visibility(found is not None)
        if found is not None:
            one, shop = found
            self._name.set_text(who(self._words, self._visit, one.chat))
            self._log.show(one, shop, can_go_back=self._limit < MOST)
            self._facts.show(one, shop)
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        if self._seen is not None:
            self._answer.show(*self._seen, self._console.clock.now())

    def _again(self) -> None:
        self.live.again()

    def _earlier(self) -> None:
        self._limit = min(4 * self._limit, MOST)
        self.live.again()

    async def _replay(self, parked: Parked) -> None:
        if self._seen is not None:
            await told(partial(self._changes.replay, self._seen[0].chat, parked.number))
            self.live.again()
