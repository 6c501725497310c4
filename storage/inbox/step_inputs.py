"""Load due conversations with their due events, and the orders that those name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from payments.processing.conversation_data import order_keys_in
from payments.processing.named_orders import order_keys, quote_in
from payments.processing.step_input import EventKind, InboxEvent, Quoted, StepInput
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.inbox import staff
from storage.inbox.customers import Naming
from storage.inbox.merge import rehome
from storage.inbox.nonces import Draw
from storage.inbox.order_rows import OrderRows, load_orders, order_state
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
    orders: Sequence[OrderRows],
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
