"""Circuit breaker of a lane: while the provider refuses the account, only probes go out. No I/O, no clock.

Without it, an expired token or a blocked account would use up the tries of every message.
"""

from typing import Final

PROBE: Final = 30_000
"""Milliseconds between two probes while the circuit is open."""


class Circuit:
    """Closed: all entries may be claimed. Open: one, as a probe. Times are milliseconds since 1970, UTC."""

    __slots__ = ("_opened_at", "_probe_at")

    def __init__(self) -> None:
        self._opened_at: int | None = None
        self._probe_at = 0

    @property
    def is_open(self) -> bool:
        """Whether the provider's last answer about the account refused it."""
        return self._opened_at is not None

    def room(self, wanted: int, now: int) -> int:
        """Return how many of `wanted` entries may be claimed."""
        if self._opened_at is None:
            return wanted
        return min(wanted, 1) if now >= self._probe_at else 0

    def record_claim(self, now: int) -> None:
        """Record that entries were claimed. While the circuit is open, that is the probe."""
        if self._opened_at is not None:
            self._probe_at = now + PROBE

    def record_halt(self, now: int) -> None:
        """Record that the account was refused."""
        if self._opened_at is None:
            self._opened_at = now
        self._probe_at = now + PROBE

    def shift(self, milliseconds: int) -> None:
        """Move all times with a clock that was put forward by `milliseconds`, or back if negative."""
        self._probe_at += milliseconds
        if self._opened_at is not None:
            self._opened_at += milliseconds

    def record_unsent(self, now: int) -> None:
        """Record that a claimed entry was not sent: while the circuit is open, the probe is due again."""
        if self._opened_at is not None:
            self._probe_at = now

    def record_answer(self, claimed_at: int) -> bool:
        """Record that an entry claimed at `claimed_at` was accepted, or refused for its own content.

        Return whether this closes the circuit. An entry claimed before the circuit opened does not.
        """
        if self._opened_at is None or claimed_at <= self._opened_at:
            return False
        self._opened_at = None
        return True
