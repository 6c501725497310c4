"""Reply identifiers: what a tapped button or row sends back.

`<conversation>.<visit>|<trigger>|<value>`. The visit distinguishes a fresh tap from one on an old message.
The row that shows the next page of a list sends `<conversation>.<visit>|page:<number>|<message>`, which is
never mistaken for another reply because no trigger has a colon.
The conversation is in it because each conversation counts its visits from 1, and two of them may turn out
to be one customer's. A reply id that comes back is untrusted input: the engine accepts only triggers that
some message of the flow offers, and pages only of lists that were sent to this customer.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from flows.messages import limits

LONGEST: Final = 256
"""UTF-16 code units that a reply id may have: no channel carries more."""

_PLACE: Final = re.compile(r"(?P<conversation>[a-z0-9]+-[0-9]+)\.(?P<visit>[0-9]{1,18})", re.ASCII)
_PAGE: Final = re.compile(r"page:(?P<page>[1-9][0-9]{0,8})", re.ASCII)
"""Stands in the place of the trigger."""


@dataclass(frozen=True, slots=True)
class ReplyId:
    """The parts of the identifier of a reply that fires a trigger."""

    conversation: str
    visit: int
    trigger: str
    value: str


@dataclass(frozen=True, slots=True)
class PageId:
    """The parts of the identifier of a row that shows a page of a list."""

    conversation: str
    visit: int
    message: str
    """Name of the list in the flow."""
    page: int
    """Number of the page, from 1."""


AnyId: TypeAlias = ReplyId | PageId


def place(conversation: str, visit: int) -> str:
    """Return the place of a reply: visit number `visit` of the conversation with this id."""
    return f"{conversation}.{visit}"


def encode(place: str, trigger: str, value: str) -> str:
    """Return the identifier of a reply offered at `place`. Inverse of `decode`."""
    return f"{place}|{trigger}|{value}"


def encode_page(place: str, message: str, page: int) -> str:
    """Return the identifier of the row that shows page `page` of the list `message`. Inverse of `decode`."""
    return encode(place, f"page:{page}", message)


def copied(reply_id: str, number: int) -> str:
    """Return another identifier that means the same as `reply_id`: no two in one message may be equal."""
    place, separator, rest = reply_id.partition("|")
    conversation, dot, visit = place.rpartition(".")
    return f"{conversation}{dot}{'0' * number}{visit}{separator}{rest}"


def decode(reply_id: str) -> AnyId | None:
    """Return the parts of `reply_id`; None if we can't have made it."""
    if limits.length(reply_id) > LONGEST:
        return None
    place, _, rest = reply_id.partition("|")
    trigger, separator, value = rest.partition("|")
    match = _PLACE.fullmatch(place)
    if not (match and separator):
        return None
    conversation, visit = match["conversation"], int(match["visit"])
    if page := _PAGE.fullmatch(trigger):
        return PageId(conversation, visit, value, int(page["page"]))
    return ReplyId(conversation, visit, trigger, value)
