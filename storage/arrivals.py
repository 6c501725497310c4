"""Store once: every fact that arrives becomes one inbox row before it is acknowledged."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flows import conversation as conversations
from payments.case import Kind, Notice
from payments.orders import conversation_of
from storage import notices
from storage.customers import Alias, Directory, numbered
from storage.encoding import check, dumps
from storage.transaction import Row, Transaction

NOBODY: Final = 0
"""The conversation of what belongs to no customer of ours."""

_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Arrival:
    """One fact to be stored once. Raises ValueError for a key or alias that no index can hold.

    Its conversation is found by `aliases`, else by `order_key`, else by `opaque`. What names no
    conversation of ours is kept as nobody's and never stepped.
    """

    key: str
    """Unique per conversation: the same fact delivered again has the same key."""
    kind: Kind
    body: Mapping[str, Any]
    """JSON values, in the shape that `kind` says."""
    raw: str | None = None
    """The bytes it came in, as text."""
    aliases: tuple[Alias, ...] = ()
    """What the channel calls the customer, best first; an unknown customer is created."""
    name: str | None = None
    """The customer's profile name, taken when the customer is created."""
    order_key: str | None = None
    opaque: str | None = None
    """Our own callback id of a message: `<conversation id>.<outbox number>`."""
    pending: bool = True
    """False: only kept, never stepped."""
    notice: Notice | None = None
    """What operators are told because it came, in the same transaction."""

    def __post_init__(self) -> None:
        for text in (self.key, *(value for _, value in self.aliases)):
            if not text or len(text) > _LONGEST:
                raise ValueError(f"a key or alias has 1 to {_LONGEST} characters, not {len(text)}")
        check((self.key, self.raw, *(part for alias in self.aliases for part in alias)))


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an arrival is now."""

    number: int
    """Of its inbox row: the row that was there first, if it came again."""
    conversation: str | None
    """The public id; None if it is nobody's."""
    new: bool
    """False if it had been stored before, or came earlier in the same batch."""


async def arrive(tx: Transaction, arrivals: Sequence[Arrival], now: int) -> list[Stored]:
    """Store all `arrivals` or none; one `Stored` each, in order. `now` is in milliseconds."""
    if not arrivals:
        return []
    owners = await _conversations(tx, arrivals, now)
    rows = [_row(arrival, owner, now) for arrival, owner in zip(arrivals, owners, strict=True)]
    if told := [arrival.notice for arrival in arrivals if arrival.notice]:
        await notices.add(tx, told, now)
    pairs = dict.fromkeys((row[0], row[1]) for row in rows)
    inserted = _numbers(await tx.insert(_INSERT, rows))
    missing = [pair for pair in pairs if pair not in inserted]
    known = _numbers(await tx.fetch_rows(_KNOWN, "bigint text", missing)) if missing else {}
    stored = []
    for arrival, owner in zip(arrivals, owners, strict=True):
        pair = (owner, arrival.key)
        new = pair in inserted
        number = inserted.pop(pair) if new else known[pair]
        known[pair] = number
        stored.append(Stored(number, f"{tx.installation}-{owner}" if owner else None, new))
    return stored


_INSERT = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, raw, received_at) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING id, conversation_id, key"""

# CROSS JOIN, because SQLite then takes the rows first and seeks; IN (VALUES …) scans the table.
_KNOWN = """
SELECT i.id, i.conversation_id, i.key FROM (VALUES {rows}) AS v CROSS JOIN inbox i
WHERE i.conversation_id = v.column1 AND i.key = v.column2"""


def _row(arrival: Arrival, owner: int, now: int) -> tuple[Any, ...]:
    # A receipt may be about a message whose conversation is only found by its provider id.
    waits = arrival.pending and (owner != NOBODY or arrival.kind is Kind.RECEIPT)
    state = "pending" if waits else "kept"
    return (owner, arrival.key, str(arrival.kind), state, now, dumps(arrival.body), arrival.raw, now)


def _numbers(rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    return {(row["conversation_id"], row["key"]): row["id"] for row in rows}


async def _conversations(tx: Transaction, arrivals: Sequence[Arrival], now: int) -> list[int]:
    """The conversation of each arrival, customers created as needed."""
    directory = await _directory(tx, {value for a in arrivals for _, value in a.aliases})
    named = [_named(tx.installation, arrival) for arrival in arrivals]
    wanted = sorted({id for id in named if id is not None})
    existing = await tx.fetch(_EXISTING, wanted) if wanted else []
    ours: dict[int | None, int] = {row["id"]: row["id"] for row in existing}
    owners = [
        directory.customer(arrival.aliases, arrival.name) if arrival.aliases else ours.get(id, NOBODY)
        for arrival, id in zip(arrivals, named, strict=True)
    ]
    ids = await _create(tx, directory.names, now) if directory.names else {}
    for kind, value in sorted(directory.moved):
        await tx.fetch("DELETE FROM alias WHERE value = $1 AND kind = $2", value, kind)
    await tx.insert(
        "INSERT INTO alias (conversation_id, kind, value) VALUES {rows}", numbered(directory.added, ids)
    )
    return [ids.get(owner, owner) for owner in owners]


_EXISTING = "SELECT id FROM conversation WHERE id = ANY($1::bigint[])"

_ALIASES = """
SELECT a.kind, a.value, a.conversation_id FROM alias a
WHERE a.conversation_id IN (SELECT b.conversation_id FROM alias b WHERE b.value = ANY($1::text[]))"""


async def _directory(tx: Transaction, values: set[str]) -> Directory:
    rows = await tx.fetch(_ALIASES, sorted(values)) if values else []
    return Directory.of((row["kind"], row["value"], row["conversation_id"]) for row in rows)


def _named(installation: str, arrival: Arrival) -> int | None:
    """The number of the conversation that an order key or our callback id names, if it may be ours."""
    if arrival.order_key is not None:
        public = conversation_of(arrival.order_key)
    else:
        public = arrival.opaque.rpartition(".")[0] if arrival.opaque else None
    return conversation_number(installation, public)


def conversation_number(installation: str, public: str | None) -> int | None:
    """The number inside a public conversation id; None if this installation did not make it."""
    key, _, digits = (public or "").partition("-")
    if key != installation or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    return int(digits)


async def _create(tx: Transaction, names: Mapping[int, str | None], now: int) -> dict[int, int]:
    """New conversations; their ids by the negative numbers of `names`."""
    snapshots = {new: _snapshot(name) for new, name in names.items()}
    rows = [("", snapshot, 0, now, now, 0) for snapshot in snapshots.values()]
    created = await tx.insert(_CREATE, rows)
    # RETURNING promises no order; two new customers with equal snapshots may swap ids freely.
    free = defaultdict(list)
    for row in created:
        free[row["snapshot"]].append(row["id"])
    return {new: free[snapshot].pop(0) for new, snapshot in snapshots.items()}


_CREATE = """
INSERT INTO conversation (state, snapshot, revision, created_at, updated_at, paced_until) VALUES {rows}
RETURNING id, snapshot"""


def _snapshot(name: str | None) -> str:
    customer = {"name": name} if name else {}
    return dumps(conversations.to_json(conversations.Conversation("", customer=customer)))
