"""Load due conversations with their due events, and the orders that those name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from payments.ledger.facts import EntityType, Fact, FactState, detail_from_json, is_known
from payments.ledger.holds import from_codes
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.processing.conversation_data import order_keys_in
from payments.processing.named_orders import order_keys, quote_in
from payments.processing.step_input import EventKind, InboxEvent, Quoted, StepInput
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import destination_from_json, terms_from_json
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, Mode, Order
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.inbox import staff
from storage.inbox.customers import Naming
from storage.inbox.merge import rehome
from storage.inbox.nonces import Draw
from storage.inbox.staff import Members

EVENTS_AT_ONCE: Final = 50
"""The most events of one conversation in one step; the rest stay due."""
_CANDIDATES: Final = 4
"""Rows to look at per wanted conversation, so that a process finds work that others have not locked."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A locked conversation with its due events."""

    id: int
    given: StepInput


class Unreadable(Exception):
    """The rows of an order cannot be read. `key` names the order. It concerns only who asks for it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Unusable:
    """An event to park, because it cannot be read or stepped, or the rows that it needs cannot be read."""

    number: int
    error: Exception


async def load_due(
    tx: Transaction, now: int, limit: int, events: int, draw: Draw, naming: Naming
) -> list[Waiting | Unusable]:
    """Load up to `limit` conversations with up to `events` due events each, the longest waiting first.

    An event that cannot be read is returned as Unusable; so is the first event of a conversation that cannot
    be read.
    """
    picked = await _picked(tx, now, limit)
    if not picked:
        return []
    due: defaultdict[int, list[InboxEvent]] = defaultdict(list)
    named: set[tuple[int, str]] = set()
    found: list[Waiting | Unusable] = []
    leaving: set[int] = set()
    for row in await tx.fetch(_EVENTS, [row["id"] for row in picked], now, events):
        if row["conversation_id"] in leaving:
            continue  # what comes after the forgetting may be a new customer's
        try:
            arrived = InboxEvent(row["id"], EventKind(row["kind"]), loads(row["body"]), row["received_at"])
            named |= {(row["conversation_id"], key) for key in order_keys(arrived)}
        except Exception as error:  # noqa: BLE001 - any error concerns only this event
            found.append(Unusable(row["id"], error))
        else:
            due[row["conversation_id"]].append(arrived)
            leaving |= {row["conversation_id"]} if arrived.kind is EventKind.FORGET else set()
    people: dict[int, Conversation] = {}
    for row in picked:
        if row["id"] in due:
            try:
                people[row["id"]] = _conversation(tx.installation, row)
            except Exception as error:  # noqa: BLE001 - any error concerns only this conversation
                found.append(Unusable(due[row["id"]][0].number, error))
    named |= {(id, key) for id, one in people.items() for key in order_keys_in(one.data)}
    named |= await _of_forgotten(tx, due)
    orders = await load_orders(tx, sorted(named))
    account = await _account(tx) if orders else None
    around = await _surroundings(tx, people, due, account, now, naming)
    for row in picked:
        if (id := row["id"]) in people:
            rows = orders.get(id, ())
            found.append(_waiting(tx.installation, row, people[id], due[id], rows, around, draw()))
    return found


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the steps of a batch are given beside their own rows."""

    members: Members
    phones: Mapping[int, str]
    """The customer's number, by conversation."""
    quoted: Mapping[int, Mapping[str, Quoted]]
    """What a member of the staff quoted, by their conversation."""
    account: str | None
    """The payment provider's id of our account; None if no step needs it."""


async def _surroundings(
    tx: Transaction,
    people: Mapping[int, Conversation],
    due: Mapping[int, Sequence[InboxEvent]],
    account: str | None,
    now: int,
    naming: Naming,
) -> _Surroundings:
    members = await staff.load(tx, now, naming)
    phones = await staff.phones(tx, sorted(people), naming)
    quotes = {
        id: {quote for event in due[id] if (quote := quote_in(event)) is not None}
        for id, one in people.items()
        if one.id in members.staff
    }
    found = await staff.quoted(tx, members.staff, sorted(set().union(*quotes.values())))
    quoted = {id: {quote: found[quote] for quote in own if quote in found} for id, own in quotes.items()}
    return _Surroundings(members, phones, quoted, account)


async def _picked(tx: Transaction, now: int, limit: int) -> list[Row]:
    """Lock and return conversations with due events.

    Events that another process stored for a merged conversation, not knowing of the merge, move to the
    survivor and are due in the next round.
    """
    picked = await tx.fetch(_PICK, now, limit * _CANDIDATES, limit)
    for row in picked:
        if row["merged_into"] is not None:
            await rehome(tx, row["id"], row["merged_into"], now)
    return [row for row in picked if row["merged_into"] is None]


