"""Claim due entries of the outbox in order, each by one claimant at a time."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from payments.processing.notice import Notice, NoticeKind
from storage.database.encoding import loads
from storage.database.queues import Lane, Urgency
from storage.database.transaction import Row, Transaction
from storage.inbox.customers import Address, Naming, address
from storage.outbox import ambiguous_sends
from storage.outbox.channel import Channel
from storage.outbox.deliveries import Claim, Delivery, Failed, record
from storage.outbox.pace import Pace, spend

_CANDIDATES: Final = 4
"""Customers to look at per wanted entry, so that a process finds work that others have not locked."""
_RUN: Final = 32
"""Entries of one customer's lane to look at in one claim."""

Runs: TypeAlias = dict[int, list[int]]
"""The next entries to claim, in order, by conversation."""


async def claim_due(
    tx: Transaction, now: int, limit: int, lease: int, lanes: Sequence[Lane], channel: Channel
) -> list[Delivery]:
    """Claim up to `limit` due entries of `lanes` until `now + lease` (milliseconds), in order in each lane.

    An entry is claimed only together with, or after, every earlier entry of its lane; reminders and offers
    come last. An entry whose lease has ended is claimed again: the outcome of its earlier attempt is unknown.
    An entry that cannot be read fails, with its error.
    """
    claimed: list[Delivery] = []
    for lane in lanes:
        if wanted := limit - len(claimed):
            claimed += await _claim(tx, lane, now, wanted, lease, channel)
    return claimed


async def _claim(
    tx: Transaction, lane: Lane, now: int, limit: int, lease: int, channel: Channel
) -> list[Delivery]:
    customers = {row["id"]: row for row in await tx.fetch(_HEADS, now, limit * _CANDIDATES, limit, lane)}
    if not customers:
        return []
    unfinished = await tx.fetch(_UNFINISHED, sorted(customers), _RUN, lane)
    runs = _runs(unfinished, customers, now)
    if lane is Lane.CHAT:
        for customer in await ambiguous_sends.awaited(tx, unfinished, now, channel.receipt_wait):
            runs.pop(customer, None)
        answers = {row["id"] for row in unfinished if row["topic"] is not None}
        await _pace(tx, channel.pace, runs, answers, customers, now)
    runs = _first(runs, limit)
    if lane is Lane.CHAT:
        await spend(tx, channel.pace, {customer: len(run) for customer, run in runs.items()}, now)
    ids = [id for run in runs.values() for id in run]
    rows = {row["id"]: row for row in await tx.fetch(_CLAIM, ids, now, now + lease)} if ids else {}
    if not rows:
        return []
    people = await _recipients(tx, sorted(runs), channel.naming)
    deliveries, unreadable = _parse_deliveries(
        tx.installation, [rows[id] for id in ids if id in rows], customers, people
    )
    await record(tx, unreadable, now, channel.naming)
    return deliveries


# Reminders are read only if other entries leave room, and offers only after those: behind a backlog, the
# search for them would be long.
_HEADS = """
WITH plain AS (
    SELECT o.conversation_id, o.urgency, o.due_at FROM outbox o
    WHERE o.finished_at IS NULL AND o.lane = $4 AND o.urgency = 0 AND o.due_at <= $1
    AND o.id = (
        SELECT e.id FROM outbox e
        WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.finished_at IS NULL
        ORDER BY e.urgency, e.id LIMIT 1
    ) ORDER BY o.due_at, o.id LIMIT $2
), reminders AS (
    SELECT o.conversation_id, o.urgency, o.due_at FROM outbox o
    WHERE o.finished_at IS NULL AND o.lane = $4 AND o.urgency = 1 AND o.due_at <= $1
    AND (SELECT COUNT(*) FROM plain) < $2
    AND o.id = (
        SELECT e.id FROM outbox e
        WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.finished_at IS NULL
        ORDER BY e.urgency, e.id LIMIT 1
    ) ORDER BY o.due_at, o.id LIMIT $2
), offers AS (
    SELECT o.conversation_id, o.urgency, o.due_at FROM outbox o
    WHERE o.finished_at IS NULL AND o.lane = $4 AND o.urgency = 2 AND o.due_at <= $1
    AND (SELECT COUNT(*) FROM plain) + (SELECT COUNT(*) FROM reminders) < $2
    AND o.id = (
        SELECT e.id FROM outbox e
        WHERE e.conversation_id = o.conversation_id AND e.lane = o.lane AND e.finished_at IS NULL
        ORDER BY e.urgency, e.id LIMIT 1
    ) ORDER BY o.due_at, o.id LIMIT $2
)
SELECT c.id, c.last_inbound_at, c.paced_until FROM conversation c JOIN (
    SELECT d.conversation_id, MIN(d.urgency) AS urgency, MIN(d.due_at) AS since
    FROM (SELECT * FROM plain UNION ALL SELECT * FROM reminders UNION ALL SELECT * FROM offers) d
    GROUP BY d.conversation_id
) w ON w.conversation_id = c.id
ORDER BY w.urgency, w.since, c.id LIMIT $3 FOR UPDATE OF c SKIP LOCKED"""

