"""What happened to one customer or one order, from every table, in order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage.database.encoding import loads
from storage.database.records import Records
from storage.database.transaction import Row
from storage.inbox.arrivals import conversation_number

MOMENTS: Final = 1000
"""Events that a story has at most: the newest."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what a story is about."""

    conversation: int
    order: str | None = None
    """The order's key; None for all that the customer did."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, or will."""

    at: int
    """Milliseconds since 1970, UTC: when it arrived, was stored, or is due."""
    cause: int | None
    """The event that it came of, where that is known; an event's own number."""
    what: str
    """An event's kind (`chat`, `facts`, `result`, `timer`, `request`, …), or `order`, `fact`, `refund`,
    `message`, `call`."""
    about: Mapping[str, Any]
    """Its row, JSON read; see the queries below."""


@dataclass(frozen=True, slots=True)
class Story:
    """All of it. Holds personal data: mask before it is shown."""

    conversation: str
    state: str
    """Where the customer stands now."""
    aliases: tuple[tuple[str, str], ...]
    """(kind, value)"""
    orders: tuple[Mapping[str, Any], ...]
    """As they stand now, each with its `attempts`."""
    moments: tuple[Moment, ...]
    cut: bool
    """There are earlier events than are told."""


async def subjects(records: Records, words: str, phones: Sequence[str]) -> list[Subject]:
    """Whom `words` may mean: an order's key or number, a conversation, or what the channel calls a customer.

    `phones` are the ways in which `words` may be a phone number: digits with the country code. A
    leading `#` says that it is an order's number, a leading `+` that it is a phone number.
    """
    number = "" if words.startswith("+") else words.removeprefix("#")
    orders = [
        Subject(row["conversation_id"], row["key"]) for row in await records.fetch(_ORDER, words, number)
    ]
    if words.startswith("#"):
        return orders
    conversation = conversation_number(records.installation, words)
    people = await records.fetch(_ALIAS, [words, *phones])
    if conversation is not None:
        people += await records.fetch(_CONVERSATION, conversation)
    found = dict.fromkeys(Subject(row["conversation_id"]) for row in people)
    return orders + list(found)


_CONVERSATION: Final = "SELECT COALESCE(merged_into, id) AS conversation_id FROM conversation WHERE id = $1"
_ORDER: Final = "SELECT conversation_id, key FROM orders WHERE key = $1 OR number = $2 ORDER BY key"
_ALIAS: Final = "SELECT conversation_id FROM alias WHERE value = ANY($1::text[]) ORDER BY conversation_id"


async def story(records: Records, subject: Subject, limit: int = MOMENTS) -> Story:
    """What happened to `subject`, which exists. At most its newest `limit` events, and what came of them."""
    [conversation] = await records.fetch(
        "SELECT id, state FROM conversation WHERE id = $1", subject.conversation
    )
    orders = await records.fetch(_ORDERS, subject.conversation)
    told = [row for row in orders if subject.order in (None, row["key"])]
    events = await _events(records, subject, orders, limit)
    moments = [
        *events,
        *(_moment("order", row, row["placed_at"], row["placed_by"], "lines") for row in told),
        *await _money(records, subject),
        *await _deliveries(records, subject, orders, [moment.about["id"] for moment in events]),
    ]
    attempts = await records.fetch(_ATTEMPTS, subject.conversation)
    aliases = await records.fetch(_ALIASES, subject.conversation)
    return Story(
        conversation=f"{records.installation}-{conversation['id']}",
        state=conversation["state"],
        aliases=tuple((row["kind"], row["value"]) for row in aliases),
        orders=tuple(
            {
                **row,
                "lines": loads(row["lines"]),
                "attempts": [a for a in attempts if a["order_key"] == row["key"]],
            }
            for row in told
        ),
        moments=tuple(sorted(moments, key=_place)),
        cut=len(events) == limit,
    )


def _place(moment: Moment) -> tuple[int, int]:
    """By time; what came of one event stays together, and what came of nobody knows what comes last."""
    return moment.at, _LAST if moment.cause is None else moment.cause


_ORDERS: Final = "SELECT * FROM orders WHERE conversation_id = $1 ORDER BY placed_by"
_ATTEMPTS: Final = """
SELECT order_key, reference_id, status, amount, link_id, short_url, expires_at FROM attempt
WHERE conversation_id = $1 ORDER BY ordinal"""
_ALIASES: Final = "SELECT kind, value FROM alias WHERE conversation_id = $1 ORDER BY id"


