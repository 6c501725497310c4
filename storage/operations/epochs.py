"""A new epoch begins where books were put back that are older than what the world knows."""

from typing import Final

from payments.processing.notice import Notice, NoticeKind
from storage.database.transaction import Transaction
from storage.inbox import notices

SINCE: Final = 1_767_225_600_000
"""2026-01-01, in milliseconds since 1970, UTC: nobody had books before."""
GAP: Final = 1_000_000
"""Numbers that are left out where the clock does not tell how many the lost books may have given."""
_NUMBERED: Final = ("conversation", "inbox", "outbox")


async def begin(tx: Transaction, now: int, on_sqlite: bool) -> int:
    """Mark the books as put back at `now` (milliseconds since 1970, UTC); the number of the new epoch.

    Ids that went out with lost messages and orders come never again; each link that was to be made is looked
    for first, since the lost books may have made it; and the provider is asked at once about every open link.
    """
    reached = _reached_on_sqlite if on_sqlite else _reached_on_postgres
    go_on = _go_on_on_sqlite if on_sqlite else _go_on_on_postgres
    for table in _NUMBERED:
        await go_on(tx, table, last_left_out(await reached(tx, table), now))
    await tx.fetch("UPDATE outbox SET attempts = attempts + 1 WHERE finished_at IS NULL AND lane = 'pay'")
    await tx.fetch(
        "UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'poll' AND due_at > $1", now
    )
    [row] = await tx.fetch(
        "UPDATE installation SET epoch = CASE WHEN epoch < $2 THEN $2 ELSE epoch + 1 END, restored_at = $1"
        " WHERE id = 1 RETURNING epoch",
        now,
        (now - SINCE) // 1000,
    )
    epoch: int = row["epoch"]
    said = (
        "the books were put back, and the links that they lack have not all been settled: stop the server and"
        " run 'munshi settle'. Messages that had left after the backup was made may have been sent again, and"
        " orders of that time are known to their customers and not here"
    )
    await notices.add(tx, [Notice(NoticeKind.RESTORED, f"epoch {epoch}", said)], now)
    return epoch


def last_left_out(reached: int, now: int) -> int:
    """After which number those of books go on that had `reached` one, and are put back at `now`.

    A number for each millisecond since `SINCE`: however often books are lost, and whichever backups are put
    back, all that was given before is less while books give fewer than a thousand a second. A sum
    on top would undo that: a backup of just after a restore, put back twice, would begin twice at the same.
    """
    by_the_clock = now - SINCE
    return by_the_clock if reached <= by_the_clock else reached + GAP


async def compared(tx: Transaction) -> None:
    """Every link that the books lack has been settled."""
    await tx.fetch("DELETE FROM notice WHERE kind = $1", str(NoticeKind.RESTORED))


async def _reached_on_sqlite(tx: Transaction, table: str) -> int:
    # A table that never had a row has no number yet.
    await tx.fetch(
        "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
        table,
    )
    [row] = await tx.fetch("SELECT seq FROM sqlite_sequence WHERE name = $1", table)
    reached: int = row["seq"]
    return reached


async def _go_on_on_sqlite(tx: Transaction, table: str, after: int) -> None:
    await tx.fetch("UPDATE sqlite_sequence SET seq = $2 WHERE name = $1", table, after)


async def _reached_on_postgres(tx: Transaction, table: str) -> int:
    [row] = await tx.fetch(
        "SELECT nextval(pg_get_serial_sequence($1::text, 'id')::regclass) AS reached", table
    )
    reached: int = row["reached"]
    return reached


async def _go_on_on_postgres(tx: Transaction, table: str, after: int) -> None:
    await tx.fetch(
        "SELECT setval(pg_get_serial_sequence($1::text, 'id')::regclass, $2::bigint)", table, after
    )
