"""When to poll Razorpay about a link, because webhooks get lost. Pure.

Each link has a chain of polls with growing gaps, from its creation until no payment of it can arrive any
more. Each poll starts the next before its own answer is known, so a lost answer does not end the chain.
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
"""Milliseconds before each poll of a chain. After the last of them there is one poll a day."""
_DAY: Final = 24 * _HOUR
REFUND_WINDOW: Final = 30 * _DAY
"""Milliseconds for which a refund under way is polled. Source: Refunds (5-10 working days)."""
MISSED: Final = 2 * _MINUTE
"""Milliseconds after which a payment that no webhook reported counts as missed by webhooks."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One question to Razorpay about the link `reference_id`, asked at `due`."""

    reference_id: str
    since: int
    """When the chain began, in milliseconds since 1970, UTC."""
    nth: int
    """Polls of the chain before this one."""

    @property
    def due(self) -> int:
        """Milliseconds since 1970, UTC. A full minute, so that the polls of many customers run together."""
        days = max(0, self.nth + 1 - len(GAPS))
        due = self.since + sum(GAPS[: self.nth + 1]) + days * _DAY
        return -(-due // _MINUTE) * _MINUTE

    def after(self, now: int) -> "Poll":
        """Return the next poll of the chain that is due after `now`. Those missed in a downtime are skipped.

        Never returns this poll again, even if it was made before it was due: its row exists already.
        """
        poll = Poll(self.reference_id, self.since, self.nth + 1)
        while poll.due <= now:
            poll = Poll(poll.reference_id, poll.since, poll.nth + 1)
        return poll


def to_json(poll: Poll) -> dict[str, Any]:
    """Return a JSON-ready dict. Inverse of `from_json`."""
    return asdict(poll)


def from_json(value: Mapping[str, Any]) -> Poll:
    """Return the poll that `to_json` wrote. Raises KeyError or TypeError on any other shape."""
    return Poll(**value)


def following(poll: Poll, attempt: Attempt, now: int) -> Poll:
    """Return the poll that follows `poll`, which was handled at `now`.

    When the time of a card is over that can still be paid, a new chain begins: somebody may wait for its end.
    """
    usual = poll.after(now)
    at_its_end = Poll(poll.reference_id, attempt.expires_at, 0)
    waits = attempt.is_card and attempt.payable
    return at_its_end if waits and now < at_its_end.due < usual.due else usual


def goes_on(
    attempt: Attempt, *, paid_in_full: bool, refunding: bool, since: int, now: int, late: int
) -> bool:
    """Return whether a poll at `now` is followed by another.

    The last poll of a chain comes when the link and its late window are over, or when the link is paid: no
    payment can arrive after it. `paid_in_full`: the order's total is known to be captured. `refunding`: a
    refund of the order is under way. `late`: milliseconds after the link's expiry in which its payment may
    still arrive.
    """
    if refunding:
        return now < since + REFUND_WINDOW
    if attempt.status is AttemptStatus.PAID and paid_in_full:
        return False
    return now < max(since, attempt.expires_at) + late
