"""How fast messages may go to one customer: one in a while, after a burst.

A customer's `paced_until` is when all that was sent would have left at that gap; one number, kept with
the customer, so that every process counts what the others send.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Pace:
    """The channel's limit. All times are milliseconds since 1970, UTC."""

    gap: int
    """Milliseconds."""
    burst: int
    """How many messages may leave at once after a rest."""

    @property
    def longest(self) -> int:
        """Milliseconds that `paced_until` may be away, and as much again for clocks that differ.

        What is further away was written by a clock that has been set back since, and counts as nothing: the
        channel itself still says no.
        """
        return 2 * self.burst * self.gap

    def room(self, paced_until: int, now: int) -> int:
        """How many messages may leave at `now`."""
        return max(0, self.burst - -(-max(self._meant(paced_until, now) - now, 0) // self.gap))

    def opens_at(self, paced_until: int) -> int:
        """When the next message may leave at the earliest."""
        return paced_until - (self.burst - 1) * self.gap

    def after(self, paced_until: int, now: int, count: int) -> int:
        """`paced_until` once `count` messages left at `now`."""
        return max(self._meant(paced_until, now), now) + count * self.gap

    def _meant(self, paced_until: int, now: int) -> int:
        return paced_until if paced_until - now <= self.longest else 0


async def spend(tx: Transaction, pace: Pace, leaving: Mapping[int, int], now: int) -> None:
    """Count the messages that leave at `now`, by conversation. Their rows must be locked."""
    for count in sorted(set(leaving.values())):
        customers = sorted(customer for customer, leave in leaving.items() if leave == count)
        await tx.fetch(_SPEND, customers, now, count * pace.gap, now + pace.longest)


# One statement for all customers to whom as many messages leave: nearly always one.
_SPEND = """
UPDATE conversation
SET paced_until = $3 + CASE WHEN paced_until > $2 AND paced_until <= $4 THEN paced_until ELSE $2 END
WHERE id = ANY($1::bigint[])"""
