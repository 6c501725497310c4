"""Forget a person: erase their names, chat and messages, and keep orders and money without them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flows.engine.events import Received, to_json
from payments.processing.notice import known_elsewhere
from payments.processing.step_input import EventKind
from payments.shop.invoice import NAMES_BUYER
from payments.shop.order_terms import (
    destination_from_json,
    destination_to_json,
    terms_from_json,
    terms_to_json,
)
from storage.database.encoding import dumps, loads
from storage.database.transaction import Row, Transaction
from storage.inbox import hook_events, notices
from storage.inbox.directory import create

FAREWELL: Final = 60_000
"""Milliseconds from the customer's wish to be forgotten to the forgetting, in which a goodbye can leave."""

MONEY: Final = (EventKind.FACTS, EventKind.RESULT, EventKind.POLL, EventKind.FORGET)
"""Kinds of events that stay: they name orders and products, and no person."""
_ANEW: Final = (EventKind.CHAT, EventKind.REQUEST, EventKind.PREFERENCE)
"""Kinds of events that a person causes. Those that wait behind the forgetting are a new customer's."""


async def erase(tx: Transaction, rows: Sequence[tuple[Any, ...]], now: int) -> None:
    """Erase the customers of the conversations `rows`, (number,) each; their snapshots are blank already.

    What the staff want done about their orders, and is not stepped yet, stays. A message that is being sent
    cannot be taken back; nothing is recorded of it.
    """
    people = {row[0]: [row[0]] for row in rows}
    merged = await tx.fetch(_MERGED, sorted(people))
    for row in merged:
        people[row["merged_into"]].append(row["id"])
    everyone = sorted(id for ids in people.values() for id in ids)
    await tx.fetch(_LOCK, everyone)
    await _begin_anew(tx, people, now)
    await tx.fetch(_ALIASES, everyone)
    await _erase_orders_of_staff(tx, everyone)
    await tx.fetch(_EVENTS, everyone, [str(kind) for kind in MONEY])
    await tx.fetch(_MESSAGES, everyone)
    await tx.fetch(_TOLD, everyone)
    await _clear_orders(tx, everyone)
    await _tell_of_copies(tx, people, now)
    await hook_events.erase(tx, everyone)
    await tx.fetch(_BLANK, [row["id"] for row in merged])
    await tx.fetch(_MARK, everyone, now)


async def _begin_anew(tx: Transaction, people: Mapping[int, Sequence[int]], now: int) -> None:
    """Make those who have written since they were forgotten new customers, with the names that they have."""
    waiting = defaultdict(list)
    ids = sorted(id for ids in people.values() for id in ids)
    for row in await tx.fetch(_SINCE, ids, [str(kind) for kind in _ANEW]):
        waiting[row["conversation_id"]].append(row["id"])
    for person in people.values():
        events = [event for id in person for event in waiting[id]]
        if events:
            [new] = (await create(tx, {-1: None}, now)).values()
            await tx.fetch(_MOVED, events, new)
            await tx.fetch(_RENAMED, person, new)


async def _erase_orders_of_staff(tx: Transaction, ids: Sequence[int]) -> None:
    """Erase what the staff wrote in their own chats about these customers: a reply, a new address.

    The row stays with its key: if the channel delivers the message again, it is not done a second time.
    """
    rows = await tx.fetch(_OF_STAFF, ids)
    causes = [key.removeprefix(_COMMAND) for row in rows if (key := row["key"]).startswith(_COMMAND)]
    written = sorted(int(cause) for cause in causes if cause.isdecimal())
    await tx.fetch(_WRITTEN, written, dumps({"event": to_json(Received("erased", {}))}))


_COMMAND: Final = "staff:"
"""How the key of an event begins that the staff caused in their own chat; that event's number follows."""


async def _clear_orders(tx: Transaction, ids: Sequence[int]) -> None:
    """Erase the customers' own data from their orders. Slot and state stay, for quotas and tax."""
    orders = await tx.fetch(_ORDERS, ids)
    cleared = [(r["key"], _without_person(r["destination"]), _without_answers(r["terms"])) for r in orders]
    await tx.each(_CLEAR_ORDER, cleared)
    changed = [(r["key"], _without_person(r["destination"])) for r in await tx.fetch(_AMENDMENTS, ids)]
    await tx.each(_CLEAR_AMENDMENT, changed)
    await tx.fetch(_CLEAR_INVOICES, ids, NAMES_BUYER)


