"""When Razorpay is asked about a link although it told us nothing: webhooks get lost. Pure.

Each link has a chain of polls with growing gaps, from its making until its payment can't come any
more. Each poll starts the next before its own answer is known, so no lost answer ends the chain.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from payments.shop.orders import Attempt, AttemptStatus

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
GAPS: Final = (
    *(minutes * _MINUTE for minutes in (1, 2, 4, 8, 16, 32, 64)),
    *(hours * _HOUR for hours in (2, 4, 8, 16)),
)
"""Milliseconds before each poll of a chain; after these, one a day."""
DAY: Final = 24 * _HOUR
REFUND_WINDOW: Final = 30 * DAY
"""Milliseconds during which a refund under way is asked about. Source: Refunds (5-10 working days)."""
MISSED: Final = 2 * _MINUTE
"""Milliseconds after which a payment that no webhook told of counts as missed by them."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask about the link `reference_id` at `due`."""

    reference_id: str
    since: int
    """When the chain began, in milliseconds since 1970, UTC."""
    nth: int
    """Polls of the chain before this one."""

    @property
    def due(self) -> int:
        """Milliseconds since 1970, UTC: a full minute, so that those of many customers are one round."""
        days = max(0, self.nth + 1 - len(GAPS))
        due = self.since + sum(GAPS[: self.nth + 1]) + days * DAY
        return -(-due // _MINUTE) * _MINUTE

    def after(self, now: int) -> "Poll":
        """The next of the chain that is due after `now`: time that the shop was down is not asked for.

        Never this one again, though it may have been made before it was due: its row is there already.
        """
        poll = Poll(self.reference_id, self.since, self.nth + 1)
        while poll.due <= now:
            poll = Poll(poll.reference_id, poll.since, poll.nth + 1)
        return poll


def to_json(poll: Poll) -> dict[str, Any]:
    """A JSON-ready dict. Inverse of `from_json`."""
    return asdict(poll)


def from_json(value: Mapping[str, Any]) -> Poll:
    """The poll that `to_json` wrote. Raises KeyError or TypeError on any other shape."""
    return Poll(**value)


def goes_on(attempt: Attempt, *, settled: bool, refunding: bool, since: int, now: int, late: int) -> bool:
    """Whether a poll at `now` is followed by another.

    The last one of a chain comes after the link's time is over and the late window with it, or once
    the link is paid: it finds whatever came before, and no more can. `settled`: the order's total is known
    to be captured; `refunding`: a refund of the order is under way; `late`: milliseconds after the end of
    the link in which its payment may still come.
    """
    if refunding:
        return now < since + REFUND_WINDOW
    if attempt.status is AttemptStatus.PAID and settled:
        return False
    return now < max(since, attempt.expires_at) + late
