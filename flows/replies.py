"""Reply identifiers: what a tapped button or row brings back.

`<visit>|<trigger>|<value>`. The visit tells a fresh tap from one on an old message. What comes back
is customer input: the engine accepts only triggers that some message of the flow offers.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyId:
    """A reply identifier, taken apart."""

    visit: int
    trigger: str
    value: str


def encode(visit: int, trigger: str, value: str) -> str:
    """The identifier of a reply offered during `visit`. Inverse of `decode`."""
    return f"{visit}|{trigger}|{value}"


def decode(reply_id: str) -> ReplyId | None:
    """The parts of `reply_id`; None if we can't have made it."""
    visit, _, rest = reply_id.partition("|")
    trigger, separator, value = rest.partition("|")
    if not (visit.isascii() and visit.isdigit() and len(visit) < 19 and separator):
        return None
    return ReplyId(int(visit), trigger, value)
