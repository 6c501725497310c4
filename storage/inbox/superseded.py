"""Answers that wait to be sent and that newer ones supersede."""

from collections.abc import Iterable, Iterator
from typing import Final

from flows.engine.effects import Say
from payments.processing.answers import ANY, KEPT, flood_notice
from payments.processing.changes import Caused
from storage.database.transaction import Transaction
from storage.inbox import notices


def by(conversation: int, messages: Iterable[Caused[Say]]) -> Iterator[int]:
    """Yield the conversation if some of the messages to its customer may supersede others."""
    if any(say.topic for _, say in messages):
        yield conversation


async def supersede(tx: Transaction, conversations: Iterable[int], now: int) -> None:
    """Finish the waiting answers of these conversations that newer ones supersede, and tell operators.

    What was tried may have been sent: it stays.
    """
    rows = await tx.fetch(_SUPERSEDE, sorted(set(conversations)), KEPT, ANY, now)
    limited = sorted({row["conversation_id"] for row in rows})
    await notices.add(tx, [flood_notice(f"{tx.installation}-{one}") for one in limited], now)


_SUPERSEDE: Final = """
UPDATE outbox SET state = 'superseded', finished_at = $4
WHERE state = 'pending' AND attempts = 0 AND id IN (
    SELECT e.id FROM (
        SELECT id, topic, DENSE_RANK() OVER (
            PARTITION BY conversation_id, topic ORDER BY caused_by DESC
        ) AS place
        FROM outbox
        WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat' AND urgency = 0
            AND finished_at IS NULL AND topic IS NOT NULL
    ) e WHERE e.place > CASE e.topic WHEN $3::text THEN $2::int ELSE 1 END
)
RETURNING conversation_id"""