async def _tell_of_copies(tx: Transaction, people: Mapping[int, Sequence[int]], now: int) -> None:
    """Tell operators of whom the shop's other system goes on knowing, by the newest copy of an order."""
    copies = defaultdict[int, list[Row]](list)
    for row in await tx.fetch(_COPIES, sorted(id for ids in people.values() for id in ids)):
        copies[row["conversation_id"]].append(row)
    for ids in people.values():
        theirs = sorted((row for id in ids for row in copies[id]), key=lambda row: row["created_at"])
        if theirs:
            newest = theirs[-1]
            told = known_elsewhere(newest["order_key"], newest["copy_id"], len(theirs) - 1)
            await notices.add(tx, [told], now)


def _without_person(destination: str | None) -> str | None:
    if destination is None:
        return None
    return dumps(destination_to_json(destination_from_json(loads(destination)).of_nobody))


def _without_answers(terms: str) -> str:
    return dumps(terms_to_json(terms_from_json(loads(terms)).of_nobody))


_MERGED: Final = "SELECT id, merged_into FROM conversation WHERE merged_into = ANY($1::bigint[])"

# Whoever stores what these people write holds their names too. After this, either it is stored and seen by
# the next statements, or its names are found to be gone.
_LOCK: Final = "SELECT id FROM alias WHERE conversation_id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
_SINCE: Final = """
SELECT id, conversation_id FROM inbox
WHERE conversation_id = ANY($1::bigint[]) AND state = 'pending' AND kind = ANY($2::text[]) ORDER BY id"""
_MOVED: Final = "UPDATE inbox SET conversation_id = $2 WHERE id = ANY($1::bigint[])"
_RENAMED: Final = "UPDATE alias SET conversation_id = $2 WHERE conversation_id = ANY($1::bigint[])"
_ALIASES: Final = "DELETE FROM alias WHERE conversation_id = ANY($1::bigint[])"
_OF_STAFF: Final = "SELECT key FROM inbox WHERE conversation_id = ANY($1::bigint[]) AND kind = 'staff'"
_WRITTEN: Final = """
UPDATE inbox SET body = $2, raw = NULL, trace = NULL
WHERE id = ANY($1::bigint[]) AND handled_at IS NOT NULL"""
_EVENTS: Final = """
DELETE FROM inbox WHERE conversation_id = ANY($1::bigint[]) AND NOT kind = ANY($2::text[])
    AND NOT (state = 'pending' AND kind = 'staff')"""
_MESSAGES: Final = "DELETE FROM outbox WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat'"
# The first condition is that of the partial index, word for word.
_TOLD: Final = "DELETE FROM outbox WHERE about IS NOT NULL AND about = ANY($1::bigint[])"
_ORDERS: Final = "SELECT key, destination, terms FROM orders WHERE conversation_id = ANY($1::bigint[])"
_CLEAR_ORDER: Final = "UPDATE orders SET destination = $2, terms = $3 WHERE key = $1"
_COPIES: Final = """
SELECT o.conversation_id, m.order_key, m.copy_id, m.created_at FROM orders o
JOIN mirror m ON m.order_key = o.key WHERE o.conversation_id = ANY($1::bigint[]) AND m.copy_id IS NOT NULL"""
_AMENDMENTS: Final = "SELECT key, destination FROM amendment WHERE conversation_id = ANY($1::bigint[])"
_CLEAR_AMENDMENT: Final = "UPDATE amendment SET destination = $2, why = '' WHERE key = $1"
_CLEAR_INVOICES: Final = """
UPDATE invoice SET buyer = NULL WHERE conversation_id = ANY($1::bigint[]) AND total < $2"""
_BLANK: Final = "UPDATE conversation SET snapshot = '{}' WHERE id = ANY($1::bigint[])"
_MARK: Final = """
UPDATE conversation SET forgotten_at = $2, last_inbound_at = NULL, last_chat = NULL, in_hand = NULL,
    hears = 'orders'
WHERE id = ANY($1::bigint[])"""
