"""What goes in and out: calls that are tried again, and when a customer was last heard."""

from dataclasses import dataclass

from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Traffic:
    """What goes in and out, at one instant."""

    retried: int
    """Messages and calls that were tried, and wait to be tried again."""
    heard_at: int | None
    """When the last message of a customer came: milliseconds since 1970, UTC; None if none ever did."""


async def traffic(tx: Transaction) -> Traffic:
    """Return what goes in and out."""
    [row] = await tx.fetch(_RETRIED)
    heard = await tx.fetch(_HEARD)
    return Traffic(row["retried"], heard[0]["last_inbound_at"] if heard else None)


_RETRIED = """
SELECT COUNT(*) AS retried FROM outbox WHERE finished_at IS NULL AND state = 'pending' AND attempts > 0"""
_HEARD = """
SELECT last_inbound_at FROM conversation WHERE last_inbound_at > 0 ORDER BY last_inbound_at DESC LIMIT 1"""
