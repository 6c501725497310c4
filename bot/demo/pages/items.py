"""The messages of one phone, in the order in which its owner sees them."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bot.console.bubbles import Tick
from bot.console.said import Act
from bot.demo import received
from bot.demo.handset import Handset
from bot.whatsapp.contents import meaning
from flows.engine.events import Received, Tapped, TextReceived
from flows.messages.kinds import Message
from sandbox.people import ReceivedMessage, SentMessage


@dataclass(frozen=True, slots=True)
class Wrote:
    """What the person sent."""

    act: Act
    at: int
    """Milliseconds since 1970, UTC."""
    tick: Tick


@dataclass(frozen=True, slots=True)
class Came:
    """What the shop sent to them."""

    wamid: str
    message: Message
    at: int
    """Milliseconds since 1970, UTC."""


Item: TypeAlias = Wrote | Came


class Chat:
    """The chat on one phone. What came is read once."""

    def __init__(self, handset: Handset) -> None:
        self._handset = handset
        self._came: list[Came] = []

    def items(self) -> dict[Hashable, Item]:
        """Return all messages by wamid, oldest first."""
        person = self._handset.person
        self._came += [_came(one) for one in person.messages[len(self._came) :]]
        return dict(self._merged(self._came, person.sent))

    def _merged(self, came: list[Came], sent: list[SentMessage]) -> Iterator[tuple[Hashable, Item]]:
        shown = 0
        for one in sent:
            yield from ((each.wamid, each) for each in came[shown : one.before])
            shown = max(shown, one.before)
            yield one.wamid, Wrote(act_of(one), one.at, Tick(self._handset.status(one)))
        yield from ((each.wamid, each) for each in came[shown:])


def act_of(sent: SentMessage) -> Act:
    """Return what a message of a person says; of one that the bot does not read, its kind."""
    event, _ = meaning(dict(sent.message))
    if isinstance(event, TextReceived | Tapped | Received):
        return event
    return Received(str(sent.message["type"]))


def _came(message: ReceivedMessage) -> Came:
    return Came(message.wamid, received.message(message), message.at)
