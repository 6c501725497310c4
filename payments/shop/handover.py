"""A chat that a person has taken over: how long, how it is stored, what its messages are called. Pure."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from flows.document import durations
from flows.document.shape import one_or_many
from flows.document.words import normalise

FORWARDED: Final = "from a customer"
"""Name of a message that passes on to the staff what a customer wrote."""
YOURS: Final = "the chat is yours"
"""Name of a message that says to one of the staff that they have the chat."""
WRITTEN: Final = "reply of the staff"
"""Name of a message that passes on to the customer what a person wrote."""
_SHORTEST: Final = 60_000
_LONGEST: Final = 7 * 86_400_000


def _quiet(value: Any) -> int:
    quiet = durations.parse(str(value))
    if not _SHORTEST <= quiet <= _LONGEST:
        raise ValueError("give '1 min' to '7 days': without a word for so long, the bot talks again")
    return quiet


Quiet: TypeAlias = Annotated[int, BeforeValidator(_quiet)]


class HandoverSpec(BaseModel):
    """`shop.handover`: when a chat that a person has comes back to the bot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiet: Quiet = 2 * 3_600_000
    """Span of time after the last message of customer or staff, kept in milliseconds."""
    back: Annotated[
        list[Annotated[str, Field(min_length=1)]], BeforeValidator(one_or_many), Field(min_length=1)
    ] = ["menu", "bot"]
    """Words by which the customer ends it."""

    def ends(self, text: str) -> bool:
        """Return whether `text` is a word by which the customer ends it."""
        return normalise(text) in {normalise(word) for word in self.back}


class Ending(StrEnum):
    """Why a person no longer has a chat: `event.because` of `handover.ended`."""

    DONE = "done"
    """A member of the staff said so."""
    ASKED = "asked"
    """The customer wanted the bot."""
    QUIET = "quiet"
    """Nobody wrote for long."""
    NOBODY = "nobody"
    """Nobody of the staff would read it: none may talk to customers, or all have been silent for so long that
    nothing reaches them."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A person has the chat."""

    since: int
    """Milliseconds since 1970, UTC. It tells one hand-over of a conversation from the next."""
    last: int
    """When customer or staff last wrote, in milliseconds since 1970, UTC."""
    by: str = ""
    """Name of the person who wrote to the customer last; empty if nobody has."""
    unread: int = 0
    """Messages of the customer since then. The wish to talk to a person counts as one."""


@dataclass(frozen=True, slots=True)
class HandoverCheck:
    """Look at `due` (milliseconds since 1970, UTC) whether the hand-over that began at `since` is over."""

    since: int
    due: int


def to_json(handover: Handover | None) -> list[Any] | None:
    """Return a JSON-ready list. Inverse of `from_json`."""
    return None if handover is None else list(astuple(handover))


def from_json(value: Any) -> Handover | None:
    """Return the hand-over that `to_json` wrote. Raises TypeError on any other shape."""
    return None if value is None else Handover(*value)


def check_to_json(check: HandoverCheck) -> dict[str, int]:
    """Return the body of the check's inbox row. Inverse of `check_from_json`."""
    return {"since": check.since, "due": check.due}


def check_from_json(body: Mapping[str, Any]) -> HandoverCheck:
    """Return the check in the body of an inbox row. Raises KeyError on any other shape."""
    return HandoverCheck(body["since"], body["due"])
