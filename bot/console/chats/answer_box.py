"""Where an answer to a customer is written, or why none can be sent and what can be done instead."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from bot.console.chats.answering import ChatChanges
from bot.console.chats.one_chat import OneChat
from bot.console.chats.words import CHATS
from bot.console.frame import told
from bot.console.shop_now import clock_time
from bot.console.typed import text_of
from bot.console.visit import Visit
from bot.whatsapp.limits import LIMITS
from payments.shop.catalogue import Shop
from storage.accounts.people import Role


class AnswerBox:
    """The box below one chat. What is typed in it stays, whatever else changes, until it is sent."""

    def __init__(self, visit: Visit, changes: ChatChanges, looked: Callable[[], None]) -> None:
        self._visit, self._changes, self._looked = visit, changes, looked
        self._words = visit.words.of(CHATS)
        self._seen: OneChat | None = None
        self._hints_shown: list[str] = []
        self._hint = ui.element("div").classes("answer-hint").props('role="status"')
        self._box = ui.element("div").classes("answer")
        self._box.set_visibility(False)
        with self._box:
            self._text = ui.textarea(self._words("write")).classes("answer-text")
            self._text.props(f"outlined autogrow maxlength={LIMITS.text_body}")
            with ui.element("div").classes("actions"):
                self._buttons = [
                    ui.button(self._words(name), on_click=partial(self._send, done=done)).props(look)
                    for name, done, look in (
                        ("send", False, "unelevated no-caps"), ("send_back", True, "outline no-caps"),
                    )
                ]  # fmt: skip

    def show(self, one: OneChat, shop: Shop, now: int) -> None:
        """Show what can be sent now: milliseconds since 1970, UTC."""
        self._seen = one
        why = self._why_not(one, now)
        self._box.set_visibility(not why)
        can_call = bool(why and one.chat.phone) and self._visit.may(Role.STAFF) and not one.is_forgotten
        self._say(why or self._hints(one, shop), one.chat.phone if can_call else "")

    def _say(self, lines: list[str], call: str) -> None:
        """Show these lines, and the number to call, if they are others than before: they are read aloud."""
        if [*lines, call] == self._hints_shown:
            return
        self._hints_shown = [*lines, call]
        self._hint.clear()
        with self._hint:
            for line in lines:
                ui.label(line)
            if call:
                with ui.element("a").classes("plain") as link:
                    link.props["href"] = f"tel:+{call}"
                    ui.label(self._words("call", phone=self._visit.phone(call)))

    def _why_not(self, one: OneChat, now: int) -> list[str]:
        """Return why no text can be sent, and what can be done; nothing if one can."""
        words, closes = self._words, one.closes_at()
        if one.is_forgotten:
            return [words("forgotten")]
        if not self._visit.may(Role.STAFF):
            return [words("viewer")]
        if not one.chat.phone:
            return [words("no_phone")]
        if closes is None:
            return [words("closed_never"), words("closed_then")]
        return [words("closed"), words("closed_then")] if now >= closes else []

    def _hints(self, one: OneChat, shop: Shop) -> list[str]:
        words, closes, by = self._words, one.closes_at(), one.chat.by
        hints = [words("open_until", time=clock_time(shop, closes))] if closes is not None else []
        if one.chat.in_hand is None:
            hints.append(words("takes_over"))
        elif by and by != self._visit.name:
            hints.append(words("other_has", name=by))
        return hints

    async def _send(self, *, done: bool) -> None:
        text, one = text_of(self._text.value, LIMITS.text_body), self._seen
        if one is None or not text:
            ui.notify(self._words("empty_text"), type="warning")
            return
        await self._held(partial(self._reply, one, text, done=done))

    async def _held(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; a second press meanwhile does nothing."""
        for button in self._buttons:
            button.disable()
        try:
            await told(work)
        finally:
            for button in self._buttons:
                button.enable()

    async def _reply(self, one: OneChat, text: str, *, done: bool) -> None:
        await self._changes.reply(one.chat, text, done=done)
        self._text.set_value("")
        self._looked()
