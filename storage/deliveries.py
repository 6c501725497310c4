"""The outbox: claim what is due, in order; record what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from payments.case import Kind
from storage.customers import BSUID, PHONE
from storage.encoding import dumps, loads
from storage.transaction import Row, Transaction

LANES: Final = ("chat", "pay")

_CANDIDATES: Final = 4
"""Lanes looked at per entry wanted, so that a process finds work that others have not locked."""
_RUN: Final = 32
"""Entries of one lane looked at in one claim."""
_ERROR: Final = 4000
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed outbox entry: ours to perform until its lease ends."""

    id: int
    conversation: str
    lane: str
    """One of `LANES`. A customer's entries of one lane are performed in order."""
    name: str
    payload: dict[str, Any]
    attempts: int
    """This one included."""
    phone: str | None
    bsuid: str | None
    """What the channel calls the customer now."""
    opaque: str
    """Travels with the message and comes back in its receipts."""
    created_at: int
    """Milliseconds since 1970, UTC."""


Result: TypeAlias = tuple[str, Mapping[str, Any]]
"""What a call answered, as (name, fields): stored as a RESULT event for the conversation."""


@dataclass(frozen=True, slots=True)
class Done:
    """It was performed. `provider_id` is what the provider calls it."""

    id: int
    provider_id: str | None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """It was not, or nobody knows: try again at `at` (milliseconds since 1970, UTC)."""

    id: int
    at: int
    error: str
    counts: bool = True
    """False: the try is not held against the entry (the account is at fault, not the entry)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It never will be."""

    id: int
    error: str
    result: Result | None = None


Outcome: TypeAlias = Done | Again | Failed


async def claim_due(
    tx: Transaction, now: int, limit: int, lease: int, lanes: Sequence[str]
) -> list[Delivery]:
    """Up to `limit` entries of `lanes`, now `sending` until `now + lease` (milliseconds); each lane in order.

    An entry is claimed only together with, or after, every earlier one of its lane. An entry whose
    lease ended is claimed again: its earlier outcome is unknown.
    """
    heads = await tx.fetch(_HEADS, now, limit * _CANDIDATES, limit, lanes)
    if not heads:
        return []
    conversations = sorted({row["id"] for row in heads})
    ids = _claimable(await tx.fetch(_UNFINISHED, conversations, _RUN, lanes), now, limit)
    if not ids:
        return []
    claimed = await tx.fetch(_CLAIM, ids, now, now + lease)
    people = await _recipients(tx, conversations)
    return [_delivery(tx.installation, row, people) for row in sorted(claimed, key=lambda row: row["id"])]


_HEADS = """
SELECT c.id FROM conversation c JOIN (
    SELECT d.conversation_id, MIN(d.due_at) AS since FROM (
        SELECT o.conversation_id, o.due_at FROM outbox o
        WHERE o.state IN ('pending', 'sending') AND o.due_at <= $1 AND o.lane = ANY($4::text[])
        AND NOT EXISTS (
            SELECT 1 FROM outbox e
            WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.id < o.id
                AND e.state IN ('pending', 'sending')
        ) ORDER BY o.due_at, o.id LIMIT $2
    ) d GROUP BY d.conversation_id
) w ON w.conversation_id = c.id
ORDER BY w.since LIMIT $3 FOR UPDATE OF c SKIP LOCKED"""

_UNFINISHED = """
SELECT id, conversation_id, lane, due_at FROM (
    SELECT id, conversation_id, lane, due_at,
        ROW_NUMBER() OVER (PARTITION BY conversation_id, lane ORDER BY id) AS place
    FROM outbox
    WHERE conversation_id = ANY($1::bigint[]) AND lane = ANY($3::text[]) AND state IN ('pending', 'sending')
) e WHERE place <= $2 ORDER BY conversation_id, lane, id"""

_CLAIM = """
UPDATE outbox SET state = 'sending', due_at = $3, attempts = attempts + 1
WHERE id = ANY($1::bigint[]) AND state IN ('pending', 'sending') AND due_at <= $2
RETURNING id, conversation_id, lane, name, payload, attempts, created_at"""


