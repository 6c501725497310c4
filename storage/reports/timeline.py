"""The timeline of one customer or one order, from every table, in order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tortoise.expressions import Q

from payments.ledger.facts import detail_from_json, for_people
from payments.ledger.holds import from_codes, in_words
from payments.processing.step_input import EventKind
from storage.database.encoding import loads
from storage.database.models import Alias, Conversation, Inbox, Outbox
from storage.database.order_models import ORDER_KEY, Attempt, Fact, Order, Refund
from storage.database.queues import InboxState, Lane
from storage.database.records import Records
from storage.database.sql import chunks
from storage.database.transaction import Row
from storage.inbox.arrivals import conversation_number
from storage.inbox.order_rows import by_order

MOMENTS: Final = 1000
"""The most events of a story. Older ones are left out."""

EFFECTS: Final = frozenset({"order", "fact", "refund", "message", "call"})
"""What the entries of a timeline are called that are no events."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The customer, or the order, that a story is about."""

    conversation: int
    order: str | None = None
    """The order's key; None for everything of the customer."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, or will happen."""

    at: int
    """Milliseconds since 1970, UTC: when it arrived, was stored, or is due."""
    cause: int | None
    """The number of the event that caused it, or an event's own number; None if it is not known."""
    what: str
    """An event's kind (`chat`, `facts`, `result`, `timer`, `request`, …), or `order`, `fact`, `refund`,
    `message`, `call`."""
    about: Mapping[str, Any]
    """Its row, with JSON parsed; see the columns below."""


@dataclass(frozen=True, slots=True)
class Story:
    """A whole timeline. It holds personal data: mask it before it is shown."""

    conversation: str
    state: str
    """The customer's state in the flow now."""
    version: int | None
    """Number of the flow's version that they stand on; None before their first step."""
    aliases: tuple[tuple[str, str], ...]
    """(kind, value)"""
    orders: tuple[Mapping[str, Any], ...]
    """The orders now, each with its `attempts`. `held_for` is in words."""
    moments: tuple[TimelineEntry, ...]
    cut: bool
    """Whether earlier events may have been left out."""
    erased: bool
    """Whether an event that placed one of the orders, or told a fact, is not stored any more."""
    forgotten_at: int | None
    """When the customer was forgotten, in milliseconds since 1970, UTC; None if they were not."""


async def subjects(records: Records, words: str, phones: Sequence[str]) -> list[Subject]:
    """Return the subjects that `words` may name: by an order's key or number, a conversation, or an alias.

    `phones` are the phone numbers that `words` may mean: digits with the country code. A leading `#` says
    that `words` is an order's number, a leading `+` that it is a phone number.
    """
    named = Q(number="" if words.startswith("+") else words.removeprefix("#"))
    if len(words) <= ORDER_KEY:  # the ORM refuses a longer value for this column
        named |= Q(key=words)
    orders = Order.filter(named).using_db(records.client).order_by("key").only("key", "conversation_id")
    matches = [Subject(order.conversation_id, order.key) for order in await orders]
    return matches if words.startswith("#") else matches + await _people(records, words, phones)


async def _people(records: Records, words: str, phones: Sequence[str]) -> list[Subject]:
    """Return the customers that `words` may name, each once."""
    aliases = Alias.filter(value__in=[words, *phones]).using_db(records.client).order_by("conversation_id")
    people = [alias.conversation_id for alias in await aliases]
    if (number := conversation_number(records.installation, words)) is not None:
        rows = await Conversation.filter(id=number).using_db(records.client).only("id", "merged_into")
        people += [row.merged_into or row.id for row in rows]
    return [Subject(id) for id in dict.fromkeys(people)]


