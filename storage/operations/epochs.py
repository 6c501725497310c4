"""A new epoch begins where books were put back that are older than what the world knows."""

from collections.abc import Mapping
from typing import Final

from payments.processing.changes import Notice
from storage.database.transaction import Transaction
from storage.inbox import notices

GAP: Final = 1_000_000
"""Numbers that the lost books may have given, and that are left out."""
_NUMBERED: Final = ("conversation", "inbox", "outbox")
KIND: Final = "restored"
"""Of the notice that the links at Razorpay have not been compared yet."""


async def begin(tx: Transaction, now: int, on_sqlite: bool, reached: Mapping[str, int]) -> int:
    """Mark the books as put back at `now` (milliseconds since 1970, UTC); the number of the new epoch.

    Ids that went out with lost messages and orders come never again; each link that was to be made is looked
    for first, since the lost books may have made it; and Razorpay is asked at once about every open link.
    `reached` are the numbers, by table, and the `epoch` that the books had come to which were in the way.
    """
    for table in _NUMBERED:
        least = reached.get(table, 0)
        await (_skip_sqlite(tx, table, least) if on_sqlite else _skip_postgres(tx, table))
    await tx.fetch("UPDATE outbox SET attempts = attempts + 1 WHERE finished_at IS NULL AND lane = 'pay'")
    await tx.fetch(
        "UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'poll' AND due_at > $1", now
    )
    [row] = await tx.fetch(
        "UPDATE installation SET epoch = CASE WHEN epoch < $2 THEN $2 ELSE epoch END + 1, restored_at = $1"
        " WHERE id = 1 RETURNING epoch",
        now,
        reached.get("epoch", 0),
    )
    epoch: int = row["epoch"]
    said = (
        "the books were put back, and the links that they lack have not all been settled: stop the server and"
        " run 'munshi settle'. Messages that had left after the backup was made may have been sent again, and"
        " orders of that time are known to their customers and not here"
    )
    await notices.add(tx, [Notice(KIND, f"epoch {epoch}", said)], now)
    return epoch


async def compared(tx: Transaction) -> None:
    """Every link that the books lack has been settled."""
    await tx.fetch("DELETE FROM notice WHERE kind = $1", KIND)


async def _skip_sqlite(tx: Transaction, table: str, least: int) -> None:
    # A table that never had a row has no number yet.
    await tx.fetch(
        "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
        table,
    )
    await tx.fetch(
        "UPDATE sqlite_sequence SET seq = CASE WHEN seq < $3 THEN $3 ELSE seq END + $2 WHERE name = $1",
        table,
        GAP,
        least,
    )


async def _skip_postgres(tx: Transaction, table: str) -> None:
    await tx.fetch(
        "SELECT setval(s.name::regclass, nextval(s.name::regclass) + $2::bigint)"
        " FROM (SELECT pg_get_serial_sequence($1::text, 'id') AS name) s",
        table,
        GAP,
    )
