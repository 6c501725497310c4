"""Send a message again that the channel accepted and then could not deliver, where that may help.

The entry becomes `pending` again, with the payload to send instead. The payload lists the copies that failed:
a later receipt of one of them is ignored, unless it says that the copy arrived after all. The channel decides
which remedy a failure has (`Remedy`); this module decides how often and when.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog

from flows.messages.kinds import Message, TemplateMessage, from_json, to_json
from storage.database.encoding import dumps, loads
from storage.database.queues import OutboxState
from storage.database.transaction import Transaction
from storage.outbox.entry import Entry

log = structlog.get_logger()


class Remedy(StrEnum):
    """What may help a message that was accepted and failed."""

    TEMPLATE = "template"
    """It was too late to be sent as it is: send its template, once. A template has no template itself."""
    PLAIN = "plain"
    """The channel could not take its file or its form: send its plain form."""
    SOON = "soon"
    """The reason is temporary: send the same again."""
    LATER = "later"
    """The account was refused: send the same again when a person may have fixed that."""


GAPS: Final[Mapping[Remedy, tuple[int, ...]]] = {
    Remedy.SOON: (2_000, 15_000, 60_000, 300_000),
    Remedy.LATER: (300_000, 1_800_000, 7_200_000, 21_600_000, 54_000_000),
}
"""Milliseconds to wait after the first, second … failure of one message. After the last gap it has failed.

The customer's next messages wait meanwhile, to stay in order: hence minutes. If the account is refused, no
other message would arrive either: hence a day in all.
"""
_FAILURES: Final = "undelivered"
"""Payload field: how often the message was accepted and then failed."""
_COPIES: Final = "failed_copies"
"""Payload field: the channel's ids of the copies that failed."""


async def load(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Load `payload` and `due_at` into `entries`; the other functions need them.

    A payload that cannot be read becomes None: such a message cannot be sent again.
    """
    by_id = {entry.id: entry for entry in entries}
    for row in await tx.fetch(_PAYLOADS, sorted(by_id)) if by_id else ():
        entry = by_id[row["id"]]
        entry.payload, entry.due_at = _readable(row["payload"]), row["due_at"]


def _readable(text: str) -> dict[str, Any] | None:
    try:
        payload: dict[str, Any] = loads(text)
        _check(payload)
    except Exception as error:  # noqa: BLE001 - any error concerns only this message
        log.warning("message cannot be sent again", error=type(error).__name__)
        return None
    return payload


def _check(payload: dict[str, Any]) -> None:
    """Raises an exception of any kind if the message, or what is noted of its failures, cannot be read."""
    from_json(payload)
    if not isinstance(payload.get(_FAILURES, 0), int) or not isinstance(payload.get(_COPIES, []), list):
        raise TypeError("what is noted of its failures has another shape")


_PAYLOADS = "SELECT id, payload, due_at FROM outbox WHERE id = ANY($1::bigint[])"


def message_of(entry: Entry) -> Message | None:
    """Return the message of `entry`; None if it is a template, or cannot be read."""
    message = from_json(entry.payload) if entry.payload else None
    return None if isinstance(message, TemplateMessage) else message


def failed_before(entry: Entry, copy: str) -> bool:
    """Whether `copy` is a failed copy of `entry`, which waits to be sent again."""
    return copy in (entry.payload or {}).get(_COPIES, ())


def has_no_template(entry: Entry) -> bool:
    """Whether `entry` is not a template and has none that can be read."""
    payload = entry.payload
    return payload is None or bool(payload["kind"] != "template" and "fallback" not in payload)


def schedule(entry: Entry, remedy: Remedy, copy: str | None, error: str | None, now: int) -> bool:
    """Schedule `entry` to be sent again in place of `copy`; False if `remedy` offers nothing, or no more."""
    if entry.payload is None or entry.state is OutboxState.FAILED:
        return False
    payload, gap = _next_payload(entry.payload, remedy)
    if payload is None:
        return False
    if entry.state is not OutboxState.PENDING:
        # A pending entry may have been sent once more already: it keeps its due time.
        entry.due_at = now + gap
    copies = [*entry.payload.get(_COPIES, ()), *([copy] if copy else ())]
    entry.payload, entry.goes_again = {**payload, _COPIES: copies}, True
    entry.state, entry.finished_at = OutboxState.PENDING, None
    entry.provider_id, entry.receipt, entry.receipt_rank, entry.error = copy, None, None, error
    return True


def _next_payload(payload: dict[str, Any], remedy: Remedy) -> tuple[dict[str, Any] | None, int]:
    """Return the payload to send instead (None: nothing), and after how many milliseconds."""
    failures = payload.get(_FAILURES, 0)
    match remedy:
        case Remedy.TEMPLATE:
            return payload.get("fallback"), 0
        case Remedy.PLAIN:
            message = from_json(payload).plain()
            return ({**to_json(message), _FAILURES: failures} if message else None), 0
        case Remedy.SOON | Remedy.LATER:
            gaps = GAPS[remedy]
            if failures >= len(gaps):
                return None, 0
            return {**payload, _FAILURES: failures + 1}, gaps[failures]


def longest(payload: dict[str, Any]) -> int:
    """Return how many milliseconds a message may wait at most to be sent again, after its failures so far."""
    index = payload.get(_FAILURES, 0) - 1
    return max((gaps[index] for gaps in GAPS.values() if 0 <= index < len(gaps)), default=0)


async def write(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Store the payloads of those of `entries` that are to be sent again."""
    again = sorted((e.id, dumps(e.payload), e.due_at) for e in entries if e.goes_again)
    await tx.fetch_rows(_AGAIN, "bigint text bigint", again)


# A finished entry stays with a conversation that was merged since, and only the survivor has an address.
_AGAIN = """
UPDATE outbox SET payload = v.column2, due_at = v.column3, conversation_id = COALESCE(
    (SELECT c.merged_into FROM conversation c WHERE c.id = outbox.conversation_id), conversation_id)
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1"""
