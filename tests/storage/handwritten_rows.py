"""Rows inserted by hand, for the tests of what reads them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.encoding import dumps

NOW: Final = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC."""
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "conversation": {
        "state": "browsing", "snapshot": "{}", "created_at": NOW, "updated_at": NOW,
        "paced_until": 0, "hears": "orders",
    },
    "alias": {"kind": "phone", "told_at": 0},
    "inbox": {"kind": "chat", "state": "applied", "due_at": NOW, "received_at": NOW, "handled_at": NOW},
    "outbox": {
        "lane": "chat", "urgency": 0, "state": "done", "due_at": NOW, "attempts": 1, "created_at": NOW,
        "finished_at": NOW,
    },
    "orders": {
        "conversation_id": 1, "lines": [["masala", "Masala chai", 2, 25_000]], "total": 50_000,
        "currency": "INR", "terms": "{}", "destination": "{}", "payment": "unpaid", "lifecycle": "open",
        "fulfilled": 0, "held": 0,
        "placed_at": NOW, "placed_by": 1,
    },
    "attempt": {
        "conversation_id": 1, "ordinal": 1, "amount": 50_000, "currency": "INR", "status": "created",
        "expires_at": NOW, "created_at": NOW,
    },
    "fact": {
        "conversation_id": 1, "entity": "payment", "state": "captured", "amount": 50_000,
        "currency": "INR", "at": 1, "detail": {}, "learned_at": NOW, "learned_from": 1,
    },
    "refund": {"conversation_id": 1, "reason": "surplus", "created_at": NOW},
    "amendment": {
        "conversation_id": 1, "sku": "", "pieces": 0, "changed_by": "Meena", "why": "", "shelf": 0,
        "created_at": NOW, "caused_by": 1,
    },
    "hook": {
        "type": "order.stage", "data": {}, "state": "waiting", "attempts": 0, "created_at": NOW,
        "finished_at": None,
    },
    "stock": {"declared": 10, "in_file": 10, "in_served": 10, "reserved": 0, "sold": 0},
    "notice": {"created_at": NOW},
}  # fmt: skip


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """Open the store at `url`; close it however the test ends."""
    store = await Store.open(url, WHATSAPP)
    try:
        yield store
    finally:
        await store.close()


async def insert(store: Store, table: str, **columns: Any) -> None:
    """Insert one row: `columns`, and defaults for the rest. JSON columns are given as values."""
    row = {**_DEFAULTS[table], **columns}
    values = [dumps(value) if isinstance(value, (list, dict)) else value for value in row.values()]
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"
    await store._units.run(lambda tx: tx.fetch(sql, *values))


async def run_sql(store: Store, sql: str) -> None:
    """Run one statement."""
    await store._units.run(lambda tx: tx.fetch(sql))
