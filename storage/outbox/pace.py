"""The pace of messages to one customer: a burst, then one message per gap.

A customer's `paced_until` is the time at which all messages so far would have left at one per gap. It is
stored with the customer, so that every process counts what the others send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Pace:
    """The channel's limit. All times are milliseconds since 1970, UTC."""

    gap: int
    """Milliseconds between two messages."""
    burst: int
    """How many messages may leave at once after a pause."""
    reserve: int = 0
    """How many of the burst answers leave to other messages: those, and the answers before them."""

    @property
    def longest(self) -> int:
        """How many milliseconds `paced_until` may lie ahead, doubled for clocks that differ.

        A `paced_until` further ahead was written by a clock that has been set back since. It is ignored: the
        channel itself still refuses what comes too fast.
        """
        return 2 * self.burst * self.gap

    def room(self, paced_until: int, now: int) -> int:
        """Return how many messages may leave at `now`."""
        return max(0, self.burst - -(-max(self._plausible(paced_until, now) - now, 0) // self.gap))

    def leaving(self, answers: Sequence[bool], room: int) -> int:
        """Return how many of a customer's next messages leave, if `room` of any kind may.

        `answers` says of each message whether it is an answer that newer ones may supersede.
        """
        to_the_last_other = max((n for n, is_answer in enumerate(answers, 1) if not is_answer), default=0)
        return max(min(to_the_last_other, room), min(len(answers), room - self.reserve))

    def next_at(self, answers: Sequence[bool], paced_until: int, now: int) -> int:
        """Return when to look at messages again that do not leave at `now`. `answers`: as in `leaving`.

        Answers may wait for long, and another message may join them: so they are looked at at each gap.
        """
        opens_at = self.opens_at(paced_until)
        return max(opens_at, now + self.gap) if all(answers) else opens_at

    def opens_at(self, paced_until: int) -> int:
        """Return the earliest time at which the next message may leave."""
        return paced_until - (self.burst - 1) * self.gap

    def after(self, paced_until: int, now: int, count: int) -> int:
        """Return `paced_until` after `count` messages left at `now`."""
        return max(self._plausible(paced_until, now), now) + count * self.gap

    def _plausible(self, paced_until: int, now: int) -> int:
        """Return `paced_until`, or 0 if it lies further ahead than it can."""
        return paced_until if paced_until - now <= self.longest else 0


async def spend(tx: Transaction, pace: Pace, leaving: Mapping[int, int], now: int) -> None:
    """Count messages that leave at `now`. `leaving`: their number by conversation, whose row is locked."""
    for count in sorted(set(leaving.values())):
        customers = sorted(customer for customer, leave in leaving.items() if leave == count)
        await tx.fetch(_SPEND, customers, now, count * pace.gap, now + pace.longest)


# One statement for all customers with the same number of messages, which is nearly always one.
_SPEND = """
UPDATE conversation
SET paced_until = $3 + CASE WHEN paced_until > $2 AND paced_until <= $4 THEN paced_until ELSE $2 END
WHERE id = ANY($1::bigint[])"""
