"""Reply identifiers: what a tapped button or row brings back.

`<conversation>.<visit>|<trigger>|<value>`. The visit tells a fresh tap from one on an old message; the
conversation tells it from one on a message of another conversation, whose visits are counted from 1 as well:
two conversations may turn out to be one customer's. What comes back is customer input: the engine accepts
only triggers that some message of the flow offers.
"""

import re
from dataclasses import dataclass
from typing import Final

from flows.messages import limits

LONGEST: Final = 256
"""UTF-16 units of what comes back: no channel carries more."""

_PLACE: Final = re.compile(r"(?P<conversation>[a-z0-9]+-[0-9]+)\.(?P<visit>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReplyId:
    """A reply identifier, taken apart."""

    conversation: str
    visit: int
    trigger: str
    value: str


def place(conversation: str, visit: int) -> str:
    """Where a reply is offered: in visit number `visit` of the conversation with this id."""
    return f"{conversation}.{visit}"


def encode(place: str, trigger: str, value: str) -> str:
    """The identifier of a reply offered at `place`. Inverse of `decode`."""
    return f"{place}|{trigger}|{value}"


def copied(reply_id: str, number: int) -> str:
    """Another identifier that means the same as `reply_id`: no two in one message may be equal."""
    where, separator, rest = reply_id.partition("|")
    conversation, dot, visit = where.rpartition(".")
    return f"{conversation}{dot}{'0' * number}{visit}{separator}{rest}"


def decode(reply_id: str) -> ReplyId | None:
    """The parts of `reply_id`; None if we can't have made it."""
    if limits.length(reply_id) > LONGEST:
        return None
    where, _, rest = reply_id.partition("|")
    trigger, separator, value = rest.partition("|")
    found = _PLACE.fullmatch(where)
    if not (found and separator):
        return None
    return ReplyId(found["conversation"], int(found["visit"]), trigger, value)
