"""What WhatsApp accepted and then refused, because the 24 hours were over, is sent as its template: once.

The entry goes back to `pending` with the template as its payload, which has no template of its own; the
copy that was refused stays its `provider_id` until another is accepted, so that no late word about it counts.
"""

from collections.abc import Iterable, Sequence

from storage.encoding import dumps, loads
from storage.transaction import Row, Transaction


async def load(tx: Transaction, entries: Sequence[Row]) -> None:
    """Add what the others need to know to `entries`: `payload` and `due_at`."""
    by_id = {entry["id"]: entry for entry in entries}
    for row in await tx.fetch(_PAYLOADS, sorted(by_id)) if by_id else ():
        by_id[row["id"]] |= {"payload": loads(row["payload"]), "due_at": row["due_at"]}


_PAYLOADS = "SELECT id, payload, due_at FROM outbox WHERE id = ANY($1::bigint[])"


def lacks(entry: Row) -> bool:
    """Whether `entry` is no template and has none."""
    payload = entry["payload"]
    return bool(payload["kind"] != "template" and "fallback" not in payload)


def take(entry: Row, wamid: str | None, error: str | None, now: int) -> bool:
    """Let `entry` be sent as its template, instead of the copy `wamid`; False if it has none, or failed."""
    fallback = entry["payload"].get("fallback")
    if fallback is None or entry["state"] == "failed":
        return False
    # One that waits may be out once more already: it keeps its time.
    due_at = entry["due_at"] if entry["state"] == "pending" else now
    entry |= {"payload": fallback, "due_at": due_at, "again": True, "state": "pending", "finished_at": None}
    entry |= {"provider_id": wamid, "receipt": None, "error": error}
    return True


async def write(tx: Transaction, entries: Iterable[Row]) -> None:
    """Store the payloads of those of `entries` that are sent again."""
    again = sorted((e["id"], dumps(e["payload"]), e["due_at"]) for e in entries if e.get("again"))
    await tx.fetch_rows(_AGAIN, "bigint text bigint", again)


_AGAIN = """
UPDATE outbox SET payload = v.column2, due_at = v.column3
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1"""
