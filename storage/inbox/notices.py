"""Notices for operators: stored once for each kind and subject, until an operator deletes them."""

from collections.abc import Sequence

from payments.processing.notice import Notice
from storage.database.transaction import Transaction


async def add(tx: Transaction, notices: Sequence[Notice], now: int) -> None:
    """Store those of `notices` that are not there yet. `now` is in milliseconds."""
    texts = sorted({(notice.kind, notice.subject): notice.said for notice in notices}.items())
    await tx.insert(_INSERT, [(str(kind), subject, text, now) for (kind, subject), text in texts])


_INSERT = """
INSERT INTO notice (kind, subject, said, created_at) VALUES {rows} ON CONFLICT DO NOTHING"""
