"""The list of chats: who waits for a person first, then who wrote last; and the search for one."""

from functools import partial
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import Request
from nicegui import ui

from bot.console.chats.chat_list import LONGEST, PAGE, ChatList, Row, find, place, read, read_found, wanted
from bot.console.chats.words import CHATS
from bot.console.context import Console
from bot.console.frame import base_of, empty, frame, visit_of
from bot.console.keyed import Keyed
from bot.console.live import Live
from bot.console.shop_now import clock_time
from bot.console.visit import Visit
from bot.console.words import Words
from payments.shop.catalogue import Shop
from storage.database.records import Records
from storage.reports.chat_search import FoundChats
from storage.reports.chats import ChatPlace, DeskChat
from storage.reports.open_orders import OpenOrder

_PATH: Final = "/chats"


def add(console: Console) -> None:
    """Add the list to the console."""

    @ui.page(_PATH)
    def chats(request: Request, q: str = "", after: str = "") -> None:
        visit, base = visit_of(request), base_of(request)
        with frame(request, visit, "chats"):
            _search(visit.words.of(CHATS), base, wanted(q))
            _ListPage(console, visit, base, wanted(q), place(after)).live.start()


def _search(words: Words, base: str, wanted_now: str) -> None:
    """Draw the field to search in. The address has what is searched for, so that one can come back to it."""

    def go() -> None:
        asked = wanted(str(field.value or ""))
        ui.navigate.to(base + _PATH + (f"?{urlencode({'q': asked})}" if asked else ""))

    with ui.element("search").classes("chat-find"):
        field = ui.input(words("find"), value=wanted_now).props(f"dense outlined maxlength={LONGEST}")
        field.classes("find").on("keydown.enter", go)
        ui.button(words("do_find"), on_click=go).props("unelevated no-caps")


class _ListPage:
    """One open list."""

    def __init__(
        self, console: Console, visit: Visit, base: str, wanted_now: str, after: ChatPlace | None
    ) -> None:
        self._console, self._visit, self._base = console, visit, base
        self._words = visit.words.of(CHATS)
        self._wanted, self._after = wanted_now, after
        self._found: FoundChats | None = None
        self._note = ui.label().classes("trouble")
        self._waiting = self._section("waiting")
        self._others = self._section("others")
        self._nothing = ui.element("div")
        with self._nothing:
            if wanted_now:
                empty(self._words("nobody", words=wanted_now), self._words("nobody_then"))
            else:
                empty(self._words("no_chats"), self._words("no_chats_then"))
        self._way = ui.element("div").classes("actions")
        for hidden in (self._note, self._nothing, self._waiting[0], self._others[0]):
            hidden.set_visibility(False)
        self.live: Live[tuple[ChatList, Shop]] = Live(console, visit, self._read, self._draw)

    def _section(self, key: str) -> tuple[ui.element, "Keyed[tuple[Row, str]]"]:
        section = ui.element("section").props(f'aria-label="{self._words(key)}"')
        with section:
            title = self._words("found", words=self._wanted) if self._wanted else self._words(key)
            ui.label(title).props('role="heading" aria-level="2"').classes("section")
            rows = ui.element("div").classes("chat-rows").props('role="list"')
        return section, Keyed(rows, partial(ui.element, "div"), self._row)

    async def _read(self, records: Records) -> tuple[ChatList, Shop]:
        shop = await self._console.shop.shop(records)
        if not self._wanted:
            return await read(records, self._after), shop
        if self._found is None:  # looked for once: it may take a while, and the page is read again and again
            self._found = await find(records, self._wanted)
        return await read_found(records, self._found.conversations), shop

    def _draw(self, seen: tuple[ChatList, Shop]) -> None:
        found, shop = seen
        for (section, rows), shown in ((self._waiting, found.waiting), (self._others, found.others)):
            rows.show({row.chat.conversation: (row, _heard(shop, row.chat)) for row in shown})
            section.set_visibility(bool(shown))
        cut = self._found is not None and self._found.cut
        self._note.set_text(self._words("found_cut") if cut else self._words("more_wait", count=PAGE))
        self._note.set_visibility(cut or found.more_wait)
        self._nothing.set_visibility(not found.waiting and not found.others)
        self._ways(found)

    def _ways(self, found: ChatList) -> None:
        self._way.clear()
        with self._way:
            if self._wanted or self._after is not None:
                _way(self._base + _PATH, self._words("all" if self._wanted else "newest"))
            if found.next is not None:
                _way(f"{self._base}{_PATH}?{urlencode({'after': str(found.next)})}", self._words("older"))

    def _row(self, element: ui.element, shown: tuple[Row, str]) -> None:
        (row, heard), words = shown, self._words
        element.props('role="listitem"')
        with ui.element("a").classes("chat-row") as link:
            link.props["href"] = f"{self._base}{_PATH}/{quote(row.chat.conversation, safe='')}"
            with ui.element("div").classes("chat-row-head"):
                ui.label(who(words, self._visit, row.chat)).classes("chat-name")
                if row.chat.unread:
                    ui.label(words("unread", count=row.chat.unread)).classes("chat-unread")
                ui.label(heard or words("never")).classes("at")
            ui.label(self._visit.text(row.chat.last)).classes("chat-last")
            with ui.element("div").classes("chat-row-foot"):
                if row.chat.in_hand:
                    ui.label(has(words, row.chat)).classes("chat-person")
                ui.label(row.chat.state).classes("chat-state")
                if row.order is not None:
                    ui.label(_stands(words, row.order))


def who(words: Words, visit: Visit, chat: DeskChat) -> str:
    """Return who the customer is: their name, or their number as this person may see it."""
    return chat.name or visit.phone(chat.phone) or words("somebody")


def has(words: Words, chat: DeskChat) -> str:
    """Return who has the chat."""
    if chat.in_hand is None:
        return words("has_bot")
    return words("has", name=chat.by) if chat.by else words("has_nobody")


def _heard(shop: Shop, chat: DeskChat) -> str:
    return "" if chat.heard_at is None else clock_time(shop, chat.heard_at)


def _stands(words: Words, order: OpenOrder) -> str:
    return f"#{order.number}, {words(order.stage) if order.stage else words('unpaid')}"


def _way(to: str, name: str) -> None:
    with ui.element("a").classes("plain") as link:
        link.props["href"] = to
        ui.label(name)