async def _events(records: Records, subject: Subject, orders: Sequence[Row], limit: int) -> list[Moment]:
    first, after, named = _span(subject, orders)
    rows = await records.fetch(_EVENTS, subject.conversation, first, after, *named, limit)
    return [
        _moment(row["kind"], row, _time_of(row), row["id"], "body", "trace") for row in sorted(rows, key=_id)
    ]


def _time_of(event: Row) -> int:
    """A timer's row was stored when it started; it happens when it is due."""
    time: int = event["due_at"] if event["kind"] in ("timer", "poll") else event["received_at"]
    return time


def _id(row: Row) -> int:
    id: int = row["id"]
    return id


# Receipts are told with their messages.
_EVENTS: Final = """
SELECT id, kind, state, body, trace, error, due_at, received_at, handled_at FROM inbox
WHERE conversation_id = $1 AND (kind <> 'receipt' OR state = 'parked')
    AND ((id >= $2 AND id < $3) OR body LIKE $4 OR body LIKE $5)
ORDER BY id DESC LIMIT $6"""

_LAST: Final = 2**62


def _span(subject: Subject, orders: Sequence[Row]) -> tuple[int, int, tuple[str, str]]:
    """(first event, event after the last, patterns of a body that names the order).

    An order's story goes on until the customer places the next one, and with all that names it later.
    """
    if subject.order is None:
        return 0, _LAST, ("", "")
    placed = [row["placed_by"] for row in orders]
    at = [row["key"] for row in orders].index(subject.order)
    after = placed[at + 1] if at + 1 < len(placed) else _LAST
    return placed[at], after, (f'%"{subject.order}"%', f'%"{subject.order}.%')


async def _deliveries(
    records: Records, subject: Subject, orders: Sequence[Row], causes: Sequence[int]
) -> list[Moment]:
    """What came of the events with the numbers `causes`; of an order's calls, those that are about it."""
    merged = await records.fetch(_MERGED, subject.conversation)
    ids = [subject.conversation, *(row["id"] for row in merged)]
    rows = await records.fetch(_OUTBOX, ids, causes)
    if subject.order is not None:
        _, _, named = _span(subject, orders)
        rows = [row for row in rows if row["lane"] == "chat"]
        rows += await records.fetch(_CALLS, ids, *named)
    return [
        _moment(
            "message" if row["lane"] == "chat" else "call",
            row,
            row["created_at"],
            row["caused_by"],
            "payload",
        )
        for row in rows
    ]


# What a merged conversation had finished stays under its own id.
_MERGED: Final = "SELECT id FROM conversation WHERE merged_into = $1 ORDER BY id"
# Without the provider's id, which may hold the customer's number.
_ENTRIES = """
SELECT id, lane, name, payload, state, due_at, attempts, receipt, error, caused_by, created_at, finished_at
FROM outbox WHERE conversation_id = ANY($1::bigint[])"""
_OUTBOX: Final = f"{_ENTRIES} AND caused_by = ANY($2::bigint[]) ORDER BY id"
_CALLS: Final = f"{_ENTRIES} AND lane <> 'chat' AND (payload LIKE $2 OR payload LIKE $3) ORDER BY id"


async def _money(records: Records, subject: Subject) -> list[Moment]:
    facts = await records.fetch(_FACTS, subject.conversation)
    refunds = await records.fetch(_REFUNDS, subject.conversation)
    moments = [
        *(_moment("fact", row, row["learned_at"], row["learned_from"], "detail") for row in facts),
        *(_moment("refund", row, row["created_at"], None) for row in refunds),
    ]
    return [m for m in moments if subject.order in (None, m.about["order_key"])]


_FACTS: Final = "SELECT * FROM fact WHERE conversation_id = $1 ORDER BY id"
_REFUNDS: Final = "SELECT * FROM refund WHERE conversation_id = $1 ORDER BY created_at, key"


def _moment(what: str, row: Row, at: int, cause: int | None, *json: str) -> Moment:
    read = {name: loads(row[name]) if row[name] else None for name in json}
    return Moment(at, cause, what, {**row, **read})
