"""How fast messages may go to one customer: one in six seconds, after a burst of 45.

A customer's `paced_until` is when all that was sent would have left at that gap; one number, kept with
the customer, so that every process counts what the others send.

Source: Meta, WhatsApp Cloud API, "Throughput" (pair rate limit, error 131056).
"""

from collections.abc import Mapping
from typing import Final

from storage.database.transaction import Transaction

_GAP: Final = 6_000
_BURST: Final = 45
_LONGEST: Final = 2 * _BURST * _GAP
"""Milliseconds that `paced_until` may be away, and as much again for clocks that differ. What is further away
was written by a clock that has been set back since, and counts as nothing: WhatsApp itself still says no."""


def room(paced_until: int, now: int) -> int:
    """How many messages may leave at `now` (both in milliseconds)."""
    return max(0, _BURST - -(-max(_meant(paced_until, now) - now, 0) // _GAP))


def opens_at(paced_until: int) -> int:
    """When the next message may leave at the earliest."""
    return paced_until - (_BURST - 1) * _GAP


def after(paced_until: int, now: int, count: int) -> int:
    """`paced_until` once `count` messages left at `now`."""
    return max(_meant(paced_until, now), now) + count * _GAP


def _meant(paced_until: int, now: int) -> int:
    return paced_until if paced_until - now <= _LONGEST else 0


async def spend(tx: Transaction, leaving: Mapping[int, int], now: int) -> None:
    """Count the messages that leave at `now`, by conversation. Their rows must be locked."""
    for count in sorted(set(leaving.values())):
        customers = sorted(customer for customer, leave in leaving.items() if leave == count)
        await tx.fetch(_SPEND, customers, now, count * _GAP, now + _LONGEST)


# One statement for all customers to whom as many messages leave: nearly always one.
_SPEND = """
UPDATE conversation
SET paced_until = $3 + CASE WHEN paced_until > $2 AND paced_until <= $4 THEN paced_until ELSE $2 END
WHERE id = ANY($1::bigint[])"""
