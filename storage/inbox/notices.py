"""What operators must know: stored once for each subject, until they have seen to it."""

from collections.abc import Sequence

from payments.processing.notice import Notice
from storage.database.transaction import Transaction


async def add(tx: Transaction, notices: Sequence[Notice], now: int) -> None:
    """Store those of `notices` that are not there yet. `now` is in milliseconds."""
    rows = sorted({(notice.kind, notice.subject): notice.said for notice in notices}.items())
    await tx.insert(_INSERT, [(str(kind), subject, said, now) for (kind, subject), said in rows])


_INSERT = """
INSERT INTO notice (kind, subject, said, created_at) VALUES {rows} ON CONFLICT DO NOTHING"""
