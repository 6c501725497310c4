"""How often each delivery slot and each coupon is taken: read with each batch, changed by guarded updates."""

from collections import Counter
from collections.abc import Iterable

from payments.shop.quotas import Booking
from storage.database.transaction import SoldOut, Transaction


async def taken(tx: Transaction, now: int) -> dict[str, int]:
    """Return how often each slot and coupon is taken that can still be, by name."""
    rows = await tx.fetch("SELECT name, taken FROM quota WHERE ends_at IS NULL OR ends_at > $1", now)
    return {row["name"]: row["taken"] for row in rows}


async def take(tx: Transaction, bookings: Iterable[Booking]) -> None:
    """Apply `bookings`. Raises SoldOut if one takes more places than there are left by now."""
    places: Counter[str] = Counter()
    last: dict[str, Booking] = {}
    for booking in bookings:
        places[booking.name] += booking.places
        if booking.places > 0 or booking.name not in last:
            last[booking.name] = booking
    # In order of name, like every change of several, so that none deadlock.
    for name in sorted(places):
        limit, ends = last[name].limit, last[name].ends or None
        if places[name] <= 0:
            await tx.fetch(_FREE, name, places[name])
        elif not await tx.fetch(_TAKE, name, places[name], ends, limit):
            raise SoldOut(name)


# The count of a slot that began long ago may have been pruned: it does not fall below 0.
_FREE = """
UPDATE quota SET taken = CASE WHEN taken + $2::bigint < 0 THEN 0 ELSE taken + $2::bigint END
WHERE name = $1"""

_TAKE = """
INSERT INTO quota (name, taken, ends_at)
SELECT $1::text, $2::bigint, $3::bigint WHERE $4::bigint IS NULL OR $2::bigint <= $4::bigint
ON CONFLICT (name) DO UPDATE SET taken = quota.taken + $2::bigint
WHERE $4::bigint IS NULL OR quota.taken + $2::bigint <= $4::bigint
RETURNING name"""
