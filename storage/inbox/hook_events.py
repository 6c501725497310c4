"""Store events out with the step that decided them, and erase a person from them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

from payments.processing.events_out import HookEvent, of_nobody
from storage.database.encoding import dumps, loads
from storage.database.transaction import Transaction

DOCUMENT: Final = ("number", "kind", "total", "issued_at")
"""What is told of an order's document."""


def rows(conversation: int, events: Iterable[HookEvent]) -> Iterator[tuple[Any, ...]]:
    """Yield what `add` stores of the events: (conversation, key, stream, type, the data as JSON)."""
    for one in events:
        yield (conversation, one.key, one.stream, str(one.type), dumps(one.data))


async def add(tx: Transaction, rows: Sequence[tuple[Any, ...]], now: int) -> None:
    """Store the rows, oldest first.

    Each gets the next `sequence` of its stream. The first of a stream in which nothing waits is due at once.
    """
    if not rows:
        return
    counts = Counter(stream for _, _, stream, _, _ in rows)
    # In order of their names, as whoever records an outcome locks them, so that none deadlock.
    last = {row["stream"]: row["counted"] for row in await tx.insert(_STREAMS, sorted(counts.items()))}
    sequences = {stream: count(last[stream] - number + 1) for stream, number in counts.items()}
    waiting = {row["stream"] for row in await tx.fetch(_WAITING, sorted(counts))}
    paid = {row["key"]: row["paid_at"] for row in await tx.fetch(_PAID, sorted(counts))}
    documents = await _documents(tx, sorted({row[0] for row in rows}), sorted(counts))
    made = []
    for conversation, key, stream, type, data in rows:
        text = _completed(data, paid[stream], documents[stream]) if stream in paid else data
        due = None if stream in waiting else now
        waiting.add(stream)
        made.append((conversation, key, stream, next(sequences[stream]), type, text, "waiting", due, 0, now))
    await tx.insert(_INSERT, made)


async def _documents(
    tx: Transaction, conversations: Sequence[int], keys: Sequence[str]
) -> Mapping[str, list[dict[str, Any]]]:
    """Return the documents of each order, oldest first, ready for JSON."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await tx.fetch(_DOCUMENTS, conversations, keys):
        found[row["order_key"]].append({name: row[name] for name in DOCUMENT})
    return found


def _completed(data: str, paid_at: int | None, documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the data of an order's event with what only the database knows."""
    told = loads(data)
    return dumps({**told, "order": {**told["order"], "paid_at": paid_at, "documents": documents}})


async def erase(tx: Transaction, conversations: Sequence[int]) -> None:
    """Erase the person from all events out of `conversations`. What was sent cannot be taken back."""
    rows = await tx.fetch(_OF_PERSON, conversations)
    await tx.each(_ERASE, [(row["id"], dumps(of_nobody(loads(row["data"])))) for row in rows])


_STREAMS: Final = """
INSERT INTO hook_stream (stream, counted) VALUES {rows}
ON CONFLICT (stream) DO UPDATE SET counted = hook_stream.counted + excluded.counted
RETURNING stream, counted"""
_WAITING: Final = """
SELECT DISTINCT stream FROM hook WHERE finished_at IS NULL AND stream = ANY($1::text[])"""
_PAID: Final = "SELECT key, paid_at FROM orders WHERE key = ANY($1::text[])"
_DOCUMENTS: Final = """
SELECT order_key, number, kind, total, issued_at FROM invoice
WHERE conversation_id = ANY($1::bigint[]) AND order_key = ANY($2::text[])
ORDER BY issued_at, caused_by, number"""
_INSERT: Final = """
INSERT INTO hook (conversation_id, key, stream, sequence, type, data, state, due_at, attempts, created_at)
VALUES {rows}"""
_OF_PERSON: Final = "SELECT id, data FROM hook WHERE conversation_id = ANY($1::bigint[])"
_ERASE: Final = "UPDATE hook SET data = $2 WHERE id = $1"
