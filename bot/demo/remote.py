"""The phone of a person in a sandbox that runs in another process: `munshi serve --sandbox`."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx

from bot.demo.books import Books
from bot.demo.phone import NotPossible
from sandbox.people import ReceivedMessage
from storage.reports.timeline import Story

_LOOK_EVERY: Final = 0.1
_QUIET: Final = 0.5
"""Seconds without a new message after which an answer counts as complete."""


class RemotePhone:
    """Does what a person does over the sandbox's control API."""

    def __init__(self, client: httpx.AsyncClient, wa_id: str, name: str, title: str, database: str) -> None:
        """`client` has the address of the sandbox's Meta; `database` is the URL of the books."""
        self._client, self._wa_id, self._name = client, wa_id, name
        self._title, self._books = title, Books(database)
        self._shown = 0

    @property
    def title(self) -> str:
        """With whom the chat is, and as whom."""
        return f"{self._title} · you are {self._name}, +{self._wa_id}"

    async def write(self, text: str) -> None:
        """Send a text."""
        await self._do("write", name=self._name, text=text)

    async def reply(self, text: str, to: str) -> None:
        """Send a text in reply to the message whose wamid is `to`."""
        await self._do("reply", text=text, wamid=to)

    async def tap(self, id: str) -> None:
        """Tap the newest button or row with this id."""
        await self._do("tap", title=id)

    async def send(self, kind: str, body: dict[str, Any]) -> None:
        """Send what is not text."""
        await self._do("send", kind=kind, body=body)

    async def fill(self, values: Mapping[str, str]) -> None:
        """Send the newest address form back."""
        await self._do("fill", values=dict(values))

    async def pay(self) -> None:
        """Pay the newest link that a message shows."""
        await self._do("pay")

    async def fail(self, reason: str = "") -> None:
        """Try to pay it, in vain."""
        await self._do("fail", **({"description": reason} if reason else {}))

    async def wait(self, milliseconds: int) -> None:
        """Raise NotPossible: the sandbox has the machine's clock."""
        raise NotPossible("here time passes by itself; /wait is for munshi chat without --sandbox")

    async def answers(self, patience: float) -> list[ReceivedMessage]:
        """Return new messages. Wait `patience` seconds for the first, then until no more come."""
        loop = asyncio.get_running_loop()
        deadline, new = loop.time() + patience, list[ReceivedMessage]()
        while loop.time() < deadline:
            if more := await self.take():
                new, deadline = [*new, *more], loop.time() + _QUIET
            await asyncio.sleep(_LOOK_EVERY)
        return new

    async def take(self) -> list[ReceivedMessage]:
        """Return the messages that have arrived since the last call."""
        params = {"wa_id": self._wa_id, "after": self._shown}
        found = await self._ask("GET", "messages", params=params)
        self._shown += len(found)
        return [ReceivedMessage(one["wamid"], one["payload"], one["at"]) for one in found]

    async def earlier(self, keep: int | None) -> tuple[int, list[ReceivedMessage | str]]:
        """Take all messages that are there. Return how many are passed over, and the others.

        The last `keep` of the shop's are not passed over, nor what the person sent between them, which is
        text; None passes over nothing.
        """
        found, person = await self.take(), {"wa_id": self._wa_id}
        skipped = 0 if keep is None else max(0, len(found) - keep)
        turns = [(n, 1, message) for n, message in enumerate(found)]
        sent = await self._ask("GET", "sent", params=person)
        turns += [(one["before"], 0, one["words"]) for one in sent]
        turns.sort(key=lambda turn: turn[:2])
        return skipped, [said for n, _, said in turns if n >= skipped]

    async def trace(self) -> list[dict[str, Any]]:
        """Raise NotPossible: `munshi why` shows more."""
        raise NotPossible(f"here, another terminal tells: munshi why {self._wa_id}")

    async def lifecycle(self) -> Story | None:
        """Return the person's story in the sandbox's books."""
        return await self._books.story(self._wa_id)

    async def _do(self, command: str, **fields: Any) -> None:
        await self._ask("POST", command, json={"wa_id": self._wa_id, **fields})

    async def _ask(self, method: str, name: str, **content: Any) -> Any:
        try:
            answer = await self._client.request(method, f"/_control/{name}", **content)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NotPossible(
                f"the sandbox does not answer ({type(error).__name__}): has it ended?"
            ) from None
        if answer.is_error:
            raise NotPossible(str(said["error"]))
        return said
