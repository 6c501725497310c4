"""Merge conversations of one person: one survives and gets all rows of the other, which ends.

The survivor's next event, `EventKind.JOINED`, lets a step decide what the merge means for the shop.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from payments.processing.step_input import EventKind
from storage.database.encoding import dumps
from storage.database.transaction import Row, Transaction


async def join(tx: Transaction, groups: Sequence[Sequence[int]], now: int) -> dict[int, int]:
    """Make each of `groups` one conversation; return the survivor of each of their members."""
    joined: dict[int, int] = {}
    locked = await _locked(tx, {id for group in groups for id in group})
    orders = {row["conversation_id"]: row["placed_at"] for row in await tx.fetch(_OPEN, sorted(locked))}
    for group in groups:
        live = {locked[id]["merged_into"] or id for id in group}
        survivor = max(live, key=lambda id: _precedence(locked[id], orders.get(id)))
        for other in sorted(live - {survivor}):
            await _merge(tx, locked[other], locked[survivor], now)
        joined |= dict.fromkeys((*group, *live), survivor)
    return joined


def _precedence(row: Row, placed_at: int | None) -> tuple[int, int, int]:
    """Sort key of the survivor: the newest open order, else the latest message, else the lowest number."""
    never = -1
    heard = never if row["last_inbound_at"] is None else row["last_inbound_at"]
    return (never if placed_at is None else placed_at, heard, -row["id"])


async def _locked(tx: Transaction, ids: set[int]) -> dict[int, Row]:
    """Lock and return the rows of `ids`, and of the conversations that they were merged into since.

    The lock keeps other processes from stepping them. In id order, like every lock of several, so that none
    deadlock.
    """
    rows = {row["id"]: row for row in await tx.fetch(_LOCK, sorted(ids))}
    further = {row["merged_into"] for row in rows.values() if row["merged_into"]} - rows.keys()
    return rows | (await _locked(tx, further) if further else {})


_LOCK = """
SELECT id, merged_into, snapshot, last_inbound_at, last_chat, paced_until FROM conversation
WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"""

_OPEN = """
SELECT conversation_id, MAX(placed_at) AS placed_at FROM orders
WHERE conversation_id = ANY($1::bigint[]) AND lifecycle = 'open' GROUP BY conversation_id"""


async def _merge(tx: Transaction, other: Row, survivor: Row, now: int) -> None:
    """Merge `other` into `survivor`, and add the event that tells the survivor's step of it."""
    dead, id = other["id"], survivor["id"]
    latest = await tx.fetch(_LATEST, dead)
    await tx.fetch(_TIMERS, dead, now)
    await rehome(tx, dead, id, now)
    await tx.fetch(_MERGED, dead, id)
    newer = (other["last_inbound_at"], other["paced_until"], other["last_chat"])
    [row] = await tx.fetch(_SURVIVED, id, *newer)
    body = {
        "conversation": f"{tx.installation}-{dead}",
        "heard_last": (other["last_inbound_at"] or 0) > (survivor["last_inbound_at"] or 0),
        "snapshot": other["snapshot"],
    }
    survivor |= row
    order_key = latest[0]["key"] if latest else None
    await tx.fetch(_JOINED, id, f"joined:{dead}", str(EventKind.JOINED), dumps(body), now, order_key)


# The ending conversation's newest order: the one to end if both conversations have an open order.
_LATEST = "SELECT key FROM orders WHERE conversation_id = $1 ORDER BY placed_by DESC LIMIT 1"

# A state's timers mean nothing in another conversation, because visits are numbered per conversation.
_TIMERS = """
UPDATE inbox SET state = 'ignored', handled_at = $2
WHERE conversation_id = $1 AND kind = 'timer' AND state = 'pending'"""

# Conversations merged into the other before are updated too, so that `merged_into` is never a chain.
_MERGED = """
UPDATE conversation SET merged_into = $2, in_hand = NULL, counted = NULL WHERE id = $1 OR merged_into = $1"""

_SURVIVED = """
UPDATE conversation SET
    last_inbound_at = CASE WHEN last_inbound_at IS NULL OR last_inbound_at < $2::bigint
        THEN $2::bigint ELSE last_inbound_at END,
    last_chat = CASE WHEN last_inbound_at IS NULL OR last_inbound_at < $2::bigint
        THEN COALESCE($4::bigint, last_chat) ELSE last_chat END,
    paced_until = CASE WHEN paced_until < $3::bigint THEN $3::bigint ELSE paced_until END
WHERE id = $1 RETURNING last_inbound_at, last_chat, paced_until"""

# Due before all events that are due already.
_JOINED = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at, order_key)
SELECT $1::bigint, $2::text, $3::text, 'pending', COALESCE(MIN(i.due_at), $5::bigint) - 1, $4::text,
    $5::bigint, $6::text
FROM inbox i WHERE i.conversation_id = $1::bigint AND i.state = 'pending' AND i.kind <> 'receipt'
    AND i.due_at <= $5::bigint"""


async def rehome(tx: Transaction, dead: int, survivor: int, now: int) -> None:
    """Give the survivor all rows of `dead`, also those that arrived for it during the merge.

    A pending event whose key the survivor has too is a duplicate, and is ignored.
    """
    await tx.fetch(_DUPLICATES, dead, survivor, now)
    for statement in _MOVED:
        await tx.fetch(statement, dead, survivor)


_DUPLICATES = """
UPDATE inbox SET key = key || '#' || id,
    state = CASE WHEN state = 'pending' THEN 'ignored' ELSE state END,
    handled_at = CASE WHEN state = 'pending' THEN $3::bigint ELSE handled_at END
WHERE conversation_id = $1 AND EXISTS (
    SELECT 1 FROM inbox s WHERE s.conversation_id = $2 AND s.key = inbox.key)"""

# Of the outbox only unfinished entries, which an index finds. Reports find finished ones by `merged_into`.
_MOVED = (
    "UPDATE alias SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE inbox SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE outbox SET conversation_id = $2 WHERE conversation_id = $1 AND state IN ('pending', 'sending')",
    "UPDATE orders SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE attempt SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE fact SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE refund SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE hook SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE amendment SET conversation_id = $2 WHERE conversation_id = $1",
    "UPDATE invoice SET conversation_id = $2 WHERE conversation_id = $1",
)


async def same(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of `pairs` of conversations that are merged with each other."""
    ids = sorted({id for pair in pairs for id in pair})
    rows = await tx.fetch(_MERGES, ids) if ids else []
    now: Mapping[Any, int] = {row["id"]: row["now"] for row in rows}
    return {pair for pair in pairs if now.get(pair[0], pair[0]) == now.get(pair[1], pair[1])}


_MERGES = "SELECT id, COALESCE(merged_into, id) AS now FROM conversation WHERE id = ANY($1::bigint[])"