async def story(records: Records, subject: Subject, limit: int = MOMENTS) -> Story:
    """Return the timeline of `subject`, which must exist: its newest `limit` events and their effects."""
    id, client = subject.conversation, records.client
    stands = Conversation.filter(id=id).using_db(client).only("state", "version", "forgotten_at")
    conversation = await stands.get()
    orders = await Order.filter(conversation_id=id).using_db(client).order_by("placed_by").values(*_ORDER)
    attempts = Attempt.filter(conversation_id=id).using_db(client).order_by("ordinal").values(*_ATTEMPT)
    aliases = await Alias.filter(conversation_id=id).using_db(client).order_by("id")
    shown = [row for row in orders if subject.order in (None, row["key"])]
    events = await _events(records, subject, orders, limit)
    money = await _money(records, subject)
    moments = [
        *events,
        *(_moment("order", row, row["placed_at"], row["placed_by"], "lines") for row in shown),
        *money,
        *await _deliveries(records, subject, [moment.about["id"] for moment in events]),
    ]
    links = by_order(await attempts)
    return Story(
        conversation=f"{records.installation}-{id}",
        state=conversation.state,
        version=conversation.version,
        aliases=tuple((alias.kind, alias.value) for alias in aliases),
        orders=tuple(
            {
                **row,
                "lines": loads(row["lines"]),
                "held_for": _words(row["held_for"]),
                "attempts": links.get(row["key"], []),
            }
            for row in shown
        ),
        moments=tuple(sorted(moments, key=_sort_key)),
        cut=len(events) == limit,
        forgotten_at=conversation.forgotten_at,
        erased=await _are_erased(records, [row["placed_by"] for row in shown])
        or any(moment.about.get("erased") for moment in money),
    )


def up_to(whole: Story, part: Story) -> Story:
    """Return the story `whole` of a customer without what came after the last event of `part`."""
    last = max((moment.cause for moment in part.moments if moment.cause is not None), default=0)
    kept = tuple(one for one in whole.moments if one.cause is not None and one.cause <= last)
    return replace(whole, moments=kept)


_ORDER: Final = (
    "key", "conversation_id", "number", "lines", "total", "currency", "payment", "lifecycle", "stage",
    "stage_by", "fulfilled", "held", "held_for", "placed_at", "placed_by", "paid_at",
)  # fmt: skip
_ATTEMPT: Final = ("order_key", "reference_id", "status", "amount", "link_id", "short_url", "expires_at")


def _words(held_for: str | None) -> str | None:
    hold = from_codes(held_for)
    return None if hold is None else in_words(hold)


def _sort_key(moment: TimelineEntry) -> tuple[int, int]:
    """Sort by time, then by the causing event; moments of an unknown cause come last."""
    return moment.at, _LAST if moment.cause is None else moment.cause


_LAST: Final = 2**62


async def _events(
    records: Records, subject: Subject, orders: Sequence[Row], limit: int
) -> list[TimelineEntry]:
    """Return the newest `limit` events of the customer; for an order, those in its time or about it."""
    # Without applied receipts: messages show those.
    query = Inbox.filter(
        ~Q(kind=EventKind.RECEIPT) | Q(state=InboxState.PARKED), conversation_id=subject.conversation
    )
    if subject.order is not None:
        first, after = _span(subject.order, orders)
        query = query.filter(Q(id__gte=first, id__lt=after) | Q(order_key=subject.order))
    rows = await query.using_db(records.client).order_by("-id").limit(limit).values(*_EVENT)
    return [_event(row) for row in reversed(rows)]


def _event(row: Row) -> TimelineEntry:
    moment = _moment(row["kind"], row, _time_of(row), row["id"], "body", "trace")
    if isinstance(moment.about["body"], dict):
        moment.about["body"].pop("quote", None)  # it may hold the customer's number
    return moment


_EVENT: Final = (
    "id", "kind", "state", "body", "trace", "error", "due_at", "received_at", "handled_at",
)  # fmt: skip


def _time_of(event: Row) -> int:
    """Return when an event happens: one that was due later when it is due, any other when it was received."""
    later = event["kind"] in ("timer", "poll", "handover")
    time: int = event["due_at"] if later else event["received_at"]
    return time