_UNFINISHED = """
SELECT id, conversation_id, urgency, due_at, state, attempts, topic FROM (
    SELECT id, conversation_id, urgency, due_at, state, attempts, topic,
        ROW_NUMBER() OVER (PARTITION BY conversation_id ORDER BY urgency, id) AS place
    FROM outbox
    WHERE conversation_id = ANY($1::bigint[]) AND lane = $3 AND finished_at IS NULL
) e WHERE place <= $2 ORDER BY conversation_id, urgency, id"""

_CLAIM = """
UPDATE outbox SET state = 'sending', due_at = $3, attempts = attempts + 1
WHERE id = ANY($1::bigint[]) AND state IN ('pending', 'sending') AND due_at <= $2
RETURNING id, conversation_id, lane, urgency, name, payload, due_at, attempts, created_at"""


def _runs(unfinished: Iterable[Row], customers: Iterable[int], now: int) -> Runs:
    """Return each customer's entries before the first that is not due, in the order of `customers`.

    A run ends before entries of another urgency: other customers' confirmations go before reminders and
    offers.
    """
    runs: Runs = {}
    for customer, lane in groupby(unfinished, key=lambda row: int(row["conversation_id"])):
        runs[customer], urgency = [], None
        for row in lane:
            urgency = row["urgency"] if urgency is None else urgency
            if row["due_at"] > now or row["urgency"] != urgency:
                break
            runs[customer].append(row["id"])
    return {customer: runs[customer] for customer in customers if runs.get(customer)}


def _first(runs: Runs, limit: int) -> Runs:
    """Return the first `limit` entries of `runs`."""
    kept: Runs = {}
    for customer, run in runs.items():
        if limit <= 0:
            break
        if run:
            kept[customer] = run[:limit]
        limit -= len(run)
    return kept


async def _pace(
    tx: Transaction,
    pace: Pace,
    runs: Runs,
    answers: Container[int],
    customers: Mapping[int, Row],
    now: int,
) -> None:
    """Remove from `runs` the entries that may not leave yet, and postpone them.

    `answers` are the entries that newer ones may supersede.
    """
    late: list[tuple[int, int]] = []
    for customer, run in runs.items():
        paced_until = customers[customer]["paced_until"]
        kinds = [id in answers for id in run]
        count = pace.leaving(kinds, pace.room(paced_until, now))
        if count < len(run):
            until = pace.after(paced_until, now, count)
            late.append((run[count], pace.next_at(kinds[count:], until, now)))
            runs[customer] = run[:count]
    await tx.fetch_rows(_LATER, "bigint bigint", sorted(late))


_LATER = """
UPDATE outbox SET state = 'pending', due_at = v.column2
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1 AND outbox.state IN ('pending', 'sending')"""


async def _recipients(tx: Transaction, conversations: Sequence[int], naming: Naming) -> dict[int, Address]:
    """Return the address of each conversation's customer."""
    people: defaultdict[int, list[Row]] = defaultdict(list)
    for row in await tx.fetch(_ALIASES, conversations):
        people[row["conversation_id"]].append(row)
    return {id: address(rows, naming) for id, rows in people.items()}


# An entry that was written during a merge may still name the merged conversation.
_ALIASES = """
SELECT a.id, c.id AS conversation_id, a.kind, a.value, a.told_at, a.beside
FROM conversation c JOIN alias a ON a.conversation_id = COALESCE(c.merged_into, c.id)
WHERE c.id = ANY($1::bigint[])"""


def _parse_deliveries(
    installation: str, rows: Sequence[Row], customers: Mapping[int, Row], people: Mapping[int, Address]
) -> tuple[list[Delivery], list[Failed]]:
    """Return the claimed rows as deliveries; a row that cannot be read, as a failure with a notice."""
    deliveries: list[Delivery] = []
    unreadable: list[Failed] = []
    for row in rows:
        customer = row["conversation_id"]
        try:
            last_inbound_at = customers[customer]["last_inbound_at"]
            deliveries.append(_delivery(installation, row, last_inbound_at, people.get(customer, ())))
        except ValueError as error:
            unreadable.append(_unreadable(row, error))
    return deliveries, unreadable


def _delivery(installation: str, row: Row, last_inbound_at: int | None, to: Address) -> Delivery:
    conversation = f"{installation}-{row['conversation_id']}"
    payload = loads(row["payload"])
    if not isinstance(payload, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - a value of the wrong shape, as bad JSON is
    return Delivery(
        claim=Claim(row["id"], row["due_at"]),
        conversation=conversation,
        lane=Lane(row["lane"]),
        urgency=Urgency(row["urgency"]),
        name=row["name"],
        payload=payload,
        attempts=row["attempts"],
        to=to,
        last_inbound_at=last_inbound_at,
        opaque=f"{conversation}.{row['id']}",
        created_at=row["created_at"],
    )


def _unreadable(row: Row, error: ValueError) -> Failed:
    text = (
        f"'{row['name']}' could not be performed: entry {row['id']} of the outbox cannot be read. Whoever"
        " changed the row by hand knows what it was."
    )
    notice = Notice(NoticeKind.OUTBOX, str(row["id"]), text)
    return Failed(Claim(row["id"], row["due_at"]), f"its payload cannot be read: {error}", notice=notice)