_PICK = """
SELECT c.id, c.merged_into, c.snapshot, c.forgotten_at, c.last_inbound_at, c.version
FROM conversation c JOIN (
    SELECT d.conversation_id, MIN(d.due_at) AS since FROM (
        SELECT conversation_id, due_at FROM inbox
        WHERE state = 'pending' AND kind <> 'receipt' AND due_at <= $1 ORDER BY due_at LIMIT $2
    ) d GROUP BY d.conversation_id
) w ON w.conversation_id = c.id
ORDER BY w.since LIMIT $3 FOR UPDATE OF c SKIP LOCKED"""

_EVENTS = """
SELECT id, conversation_id, kind, body, received_at FROM (
    SELECT id, conversation_id, kind, body, received_at,
        ROW_NUMBER() OVER (PARTITION BY conversation_id ORDER BY due_at, id) AS place
    FROM inbox
    WHERE conversation_id = ANY($1::bigint[]) AND state = 'pending' AND kind <> 'receipt' AND due_at <= $2
) e WHERE place <= $3 ORDER BY conversation_id, place"""


async def _of_forgotten(tx: Transaction, due: Mapping[int, Sequence[InboxEvent]]) -> set[tuple[int, str]]:
    """Return all orders of those conversations whose customer is to be forgotten, as (conversation, key)."""
    ids = sorted(id for id, events in due.items() if any(e.kind is EventKind.FORGET for e in events))
    rows = await tx.fetch(_ALL_ORDERS, ids) if ids else []
    return {(row["conversation_id"], row["key"]) for row in rows}


_ALL_ORDERS = "SELECT conversation_id, key FROM orders WHERE conversation_id = ANY($1::bigint[])"


def _conversation(installation: str, row: Row) -> Conversation:
    return conversations.from_json(f"{installation}-{row['id']}", loads(row["snapshot"]))


async def _account(tx: Transaction) -> str | None:
    [row] = await tx.fetch("SELECT account FROM installation WHERE id = 1")
    account: str | None = row["account"]
    return account


def _waiting(
    installation: str,
    row: Row,
    conversation: Conversation,
    events: Sequence[InboxEvent],
    orders: Sequence["OrderRows"],
    around: _Surroundings,
    nonce: str,
) -> Waiting | Unusable:
    try:
        states = {rows.order["key"]: order_state(installation, rows) for rows in orders}
    except Exception as error:  # noqa: BLE001 - any error concerns only this conversation
        return Unusable(events[0].number, error)
    given = StepInput(
        conversation,
        tuple(events),
        nonce,
        states,
        # Another conversation of the batch may have needed the account.
        account=around.account if states else None,
        forgotten=row["forgotten_at"] is not None,
        phone=around.phones.get(row["id"], ""),
        heard_at=row["last_inbound_at"],
        staff=around.members.staff,
        staff_heard=around.members.heard,
        quoted=around.quoted.get(row["id"], {}),
        version=row["version"],
    )
    return Waiting(row["id"], given)


@dataclass(frozen=True, slots=True)
class OrderRows:
    """An order's rows, not parsed yet."""

    order: Row
    attempts: Sequence[Row]
    facts: Sequence[Row]
    refunds: Sequence[Row]
    amendments: Sequence[Row]


async def load_orders(
    tx: Transaction, wanted: Sequence[tuple[int, str]]
) -> defaultdict[int, list[OrderRows]]:
    """Load the rows of those orders of `wanted` (conversation, order key) that exist, by conversation."""
    found: defaultdict[int, list[OrderRows]] = defaultdict(list)
    if not wanted:
        return found
    orders = await tx.fetch_rows(_ORDERS, "bigint text", wanted)
    attempts = by_order(await tx.fetch_rows(_ATTEMPTS, "bigint text", wanted)) if orders else {}
    facts = by_order(await tx.fetch_rows(_FACTS, "bigint text", wanted)) if orders else {}
    refunds = by_order(await tx.fetch_rows(_REFUNDS, "bigint text", wanted)) if facts else {}
    due = any(row["stage"] is not None for row in orders)
    amendments = by_order(await tx.fetch_rows(_AMENDMENTS, "bigint text", wanted)) if due else {}
    for row in orders:
        rows = (table.get(row["key"], ()) for table in (attempts, facts, refunds, amendments))
        found[row["conversation_id"]].append(OrderRows(row, *rows))
    return found


