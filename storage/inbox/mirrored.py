"""Store which orders of a step have copies in the shop's other system that may have to follow."""

from collections.abc import Sequence
from typing import Final

from payments.ledger.mirrors import Concerned
from storage.database.transaction import Transaction


async def store(tx: Transaction, concerned: Sequence[Concerned], now: int) -> None:
    """Make the copies of `concerned` due at `now`. A changed order without a copy gets none."""
    new = {one.order_key: (one.order_key, "wanted", *(0,) * 11, now, now) for one in concerned if one.is_new}
    await tx.insert(_NEW, list(new.values()))
    changed = [(one.order_key, int(one.restock), now) for one in concerned if not one.is_new]
    if changed:
        await tx.fetch_rows(_CHANGED, "text int bigint", changed)


# While a worker has the copy, it is due again when the worker is done: see `storage.outbox.mirrors`.
_NEW: Final = """
INSERT INTO mirror (order_key, state, restock, amendments, asked_at, looks, failures, failing_since, recheck,
    doubted_at, revision, tries, leased, due_at, created_at)
VALUES {rows}
ON CONFLICT (order_key) DO UPDATE SET revision = mirror.revision + 1, restock = excluded.restock,
    due_at = CASE WHEN mirror.leased = 1 THEN mirror.due_at ELSE excluded.due_at END"""
_CHANGED: Final = """
UPDATE mirror SET revision = revision + 1,
    restock = CASE WHEN v.column2 = 1 THEN 1 ELSE restock END,
    due_at = CASE WHEN leased = 1 THEN due_at ELSE v.column3 END
FROM (VALUES {rows}) AS v WHERE mirror.order_key = v.column1"""
