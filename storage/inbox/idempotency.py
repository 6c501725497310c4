"""Idempotency keys: each is one request's for good, whatever becomes of the request's event.

Neither pruning nor forgetting deletes a key. Of a request it keeps two digests and the number of its event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a request that is repeated known again. Both are digests in hexadecimal."""

    key: str
    """Of the key, with the customer or the order for which it counts."""
    request: str
    """Of what is asked for, and of the key itself: it is not stored, so nobody can guess what was asked."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The request that a key was used for first."""

    event: int
    """The number of its event. The event may be erased by now."""
    request: str
    conversation: int | None = None
    """The number of its event's conversation; None if the event is erased."""


async def earlier(tx: Transaction, wanted: Iterable[Once]) -> dict[str, Earlier]:
    """Return, by key, the requests for which these keys were used before."""
    keys = sorted({once.key for once in wanted})
    rows = await tx.fetch(_EARLIER, keys) if keys else []
    return {row["key"]: Earlier(row["event"], row["request"], row["conversation_id"]) for row in rows}


async def keep(tx: Transaction, used: Sequence[tuple[Once, int]]) -> None:
    """Store the keys of new requests, each with the number of its event."""
    await tx.insert(_KEEP, sorted((once.key, once.request, event) for once, event in used))


_EARLIER: Final = """
SELECT k.key, k.request, k.event, i.conversation_id FROM idempotency_key k LEFT JOIN inbox i ON i.id = k.event
WHERE k.key = ANY($1::text[])"""

# Without ON CONFLICT: a process that loses a race for a key retries, and then finds the other's request.
_KEEP: Final = "INSERT INTO idempotency_key (key, request, event) VALUES {rows}"
