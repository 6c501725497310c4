"""Effects: what a step asks the shell to do, as data. The shell performs them later."""

from dataclasses import dataclass
from typing import TypeAlias

from flows.messages.kinds import Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send `message` to the customer, after all earlier messages. `name` is its name in the flow."""

    name: str
    message: Message
    reminder: bool = False
    """Whether only a timer caused it. All other messages but offers may be sent before it."""
    offer: bool = False
    """Whether it is an offer. All other messages may be sent before it."""
    topic: str | None = None
    """Of an answer that need not be sent once newer ones of the same topic wait: what it is about."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send `message` to the host's staff. `name` is its name in the flow."""

    name: str
    message: Message


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Return `TimerDue(state, timer, visit, due)` as an event at `due` (milliseconds since 1970, UTC)."""

    state: str
    timer: str
    visit: int
    due: int


Effect: TypeAlias = Say | Tell | StartTimer
