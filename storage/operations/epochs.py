"""Begin a new epoch after a restore: customers and providers know more than the restored database."""

from typing import Final

from payments.ledger.polling import REFUND_WINDOW
from payments.processing.notice import Notice, NoticeKind
from payments.shop.invoice_series import SERIES_OF_A_RESTORE
from storage.database.transaction import Transaction
from storage.inbox import notices

SINCE: Final = 1_767_225_600_000
"""2026-01-01, in milliseconds since 1970, UTC: no database of Munshi is older."""
GAP: Final = 1_000_000
"""Numbers to skip where the clock does not tell how many the lost database may have given."""
LOST_ORDERS: Final = 1000
"""Order numbers to skip: customers may know those of orders that are lost."""
_NUMBERED: Final = ("conversation", "inbox", "outbox")


async def begin(tx: Transaction, now: int, on_sqlite: bool) -> int:
    """Mark the database as restored at `now` (milliseconds since 1970, UTC); return the new epoch's number.

    Ids of lost messages and orders are never given again. A link that is still to be made is first looked for
    at the provider, since the lost database may have made it. Every open link is polled at once, and every
    link of the last 30 days: the lost database may have given back money of it. The copies of orders of these
    days are read again.
    A broadcast under way is not gone on with: no customer gets the offer twice.
    """
    read = _read_sequence_on_sqlite if on_sqlite else _read_sequence_on_postgres
    write = _set_sequence_on_sqlite if on_sqlite else _set_sequence_on_postgres
    for table in _NUMBERED:
        await write(tx, table, last_left_out(await read(tx, table), now))
    # A second attempt at a call looks for what the first may have made.
    await tx.fetch("UPDATE outbox SET attempts = attempts + 1 WHERE finished_at IS NULL AND lane = 'pay'")
    await tx.fetch(
        "UPDATE inbox SET due_at = $1 WHERE state = 'pending' AND kind = 'poll' AND due_at > $1", now
    )
    await tx.fetch(_POLL_LINKS, now, now - REFUND_WINDOW)
    await tx.fetch(_READ_COPIES, now, now - REFUND_WINDOW)
    # Nobody knows who got the offer after the backup was made.
    await tx.fetch("UPDATE broadcast SET due_at = NULL WHERE due_at IS NOT NULL")
    [row] = await tx.fetch(
        "UPDATE installation SET epoch = CASE WHEN epoch < $2 THEN $2 ELSE epoch + $4 END, restored_at = $1,"
        " next_order = next_order + $3 WHERE id = 1 RETURNING epoch",
        now,
        (now - SINCE) // 1000,
        LOST_ORDERS,
        SERIES_OF_A_RESTORE,
    )
    epoch: int = row["epoch"]
    text = (
        "the books were put back, and the links that they lack have not all been settled: stop the server and"
        " run 'munshi settle'. Messages that had left after the backup was made may have been sent again, and"
        " orders of that time are known to their customers and not here"
    )
    await notices.add(tx, [Notice(NoticeKind.RESTORED, f"epoch {epoch}", text)], now)
    return epoch


_POLL_LINKS: Final = """
INSERT INTO inbox (conversation_id, order_key, key, kind, state, due_at, body, received_at)
SELECT conversation_id, order_key, 'poll:' || reference_id || ':' || $1::bigint || ':restored', 'poll',
    'pending', $1, '{"reference_id":"' || reference_id || '","since":' || created_at || ',"nth":0}', $1
FROM attempt WHERE link_id IS NOT NULL AND created_at > $2 AND NOT EXISTS (
    SELECT 1 FROM inbox WHERE inbox.order_key = attempt.order_key AND state = 'pending'
        AND inbox.key LIKE 'poll:' || reference_id || ':%')"""
"""A chain that began with the link: of one that is over, this is its last poll."""
_READ_COPIES: Final = """
UPDATE mirror SET recheck = 1, revision = revision + 1,
    due_at = CASE WHEN leased = 1 THEN due_at ELSE $1::bigint END
WHERE copy_id IS NOT NULL AND created_at > $2"""
"""The lost database may have heard that a copy in the shop's other system was cancelled."""


def last_left_out(reached: int, now: int) -> int:
    """Return the last number to skip in a database that had `reached` a number and is restored at `now`.

    It counts one number for each millisecond since `SINCE`. So it is greater than any number given before,
    however often a database is lost and whichever backup is restored, as long as a database gives fewer than
    a thousand numbers a second. Adding a gap to it would break this: a backup made just after a restore, if
    restored twice, would go on twice from the same number.
    """
    by_the_clock = now - SINCE
    return by_the_clock if reached <= by_the_clock else reached + GAP


async def finish_restore(tx: Transaction) -> None:
    """Delete the notice of the restore: every link that the database lacks has been settled."""
    await tx.fetch("DELETE FROM notice WHERE kind = $1", str(NoticeKind.RESTORED))


async def _read_sequence_on_sqlite(tx: Transaction, table: str) -> int:
    # A table that never had a row has no sequence yet.
    await tx.fetch(
        "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
        table,
    )
    [row] = await tx.fetch("SELECT seq FROM sqlite_sequence WHERE name = $1", table)
    reached: int = row["seq"]
    return reached


async def _set_sequence_on_sqlite(tx: Transaction, table: str, after: int) -> None:
    await tx.fetch("UPDATE sqlite_sequence SET seq = $2 WHERE name = $1", table, after)


async def _read_sequence_on_postgres(tx: Transaction, table: str) -> int:
    [row] = await tx.fetch(
        "SELECT nextval(pg_get_serial_sequence($1::text, 'id')::regclass) AS reached", table
    )
    reached: int = row["reached"]
    return reached


async def _set_sequence_on_postgres(tx: Transaction, table: str, after: int) -> None:
    await tx.fetch(
        "SELECT setval(pg_get_serial_sequence($1::text, 'id')::regclass, $2::bigint)", table, after
    )