# CROSS JOIN makes SQLite take the VALUES first and seek in the table; IN (VALUES …) would scan it.
_ORDERS = """
SELECT o.* FROM (VALUES {rows}) AS v CROSS JOIN orders o
WHERE o.conversation_id = v.column1 AND o.key = v.column2"""
_ATTEMPTS = """
SELECT a.* FROM (VALUES {rows}) AS v CROSS JOIN attempt a
WHERE a.conversation_id = v.column1 AND a.order_key = v.column2 ORDER BY a.order_key, a.ordinal"""
_FACTS = """
SELECT f.* FROM (VALUES {rows}) AS v CROSS JOIN fact f
WHERE f.conversation_id = v.column1 AND f.order_key = v.column2 ORDER BY f.id"""

_REFUNDS = """
SELECT r.* FROM (VALUES {rows}) AS v CROSS JOIN refund r
WHERE r.conversation_id = v.column1 AND r.order_key = v.column2 ORDER BY r.key"""


_AMENDMENTS = """
SELECT a.* FROM (VALUES {rows}) AS v CROSS JOIN amendment a
WHERE a.conversation_id = v.column1 AND a.order_key = v.column2 ORDER BY a.caused_by, a.key"""


def by_order(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return `rows` grouped by their `order_key`."""
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["order_key"]].append(row)
    return grouped


def order_state(installation: str, rows: OrderRows) -> OrderState:
    """Return the order in `rows`, with all that is known of its money. Raises Unreadable."""
    try:
        return _order_state(installation, rows)
    except Exception as error:
        key = rows.order["key"]
        raise Unreadable(key, f"order {key} cannot be read: {error!r}; look into the table orders") from error


def _order_state(installation: str, rows: OrderRows) -> OrderState:
    return OrderState(
        order=order_of(installation, rows.order),
        facts=tuple(_fact(row) for row in rows.facts if is_known(row["entity"], row["state"])),
        attempts=tuple(attempt_of(attempt) for attempt in rows.attempts),
        lifecycle=Lifecycle(rows.order["lifecycle"]),
        refunds=tuple(_refund(refund) for refund in rows.refunds),
        fulfilled=rows.order["fulfilled"],
        held=rows.order["held"],
        held_for=from_codes(rows.order["held_for"]),
        stage=None if rows.order["stage"] is None else Stage(rows.order["stage"]),
        stage_by=rows.order["stage_by"] or "",
        stage_at=rows.order["stage_at"] or 0,
        rating=rows.order["rating"],
        amendments=tuple(_amendment(amendment) for amendment in rows.amendments),
    )


def order_of(installation: str, row: Mapping[str, Any]) -> Order:
    """Return the order in a row of `orders`."""
    return Order(
        key=row["key"],
        number=row["number"],
        conversation=f"{installation}-{row['conversation_id']}",
        lines=tuple(Line(*line) for line in loads(row["lines"])),
        total=row["total"],
        currency=row["currency"],
        placed_at=row["placed_at"],
        placed_by=row["placed_by"],
        to=destination_from_json(loads(row["destination"])),
        terms=terms_from_json(loads(row["terms"])),
    )


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    """Return the attempt in a row of `attempt`."""
    return Attempt(
        reference_id=row["reference_id"],
        order_key=row["order_key"],
        ordinal=row["ordinal"],
        amount=row["amount"],
        currency=row["currency"],
        expires_at=row["expires_at"],
        status=AttemptStatus(row["status"]),
        link_id=row["link_id"],
        short_url=row["short_url"],
        mode=None if row["mode"] is None else Mode(row["mode"]),
    )


def _fact(row: Row) -> Fact:
    return Fact(
        order_key=row["order_key"],
        entity=EntityType(row["entity"]),
        entity_id=row["entity_id"],
        state=FactState(row["state"]),
        amount=row["amount"],
        currency=row["currency"],
        at=row["at"],
        detail=detail_from_json(loads(row["detail"])),
    )


def _refund(row: Row) -> Refund:
    return Refund(
        key=row["key"],
        order_key=row["order_key"],
        payment_id=row["payment_id"],
        amount=row["amount"],
        reason=row["reason"],
        status=RefundStatus(row["status"]),
        refund_id=row["refund_id"],
    )


def _amendment(row: Row) -> Amendment:
    return Amendment(
        key=row["key"],
        order_key=row["order_key"],
        kind=AmendmentKind(row["kind"]),
        by=row["changed_by"],
        at=row["created_at"],
        amount=row["amount"],
        sku=row["sku"],
        pieces=row["pieces"],
        why=row["why"],
        to=None if row["destination"] is None else destination_from_json(loads(row["destination"])),
        shelf=bool(row["shelf"]),
    )
