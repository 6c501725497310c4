"""One person's phone on the stage of a demo: WhatsApp, and a browser in which they pay."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from bot.demo.books import Books
from bot.demo.payer import Payer
from bot.demo.phone import NotPossible
from sandbox.people import NothingToFill, Person, ReceivedMessage, SentMessage
from sandbox.world import World
from storage.reports.timeline import Story

_LOOK_EVERY: Final = 0.02
_QUIET: Final = 0.3
"""Seconds without a new message after which an answer counts as complete."""
_CALM: Final = 2
"""Consecutive looks that must find nothing in progress."""


class Bot(Protocol):
    """What a phone's chat must know of the bot: whether it is still busy, and how time passes there."""

    async def waiting(self) -> int:
        """Return how much is due and not done."""

    async def wait(self, milliseconds: int) -> None:
        """Put the clock of the bot and of its world forward."""


class Handset:
    """The phone of one person; see `Phone` for what a chat in the terminal does with it."""

    def __init__(self, person: Person, world: World, books: Books, bot: Bot, title: str) -> None:
        """`title` says with whom the person chats."""
        self.person, self.payer = person, Payer(person, world, books)
        self._world, self._books, self._bot, self._title = world, books, bot, title
        self._shown = 0
        """Number of the chat's messages that were taken so far."""

    @property
    def title(self) -> str:
        """With whom the chat is."""
        return self._title

    @property
    def name(self) -> str:
        """The person's name."""
        return self.person.name

    @property
    def number(self) -> str:
        """The person's phone number, digits only."""
        return self.person.wa_id

    def status(self, message: ReceivedMessage | SentMessage) -> str:
        """Return how far a message of this chat has come: `sent`, `delivered`, `read`.

        One that the person sent is delivered once the bot has stored it.
        """
        if isinstance(message, ReceivedMessage):
            return self.person.statuses.get(message.wamid, "sent")
        if message.wamid in self._world.meta.marked_read:
            return "read"
        return "delivered" if message.wamid in self._world.courier.arrived else "sent"

    async def write(self, text: str) -> None:
        """Send a text."""
        await self.person.write(text)

    async def reply(self, text: str, to: str) -> None:
        """Send a text in reply to the message whose wamid is `to`."""
        await self.person.reply(text, to)

    async def tap(self, id: str) -> None:
        """Tap the newest button or row with this id or title. Raises NotPossible."""
        await self._tap(id, None)

    async def tap_on(self, wamid: str, id: str) -> None:
        """Tap the button or row with this id of the message `wamid`. Raises NotPossible."""
        found = next((message for message in self.person.messages if message.wamid == wamid), None)
        if found is None:
            raise NotPossible("this message is not in the chat")
        await self._tap(id, found)

    async def send(self, kind: str, body: dict[str, Any]) -> None:
        """Send what is not text."""
        await self.person.send(kind, body)

    async def fill(self, values: Mapping[str, str]) -> None:
        """Send the newest address form back. Raises NotPossible."""
        try:
            await self.person.fill(dict(values))
        except NothingToFill as nothing:
            raise NotPossible(str(nothing)) from None

    async def read(self) -> None:
        """Look at the chat: what came is read, and Meta tells the bot."""
        await self.person.read_all()

    async def pay(self) -> None:
        """Pay the newest link or card. Raises NotPossible."""
        await self.payer.pay()

    async def fail(self, reason: str = "") -> None:
        """Try to pay it in vain. `reason` is what Razorpay reports. Raises NotPossible."""
        await self.payer.fail(reason)

    async def wait(self, milliseconds: int) -> None:
        """Put the clock forward: timers run out, links expire."""
        await self._bot.wait(milliseconds)

    async def answers(self, patience: float) -> list[ReceivedMessage]:
        """Return new messages. Wait `patience` seconds for the first, then until no more come.

        Return as soon as nothing is in progress.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        count, calm = self._shown, 0
        while calm < _CALM and loop.time() < deadline:
            await asyncio.sleep(_LOOK_EVERY)
            if len(self.person.messages) > count:
                count, deadline = len(self.person.messages), loop.time() + _QUIET
            calm = calm + 1 if await self._is_calm() else 0
        return await self.take()

    async def take(self) -> list[ReceivedMessage]:
        """Return the messages that have arrived since the last call."""
        new = self.person.messages[self._shown :]
        self._shown += len(new)
        return new

    async def trace(self) -> list[dict[str, Any]]:
        """Return how the last events were decided, oldest first."""
        return await self._books.trace(self.number)

    async def lifecycle(self) -> Story | None:
        """Return the person's story in the books; None if they hold nothing about the person yet."""
        return await self._books.story(self.number)

    async def _tap(self, id: str, message: ReceivedMessage | None) -> None:
        try:
            await self.person.tap(id, message)
        except LookupError as unknown:
            raise NotPossible(str(unknown)) from None

    async def _is_calm(self) -> bool:
        """Return whether nothing is being delivered, and nothing waits to be handled or sent."""
        return not self._world.courier.busy and not await self._bot.waiting()
