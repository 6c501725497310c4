"""What the channel accepted and then could not deliver goes out once more, where that may help.

The entry goes back to `pending`, with the payload that is sent instead, and the copies that failed are
remembered in it: no late word on one of them counts, but that it came after all. The channel says which
remedy a failure has (`Remedy`); how often and when is decided here.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from flows.messages.kinds import from_json, to_json
from storage.database.encoding import dumps, loads
from storage.database.transaction import Row, Transaction


class Remedy(StrEnum):
    """What may help a message that was accepted and failed."""

    TEMPLATE = "template"
    """It came too late to be sent as it is: its template, once. That has no template of its own."""
    PLAIN = "plain"
    """Its picture or file could not be fetched: the same without it."""
    SOON = "soon"
    """The reason passes by itself: the same again."""
    LATER = "later"
    """The account was refused: the same again, when a person may have seen to it."""


GAPS: Final[Mapping[Remedy, tuple[int, ...]]] = {
    Remedy.SOON: (2_000, 15_000, 60_000, 300_000),
    Remedy.LATER: (300_000, 1_800_000, 7_200_000, 21_600_000, 54_000_000),
}
"""Milliseconds to wait after the first, second … failure of one message. After the last it has failed.

What the same customer is told next waits meanwhile, so that it comes in order: hence minutes, but for an
account that is refused, where nothing else would arrive either: a day in all.
"""
_FAILURES: Final = "undelivered"
"""In a payload: how often it was accepted and then failed."""
_COPIES: Final = "failed_copies"
"""In a payload: what the channel calls the copies that failed."""


async def load(tx: Transaction, entries: Sequence[Row]) -> None:
    """Add what the others need to know to `entries`: `payload` and `due_at`."""
    by_id = {entry["id"]: entry for entry in entries}
    for row in await tx.fetch(_PAYLOADS, sorted(by_id)) if by_id else ():
        by_id[row["id"]] |= {"payload": loads(row["payload"]), "due_at": row["due_at"]}


_PAYLOADS = "SELECT id, payload, due_at FROM outbox WHERE id = ANY($1::bigint[])"


def failed_before(entry: Row, copy: str) -> bool:
    """Whether `copy` is a copy of `entry`, which waits to be sent again, that has failed."""
    return copy in entry["payload"].get(_COPIES, ())


def lacks(entry: Row) -> bool:
    """Whether `entry` is no template and has none."""
    payload = entry["payload"]
    return bool(payload["kind"] != "template" and "fallback" not in payload)


def take(entry: Row, remedy: Remedy, copy: str | None, error: str | None, now: int) -> bool:
    """Let `entry` be sent again, instead of `copy`; False if `remedy` has nothing, or no more."""
    payload, gap = _again(entry["payload"], remedy)
    if payload is None or entry["state"] == "failed":
        return False
    # One that waits may be out once more already: it keeps its time.
    due_at = entry["due_at"] if entry["state"] == "pending" else now + gap
    copies = [*entry["payload"].get(_COPIES, ()), *([copy] if copy else ())]
    entry |= {
        "payload": {**payload, _COPIES: copies},
        "due_at": due_at,
        "again": True,
        "state": "pending",
        "finished_at": None,
    }
    entry |= {"provider_id": copy, "receipt": None, "receipt_rank": None, "error": error}
    return True


def _again(payload: dict[str, Any], remedy: Remedy) -> tuple[dict[str, Any] | None, int]:
    """What is sent instead, None if nothing is; and after how many milliseconds."""
    failures = payload.get(_FAILURES, 0)
    match remedy:
        case Remedy.TEMPLATE:
            return payload.get("fallback"), 0
        case Remedy.PLAIN:
            words = from_json(payload).without_media()
            return ({**to_json(words), _FAILURES: failures} if words else None), 0
        case Remedy.SOON | Remedy.LATER:
            gaps = GAPS[remedy]
            if failures >= len(gaps):
                return None, 0
            return {**payload, _FAILURES: failures + 1}, gaps[failures]


def longest(payload: dict[str, Any]) -> int:
    """Milliseconds that what is to be sent again may wait for that at most, after so many failures."""
    nth = payload.get(_FAILURES, 0) - 1
    return max((gaps[nth] for gaps in GAPS.values() if 0 <= nth < len(gaps)), default=0)


async def write(tx: Transaction, entries: Iterable[Row]) -> None:
    """Store the payloads of those of `entries` that are sent again."""
    again = sorted((e["id"], dumps(e["payload"]), e["due_at"]) for e in entries if e.get("again"))
    await tx.fetch_rows(_AGAIN, "bigint text bigint", again)


# What was finished stayed with a conversation that was joined to another since: only that one has an address.
_AGAIN = """
UPDATE outbox SET payload = v.column2, due_at = v.column3, conversation_id = COALESCE(
    (SELECT c.merged_into FROM conversation c WHERE c.id = outbox.conversation_id), conversation_id)
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1"""
