"""The rows of the orders of one step whose copies in the shop's other system may have to follow."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from payments.ledger.mirrors import Concerned


def new(concerned: Iterable[Concerned], now: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `NEW`: orders that are to have a copy from now on."""
    for one in concerned:
        if one.is_new:
            yield (one.order_key, "wanted", *(0,) * 10, now, now)


def changed(concerned: Iterable[Concerned], now: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `CHANGED`: orders that were changed. Those without a copy get none."""
    for one in concerned:
        if not one.is_new:
            yield (one.order_key, int(one.restock), now)


# While a worker has the copy, it is due again when the worker is done: see `storage.outbox.mirrors`.
NEW: Final = """
INSERT INTO mirror (order_key, state, restock, amendments, asked_at, looks, failures, failing_since, recheck,
    revision, tries, leased, due_at, created_at)
VALUES {rows}
ON CONFLICT (order_key) DO UPDATE SET revision = mirror.revision + 1, restock = excluded.restock,
    due_at = CASE WHEN mirror.leased = 1 THEN mirror.due_at ELSE excluded.due_at END"""
CHANGED: Final = """
UPDATE mirror SET revision = revision + 1, restock = v.column2,
    due_at = CASE WHEN leased = 1 THEN due_at ELSE v.column3 END
FROM (VALUES {rows}) AS v WHERE mirror.order_key = v.column1"""
