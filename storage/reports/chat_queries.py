"""The chats for the API of those who run the shop; see `storage.reports.chats`.

In SQL, like all queries on the server's own connection.
"""

from typing import Final

from storage.database.transaction import Transaction
from storage.inbox import staff
from storage.inbox.customers import Naming
from storage.reports.chats import EVER, ChatFilter, ChatPage, ChatPlace, page


async def listed(tx: Transaction, wanted: ChatFilter, naming: Naming) -> ChatPage:
    """Return one page of the chats that `wanted` describes."""
    after = wanted.after or ChatPlace(EVER, 0)
    sql = _WAITING if wanted.waiting else _IN_HAND if wanted.in_hand else _ALL
    rows = await tx.fetch(sql, after.heard_at, after.id, wanted.limit + 1)
    ids = [row["id"] for row in rows]
    numbers = [row["last_chat"] for row in rows if row["last_chat"] is not None]
    phones = await staff.phones(tx, ids, naming) if ids else {}
    last = await tx.fetch(_LAST, numbers) if numbers else []
    return page(tx.installation, rows, phones, {row["id"]: row["body"] for row in last}, wanted.limit)


_ALL: Final = """
SELECT id, state, snapshot, last_inbound_at, created_at, last_chat FROM conversation
WHERE (last_inbound_at, id) < ($1, $2) AND merged_into IS NULL
ORDER BY last_inbound_at DESC, id DESC LIMIT $3"""
_IN_HAND: Final = """
SELECT id, state, snapshot, last_inbound_at, created_at, last_chat FROM conversation
WHERE (COALESCE(last_inbound_at, created_at), id) < ($1, $2) AND in_hand IS NOT NULL
ORDER BY COALESCE(last_inbound_at, created_at) DESC, id DESC LIMIT $3"""
_WAITING: Final = """
SELECT id, state, snapshot, last_inbound_at, created_at, last_chat FROM conversation
WHERE (COALESCE(last_inbound_at, created_at), id) < ($1, $2) AND in_hand = 'waits'
ORDER BY COALESCE(last_inbound_at, created_at) DESC, id DESC LIMIT $3"""
_LAST: Final = "SELECT id, body FROM inbox WHERE id = ANY($1::bigint[])"