def _claimable(unfinished: Iterable[Row], now: int, limit: int) -> list[int]:
    """The ids that may be claimed: of each lane, in id order, those before the first that is not due."""
    blocked: set[tuple[int, str]] = set()
    ids: list[int] = []
    for row in unfinished:
        lane = (row["conversation_id"], row["lane"])
        if row["due_at"] > now:
            blocked.add(lane)
        elif lane not in blocked and len(ids) < limit:
            ids.append(row["id"])
    return ids


async def _recipients(tx: Transaction, conversations: Sequence[int]) -> dict[int, dict[str, str]]:
    """The newest alias of each kind, by conversation."""
    people: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in await tx.fetch(_ALIASES, conversations):
        people[row["conversation_id"]][row["kind"]] = row["value"]
    return people


_ALIASES = (
    "SELECT conversation_id, kind, value FROM alias WHERE conversation_id = ANY($1::bigint[]) ORDER BY id"
)


def _delivery(installation: str, row: Row, people: Mapping[int, Mapping[str, str]]) -> Delivery:
    conversation = f"{installation}-{row['conversation_id']}"
    names = people[row["conversation_id"]]
    return Delivery(
        id=row["id"],
        conversation=conversation,
        lane=row["lane"],
        name=row["name"],
        payload=loads(row["payload"]),
        attempts=row["attempts"],
        phone=names.get(PHONE),
        bsuid=names.get(BSUID),
        opaque=f"{conversation}.{row['id']}",
        created_at=row["created_at"],
    )


async def record(tx: Transaction, outcomes: Sequence[Outcome], now: int) -> None:
    """Write what became of claimed entries, and their results as events, in one go.

    Only entries still `sending` change: one that a receipt settled meanwhile keeps what that said,
    and gives no second result.
    """
    if not outcomes:
        return
    rows = sorted((_outcome_row(outcome, now) for outcome in outcomes), key=lambda row: row[0])
    changed = await tx.fetch_rows(_RECORD, "bigint text text text bigint bigint bigint", rows)
    results = {o.id: o.result for o in outcomes if not isinstance(o, Again) and o.result is not None}
    await tx.insert(
        _RESULTS, [_result(row, results[row["id"]], now) for row in changed if row["id"] in results]
    )


_RECORD = """
UPDATE outbox SET state = v.column2, provider_id = COALESCE(v.column3, provider_id), error = v.column4,
    due_at = COALESCE(v.column5, due_at), finished_at = v.column6, attempts = attempts - v.column7
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1 AND outbox.state = 'sending'
RETURNING id, conversation_id, attempts"""

_RESULTS = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING"""


def _outcome_row(outcome: Outcome, now: int) -> tuple[Any, ...]:
    match outcome:
        case Done(id, provider_id):
            return (id, "done", provider_id, None, None, now, 0)
        case Again(id, at, error, counts):
            return (id, "pending", None, _clean(error), at, None, 0 if counts else 1)
        case Failed(id, error):
            return (id, "failed", None, _clean(error), None, now, 0)
        case _:
            assert_never(outcome)


def _clean(error: str) -> str:
    return error.replace("\x00", "")[:_ERROR]


def _result(row: Row, result: Result, now: int) -> tuple[Any, ...]:
    name, fields = result
    key = f"result:{row['id']}:{row['attempts']}"
    body = dumps({"name": name, "fields": fields})
    return (row["conversation_id"], key, str(Kind.RESULT), "pending", now, body, now)


async def release(tx: Transaction, ids: Sequence[int], leased_until: int) -> None:
    """Hand back entries that were claimed but not tried: due at once, the attempt not counted.

    Only those still leased until then: after the end of a lease, an entry may be another process'.
    """
    await tx.fetch(_RELEASE, ids, leased_until)


_RELEASE = """
UPDATE outbox SET state = 'pending', due_at = created_at, attempts = attempts - 1
WHERE id = ANY($1::bigint[]) AND state = 'sending' AND due_at = $2"""
