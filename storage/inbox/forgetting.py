"""Forget a person: erase their names, chat and messages, and keep orders and money without them."""

from collections.abc import Sequence
from typing import Any, Final

from payments.processing.step_input import EventKind
from storage.database.transaction import Transaction

FAREWELL: Final = 60_000
"""Milliseconds from the customer's wish to be forgotten to the forgetting, in which a goodbye can leave."""

MONEY: Final = (EventKind.FACTS, EventKind.RESULT, EventKind.POLL, EventKind.FORGET)
"""Kinds of events that stay: they name orders and products, and no person."""


async def erase(tx: Transaction, rows: Sequence[tuple[Any, ...]], now: int) -> None:
    """Erase the customers of the conversations `rows`, (number,) each; their snapshots are blank already.

    A message that is being sent cannot be taken back; nothing is recorded of it.
    """
    ids = sorted({row[0] for row in rows})
    merged = [row["id"] for row in await tx.fetch(_MERGED, ids)]
    everyone = sorted({*ids, *merged})
    await tx.fetch(_ALIASES, everyone)
    await tx.fetch(_EVENTS, everyone, [str(kind) for kind in MONEY])
    await tx.fetch(_MESSAGES, everyone)
    await tx.fetch(_BLANK, merged)
    await tx.fetch(_MARK, everyone, now)


_MERGED: Final = "SELECT id FROM conversation WHERE merged_into = ANY($1::bigint[])"
_ALIASES: Final = "DELETE FROM alias WHERE conversation_id = ANY($1::bigint[])"
_EVENTS: Final = """
DELETE FROM inbox WHERE conversation_id = ANY($1::bigint[]) AND NOT kind = ANY($2::text[])"""
_MESSAGES: Final = "DELETE FROM outbox WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat'"
_BLANK: Final = "UPDATE conversation SET snapshot = '{}' WHERE id = ANY($1::bigint[])"
_MARK: Final = """
UPDATE conversation SET forgotten_at = $2, last_inbound_at = NULL, last_chat = NULL, in_hand = NULL,
    hears = 'orders'
WHERE id = ANY($1::bigint[])"""
