"""What a chat in the terminal needs of a customer's phone: the demo's own, or one in a running sandbox."""

from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.people import ReceivedMessage
from storage.reports.timeline import Story


class NotPossible(Exception):
    """The person can't do this now, or not here. The message says why."""


class Phone(Protocol):
    """A person with WhatsApp, and Razorpay's page in the browser. Each method raises NotPossible."""

    @property
    def title(self) -> str:
        """With whom the chat is."""

    async def write(self, text: str) -> None:
        """Send a text."""

    async def reply(self, text: str, to: str) -> None:
        """Send a text in reply to the message whose wamid is `to`."""

    async def tap(self, id: str) -> None:
        """Tap the newest button or row with this id."""

    async def send(self, kind: str, body: dict[str, Any]) -> None:
        """Send what is not text, with its body in a webhook."""

    async def fill(self, values: Mapping[str, str]) -> None:
        """Send the newest address form back, with Meta's names of its fields."""

    async def pay(self) -> None:
        """Pay the newest link."""

    async def fail(self, reason: str = "") -> None:
        """Try to pay the newest link, in vain. `reason` is what Razorpay reports."""

    async def wait(self, milliseconds: int) -> None:
        """Let time pass."""

    async def answers(self, patience: float) -> list[ReceivedMessage]:
        """Return new messages. Wait `patience` seconds for the first, then until no more come."""

    async def take(self) -> list[ReceivedMessage]:
        """Return the messages that have arrived since the last call."""

    async def trace(self) -> list[dict[str, Any]]:
        """Return how the last events were decided."""

    async def lifecycle(self) -> Story | None:
        """Return the customer's story in the books; None if they hold nothing about the customer yet."""
