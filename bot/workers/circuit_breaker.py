"""When the account itself is refused, nothing is sent but one try now and then, until one is taken. Pure.

An expired token or a blocked account would otherwise spend every message's tries and leases for nothing.
"""

from typing import Final

PROBE: Final = 30_000
"""Milliseconds between two tries while it is open."""


class Circuit:
    """Closed: all may go. Open: one of them may, as a probe. All times are milliseconds since 1970, UTC."""

    __slots__ = ("_opened_at", "_probe_at")

    def __init__(self) -> None:
        self._opened_at: int | None = None
        self._probe_at = 0

    @property
    def is_open(self) -> bool:
        """Whether the account was refused when last heard of."""
        return self._opened_at is not None

    def room(self, wanted: int, now: int) -> int:
        """How many of `wanted` entries may be claimed."""
        if self._opened_at is None:
            return wanted
        return min(wanted, 1) if now >= self._probe_at else 0

    def took(self, now: int) -> None:
        """Entries were claimed: while it is open, that was the probe."""
        if self._opened_at is not None:
            self._probe_at = now + PROBE

    def halted(self, now: int) -> None:
        """The account was refused."""
        if self._opened_at is None:
            self._opened_at = now
        self._probe_at = now + PROBE

    def shift(self, milliseconds: int) -> None:
        """The clock was set: put forward by so much, or back if it is negative."""
        self._probe_at += milliseconds
        if self._opened_at is not None:
            self._opened_at += milliseconds

    def unused(self, now: int) -> None:
        """What was claimed never went out: the probe is still to be made."""
        if self._opened_at is not None:
            self._probe_at = now

    def answered(self, claimed_at: int) -> bool:
        """What was claimed at `claimed_at` was taken, or refused for a reason of its own.

        Whether that closes it: what went out before it opened says nothing about now.
        """
        if self._opened_at is None or claimed_at <= self._opened_at:
            return False
        self._opened_at = None
        return True
