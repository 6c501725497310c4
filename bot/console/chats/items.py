"""Draws what was said in a chat, and between that what happened and why."""

from collections.abc import Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias, assert_never

from nicegui import ui

from bot.console import bubbles, said
from bot.console.bubbles import Seal
from bot.console.chats.one_chat import Item, Note, OneChat, Parked, Said, Sent, Steps, Unreadable
from bot.console.chats.words import CHATS
from bot.console.frame import empty
from bot.console.keyed import Keyed
from bot.console.once import Once
from bot.console.shop_now import clock_time
from bot.console.visit import Visit
from payments.shop.catalogue import Shop
from storage.accounts.people import Role

_TO_END: Final = """
(() => { const log = document.querySelector('.chat-log'), all = %s;
  const near = log && log.scrollHeight - log.scrollTop - log.clientHeight < 500;
  if (log && (all || near)) setTimeout(() => { log.scrollTop = log.scrollHeight }, 30); })()
"""


@dataclass(frozen=True, slots=True)
class _Day:
    """The day of what stands below."""

    name: str


_Shown: TypeAlias = tuple[Item | _Day, str]
"""What is drawn, and the time of it as it is shown."""


class ChatLog:
    """The messages of one open chat, oldest first."""

    def __init__(
        self, visit: Visit, earlier: Callable[[], None], replay: Callable[[Parked], Awaitable[None]]
    ) -> None:
        self._visit, self._replay = visit, replay
        self._words = visit.words.of(CHATS)
        self._is_new = True
        self._once = Once()
        self._nothing = ui.element("div")
        with self._nothing:
            empty(self._words("nothing_kept"), self._words("nothing_kept_then"))
        with ui.element("div").classes("chat-log").props('role="log" tabindex="0"') as log:
            log.props["aria-label"] = self._words("log")
            self._earlier = ui.button(self._words("earlier"), on_click=earlier).props("flat no-caps")
            self._too_early = ui.label(self._words("too_early")).classes("quiet")
            place = ui.element("div").classes("chat-items")
        self._log = log
        self._items: Keyed[_Shown] = Keyed(place, self._line, self._fill)

    def show(self, one: OneChat, shop: Shop, *, can_go_back: bool) -> None:
        """Show the messages, with the newest in sight for who was there before."""
        added = self._items.show(dict(_with_days(one, shop)))
        self._earlier.set_visibility(one.cut and can_go_back)
        self._too_early.set_visibility(one.cut and not can_go_back)
        self._nothing.set_visibility(not one.items)
        self._log.set_visibility(bool(one.items))
        if added:
            ui.run_javascript(_TO_END % ("true" if self._is_new else "false"))
            self._is_new = False

    def _line(self) -> ui.element:
        return ui.element("div").classes("chat-line")

    def _fill(self, element: ui.element, shown: _Shown) -> None:
        item, at = shown
        match item:
            case Said():
                seal = Seal(mine=False, at=at)
                said.draw(self._words, item.event, seal, self._visit.phone)
            case Sent():
                self._sent(item, at)
            case Unreadable():
                ui.label(self._words("unreadable", what=self._visit.text(item.what))).classes("chat-note")
            case Steps():
                self._steps(item)
            case Note():
                ui.label(f"{at}  {self._visit.text(item.said)}").classes("chat-note")
            case Parked():
                self._parked(element, item)
            case _Day():
                ui.label(item.name).classes("chat-day").props('role="heading" aria-level="3"')
            case _:
                assert_never(item)

    def _sent(self, item: Sent, at: str) -> None:
        bubbles.draw(self._words, item.message, Seal(True, at, item.tick, item.by))
        if item.error:
            ui.label(self._visit.text(item.error)).classes("task bubble-error")

    def _steps(self, item: Steps) -> None:
        words = self._words
        with ui.element("details").classes("chat-steps"):
            with ui.element("summary"):
                ui.label(words("steps_to", state=item.entered) if item.entered else words("steps"))
            for line in item.lines:
                ui.label(self._visit.text(line))

    def _parked(self, element: ui.element, item: Parked) -> None:
        words = self._words
        element.props('role="alert"')
        with ui.element("div").classes("chat-parked"):
            ui.label(words("parked")).classes("task")
            ui.label(self._visit.text(item.what))
            ui.label(self._visit.text(item.error)).classes("chat-error")
            ui.label(words("parked_then"))
            if self._visit.may(Role.STAFF):
                press = partial(self._once.do, item.number, partial(self._replay, item))
                ui.button(words("replay"), on_click=press).props("unelevated no-caps")


def _with_days(one: OneChat, shop: Shop) -> Iterator[tuple[Hashable, _Shown]]:
    day = ""
    for key, item in one.items.items():
        if (today := clock_time(shop, item.at).partition(",")[0]) != day:
            day = today
            yield f"day.{day}.{item.at // 86_400_000}", (_Day(day), "")
        yield key, (item, f"{datetime.fromtimestamp(item.at / 1000, shop.timezone):%H:%M}")
