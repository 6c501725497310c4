"""What happened to one customer or one order, from every table, in order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tortoise.expressions import Q

from storage.database.encoding import loads
from storage.database.lanes import Lane
from storage.database.models import (
    ORDER_KEY,
    Alias,
    Attempt,
    Conversation,
    Fact,
    Inbox,
    Order,
    Outbox,
    Refund,
)
from storage.database.records import Records
from storage.database.transaction import Row
from storage.inbox.arrivals import conversation_number
from storage.inbox.step_inputs import by_order

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
    """Its row, JSON read; see the columns below."""


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
    named = Q(number="" if words.startswith("+") else words.removeprefix("#"))
    if len(words) <= ORDER_KEY:  # the ORM refuses to look for a longer one
        named |= Q(key=words)
    orders = Order.filter(named).using_db(records.client).order_by("key").only("key", "conversation_id")
    found = [Subject(order.conversation_id, order.key) for order in await orders]
    return found if words.startswith("#") else found + await _people(records, words, phones)


async def _people(records: Records, words: str, phones: Sequence[str]) -> list[Subject]:
    """The customers whom `words` may mean, each once."""
    aliases = Alias.filter(value__in=[words, *phones]).using_db(records.client).order_by("conversation_id")
    people = [alias.conversation_id for alias in await aliases]
    if (number := conversation_number(records.installation, words)) is not None:
        found = await Conversation.filter(id=number).using_db(records.client).only("id", "merged_into")
        people += [one.merged_into or one.id for one in found]
    return [Subject(id) for id in dict.fromkeys(people)]


async def story(records: Records, subject: Subject, limit: int = MOMENTS) -> Story:
    """What happened to `subject`, which exists. At most its newest `limit` events, and what came of them."""
    id, client = subject.conversation, records.client
    conversation = await Conversation.filter(id=id).using_db(client).only("state").get()
    orders = await Order.filter(conversation_id=id).using_db(client).order_by("placed_by").values(*_ORDER)
    attempts = Attempt.filter(conversation_id=id).using_db(client).order_by("ordinal").values(*_ATTEMPT)
    aliases = await Alias.filter(conversation_id=id).using_db(client).order_by("id")
    told = [row for row in orders if subject.order in (None, row["key"])]
    events = await _events(records, subject, orders, limit)
    moments = [
        *events,
        *(_moment("order", row, row["placed_at"], row["placed_by"], "lines") for row in told),
        *await _money(records, subject),
        *await _deliveries(records, subject, [moment.about["id"] for moment in events]),
    ]
    links = by_order(await attempts)
    return Story(
        conversation=f"{records.installation}-{id}",
        state=conversation.state,
        aliases=tuple((alias.kind, alias.value) for alias in aliases),
        orders=tuple(
            {**row, "lines": loads(row["lines"]), "attempts": links.get(row["key"], [])} for row in told
        ),
        moments=tuple(sorted(moments, key=_place)),
        cut=len(events) == limit,
    )


_ORDER: Final = (
    "key", "conversation_id", "number", "lines", "total", "currency", "payment", "lifecycle", "fulfilled",
    "held", "held_for", "placed_at", "placed_by", "paid_at",
)  # fmt: skip
_ATTEMPT: Final = ("order_key", "reference_id", "status", "amount", "link_id", "short_url", "expires_at")


def _place(moment: Moment) -> tuple[int, int]:
    """By time; what came of one event stays together, and what came of nobody knows what comes last."""
    return moment.at, _LAST if moment.cause is None else moment.cause


_LAST: Final = 2**62


async def _events(records: Records, subject: Subject, orders: Sequence[Row], limit: int) -> list[Moment]:
    """The newest `limit` events of the customer; of an order, those of its time and those about it."""
    # Receipts are told with their messages.
    told = Inbox.filter(~Q(kind="receipt") | Q(state="parked"), conversation_id=subject.conversation)
    if subject.order is not None:
        first, after = _span(subject.order, orders)
        told = told.filter(Q(id__gte=first, id__lt=after) | Q(order_key=subject.order))
    rows = await told.using_db(records.client).order_by("-id").limit(limit).values(*_EVENT)
    return [_moment(row["kind"], row, _time_of(row), row["id"], "body", "trace") for row in reversed(rows)]


_EVENT: Final = (
    "id", "kind", "state", "body", "trace", "error", "due_at", "received_at", "handled_at",
)  # fmt: skip


def _time_of(event: Row) -> int:
    """A timer's row was stored when it started; it happens when it is due."""
    time: int = event["due_at"] if event["kind"] in ("timer", "poll") else event["received_at"]
    return time


def _span(order: str, orders: Sequence[Row]) -> tuple[int, int]:
    """(first event, event after the last): an order's time goes on until the customer places the next one."""
    placed = [row["placed_by"] for row in orders]
    at = [row["key"] for row in orders].index(order)
    return placed[at], placed[at + 1] if at + 1 < len(placed) else _LAST


async def _deliveries(records: Records, subject: Subject, causes: Sequence[int]) -> list[Moment]:
    """What came of the events with the numbers `causes`; of an order's calls, those that are about it."""
    # What a merged conversation had finished stays under its own id.
    merged = Conversation.filter(merged_into=subject.conversation).using_db(records.client).order_by("id")
    ids = [subject.conversation, *(one.id for one in await merged.only("id"))]
    caused = Q(caused_by__in=causes)
    if subject.order is not None:
        caused = Q(caused, lane=Lane.CHAT) | (~Q(lane=Lane.CHAT) & Q(order_key=subject.order))
    told = Outbox.filter(caused, conversation_id__in=ids).using_db(records.client).order_by("id")
    return [
        _moment(
            "message" if row["lane"] == Lane.CHAT else "call",
            row,
            row["created_at"],
            row["caused_by"],
            "payload",
        )
        for row in await told.values(*_ENTRY)
    ]


# Without the provider's id, which may hold the customer's number.
_ENTRY: Final = (
    "id", "lane", "name", "payload", "state", "due_at", "attempts", "receipt", "error", "caused_by",
    "created_at", "finished_at",
)  # fmt: skip


async def _money(records: Records, subject: Subject) -> list[Moment]:
    theirs: dict[str, int | str] = {"conversation_id": subject.conversation}
    if subject.order is not None:
        theirs["order_key"] = subject.order
    facts = await Fact.filter(**theirs).using_db(records.client).order_by("id").values(*_FACT)
    refunds = Refund.filter(**theirs).using_db(records.client).order_by("created_at", "key")
    return [
        *(_moment("fact", row, row["learned_at"], row["learned_from"], "detail") for row in facts),
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


def _moment(what: str, row: Row, at: int, cause: int | None, *json: str) -> Moment:
    read = {name: loads(row[name]) if row[name] else None for name in json}
    return Moment(at, cause, what, {**row, **read})
