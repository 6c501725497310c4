"""How much of each lane the outside takes just now, from what it said of what was sent. Pure."""

from collections.abc import Mapping
from typing import Final

from bot.retry import Failure
from bot.workers.circuit_breaker import Circuit
from bot.workers.throughput import Throughput
from storage.outbox.deliveries import CHAT

_ANSWERS: Final = frozenset({Failure.PERMANENT, Failure.PAIR_RATE, Failure.THROTTLED})
"""Refusals that only a known caller is given."""


class Traffic:
    """One process's. All times are milliseconds since 1970, UTC."""

    def __init__(self) -> None:
        razorpay = Circuit()
        self.circuits: Final[Mapping[str, Circuit]] = {CHAT: Circuit(), "pay": razorpay, "poll": razorpay}
        self.throughput: Final = Throughput()

    def room(self, lane: str, wanted: int, now: int) -> int:
        """How many of `wanted` entries of `lane` may be claimed."""
        room = self.circuits[lane].room(wanted, now)
        return self.throughput.room(room, now) if lane == CHAT else room

    def took(self, lane: str, count: int, now: int) -> None:
        """`count` entries of `lane` were claimed."""
        self.circuits[lane].took(now)
        if lane == CHAT:
            self.throughput.took(count)

    def shift(self, milliseconds: int) -> None:
        """The clock was set: put forward by so much, or back if it is negative."""
        for circuit in set(self.circuits.values()):
            circuit.shift(milliseconds)
        self.throughput.shift(milliseconds)

    def unused(self, lane: str, now: int) -> None:
        """What was claimed never went out."""
        self.circuits[lane].unused(now)

    def done(self, lane: str, claimed_at: int) -> bool:
        """It was taken; whether the account is good again by that."""
        return self.circuits[lane].answered(claimed_at)

    def failed(self, lane: str, failure: Failure, claimed_at: int, now: int) -> bool:
        """It failed; whether the account is good again by that all the same."""
        if failure is Failure.HALT:
            self.circuits[lane].halted(now)
        if failure is Failure.THROTTLED and lane == CHAT:
            self.throughput.throttled(claimed_at, now)
        return failure in _ANSWERS and self.circuits[lane].answered(claimed_at)
