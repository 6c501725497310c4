"""What a step asks the shell to do, as data. Nothing here has happened yet."""

from dataclasses import dataclass
from typing import TypeAlias

from flows.messages.kinds import Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send `message` to the customer, after all that was said before it. `name` is its name in the flow."""

    name: str
    message: Message
    reminder: bool = False
    """Whether only time asked for it: everything else may leave before it."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Feed `TimerDue(state, timer, visit)` back at `due` (milliseconds since 1970, UTC)."""

    state: str
    timer: str
    visit: int
    due: int


Effect: TypeAlias = Say | StartTimer
