"""Answers a customer, takes a chat over and gives it back: what somebody pressed becomes a request."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from bot.console.chats.words import CHATS
from bot.console.context import Console
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from storage.accounts.people import Role
from storage.reports.chats import DeskChat


class ChatChanges:
    """The changes that one person makes in chats. Each raises NotDone."""

    def __init__(self, console: Console, visit: Visit) -> None:
        self._console, self._visit = console, visit
        self._words = visit.words.of(CHATS)

    async def reply(self, chat: DeskChat, text: str, *, done: bool) -> None:
        """Write to the customer; the chat is a person's then, or with `done` the bot's."""
        await self._ask("reply", chat, {"text": text, "done": done}, "is_back" if done else "is_said")

    async def take_over(self, chat: DeskChat) -> None:
        """Take the chat over: the customer hears that a person will write."""
        await self._ask("take-over", chat, {}, "is_taken")

    async def give_back(self, chat: DeskChat) -> None:
        """Give the chat back to the bot."""
        await self._ask("give-back", chat, {}, "is_back")

    async def replay(self, chat: DeskChat, number: int) -> None:
        """Have a parked event handled again."""
        what = f"replay event {number}"
        await self._console.allow(self._visit, Role.STAFF, what)
        await self._post(what, chat, f"/operator/events/{number}/replay", {})
        ui.notify(self._words("replayed", number=number), type="positive")

    async def _ask(self, posted: str, chat: DeskChat, body: Mapping[str, Any], done: str) -> None:
        await self._console.allow(self._visit, Role.STAFF, f"{posted} {chat.conversation}")
        if not chat.phone:
            raise NotDone(self._words("no_phone"))
        path = f"/customers/+{chat.phone}/{posted}"
        answer = await self._post(posted, chat, path, {**body, "by": self._visit.name})
        if answer.get("state") == "waits":
            ui.notify(self._words("waits"), type="info")
            return
        ui.notify(self._words(done), type="positive")

    async def _post(self, what: str, chat: DeskChat, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._console.desk.ask(path, body)
        except NotDone as refused:
            await self._console.note(self._visit, what, chat.conversation, str(refused))
            raise
        await self._console.note(self._visit, what, chat.conversation)
        return answer