def _span(order: str, orders: Sequence[Row]) -> tuple[int, int]:
    """Return (first event, event after the last) of an order's time, which ends with the next order."""
    placed = [row["placed_by"] for row in orders]
    at = [row["key"] for row in orders].index(order)
    return placed[at], placed[at + 1] if at + 1 < len(placed) else _LAST


async def _deliveries(records: Records, subject: Subject, causes: Sequence[int]) -> list[TimelineEntry]:
    """Return the messages and calls caused by the events `causes`; for an order, only the calls about it."""
    # Finished entries of a merged conversation keep its number.
    merged = Conversation.filter(merged_into=subject.conversation).using_db(records.client).order_by("id")
    ids = [subject.conversation, *(row.id for row in await merged.only("id"))]
    # A member of the staff is told what events of others caused.
    caused = Q(caused_by__gte=min(causes, default=_LAST))
    if subject.order is not None:
        caused = Q(caused_by__in=causes)
        caused = Q(caused, lane=Lane.CHAT) | (~Q(lane=Lane.CHAT) & Q(order_key=subject.order))
    entries = Outbox.filter(caused, conversation_id__in=ids).using_db(records.client).order_by("id")
    return [
        _moment(
            "message" if row["lane"] == Lane.CHAT else "call",
            row,
            row["created_at"],
            row["caused_by"],
            "payload",
        )
        for row in await entries.values(*_ENTRY)
    ]


# Without the provider's id, which may hold the customer's number.
_ENTRY: Final = (
    "id", "lane", "name", "payload", "state", "due_at", "attempts", "receipt", "error", "caused_by",
    "created_at", "finished_at",
)  # fmt: skip


async def _money(records: Records, subject: Subject) -> list[TimelineEntry]:
    """Return the facts and refunds of `subject`."""
    columns: dict[str, int | str] = {"conversation_id": subject.conversation}
    if subject.order is not None:
        columns["order_key"] = subject.order
    facts = await Fact.filter(**columns).using_db(records.client).order_by("id").values(*_FACT)
    stored = await _stored(records, [fact["learned_from"] for fact in facts])
    refunds = Refund.filter(**columns).using_db(records.client).order_by("created_at", "key")
    return [
        *(_learned(row, erased=row["learned_from"] not in stored) for row in facts),
        *(_moment("refund", row, row["created_at"], None) for row in await refunds.values(*_REFUND)),
    ]


_FACT: Final = (
    "id", "conversation_id", "order_key", "entity", "entity_id", "state", "amount", "currency", "at",
    "detail", "learned_at", "learned_from",
)  # fmt: skip
_REFUND: Final = (
    "key", "conversation_id", "order_key", "payment_id", "amount", "reason", "status", "refund_id",
    "created_at",
)  # fmt: skip


def _learned(fact: Row, *, erased: bool) -> TimelineEntry:
    detail = for_people(detail_from_json(loads(fact["detail"])))
    about = {**fact, "detail": detail, "erased": erased}
    return TimelineEntry(fact["learned_at"], fact["learned_from"], "fact", about)


async def _are_erased(records: Records, events: Sequence[int]) -> bool:
    """Return whether one of `events` is not stored any more."""
    return not set(events) <= await _stored(records, events)


async def _stored(records: Records, events: Sequence[int]) -> set[int]:
    """Return those of `events` that are stored: old ones are pruned."""
    found: set[int] = set()
    for chunk in chunks(sorted(set(events))):
        found.update(row.id for row in await Inbox.filter(id__in=chunk).using_db(records.client).only("id"))
    return found


def _moment(what: str, row: Row, at: int, cause: int | None, *json: str) -> TimelineEntry:
    parsed = {name: loads(row[name]) if row[name] else None for name in json}
    return TimelineEntry(at, cause, what, {**row, **parsed})
