"""Decides how many entries of each lane may be claimed now, from the answers so far. No I/O, no clock."""

from collections.abc import Mapping
from typing import Final

from bot.retry import Failure
from bot.workers.circuit_breaker import Circuit
from bot.workers.throughput import Throughput
from storage.database.queues import Lane

_ANSWERS: Final = frozenset({Failure.PERMANENT, Failure.PAIR_RATE, Failure.THROTTLED})
"""Refusals which prove that the account is accepted."""


class Traffic:
    """The limits of one process. All times are milliseconds since 1970, UTC."""

    def __init__(self) -> None:
        razorpay = Circuit()
        self.circuits: Final[Mapping[Lane, Circuit]] = {
            Lane.CHAT: Circuit(),
            Lane.PAY: razorpay,
            Lane.POLL: razorpay,
        }
        self.throughput: Final = Throughput()

    def room(self, lane: Lane, wanted: int, now: int) -> int:
        """Return how many of `wanted` entries of `lane` may be claimed."""
        room = self.circuits[lane].room(wanted, now)
        return self.throughput.room(room, now) if lane == Lane.CHAT else room

    def record_claim(self, lane: Lane, count: int, now: int) -> None:
        """Record that `count` entries of `lane` were claimed."""
        self.circuits[lane].record_claim(now)
        if lane == Lane.CHAT:
            self.throughput.record_claim(count)

    def shift(self, milliseconds: int) -> None:
        """Move all times with a clock that was put forward by `milliseconds`, or back if negative."""
        for circuit in set(self.circuits.values()):
            circuit.shift(milliseconds)
        self.throughput.shift(milliseconds)

    def record_unsent(self, lane: Lane, now: int) -> None:
        """Record that a claimed entry was not sent."""
        self.circuits[lane].record_unsent(now)

    def record_success(self, lane: Lane, claimed_at: int) -> bool:
        """Record that an entry was accepted. Return whether this shows that the account is accepted again."""
        return self.circuits[lane].record_answer(claimed_at)

    def record_failure(self, lane: Lane, failure: Failure, claimed_at: int, now: int) -> bool:
        """Record that an entry failed. Return whether this shows that the account is accepted again."""
        if failure is Failure.HALT:
            self.circuits[lane].record_halt(now)
        if failure is Failure.THROTTLED and lane == Lane.CHAT:
            self.throughput.record_throttle(claimed_at, now)
        return failure in _ANSWERS and self.circuits[lane].record_answer(claimed_at)
