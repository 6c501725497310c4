"""Store once: every fact that arrives becomes one inbox row before it is acknowledged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from payments.processing.notice import Notice
from payments.processing.step_input import Kind
from payments.shop.orders import conversation_of
from storage.database.encoding import check, dumps
from storage.database.transaction import Row, Transaction
from storage.inbox import notices, strays
from storage.inbox.customers import Alias, Directory, Evidence, Naming
from storage.inbox.directory import know_all_of, known, save

NOBODY: Final = 0
"""The conversation of what belongs to no customer of ours."""

_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Arrival:
    """One fact to be stored once. Raises ValueError for a key or alias that no index can hold.

    Its conversation is found by `aliases`, else by `order_key`, else by `opaque`. What names no
    conversation of ours is kept as nobody's and never stepped. Names of two conversations make them one.
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
    formerly: tuple[Alias, ...] = ()
    """What it called them before, where it says that they changed their number or got a new id."""
    told_at: int = 0
    """When the customer said so, in milliseconds since 1970, UTC; 0 if it was not they."""
    recipient: tuple[Alias, ...] = ()
    """Whom a message of ours reached, the one that `opaque` names; nobody is created."""
    name: str | None = None
    """The customer's profile name, taken when the customer is created."""
    order_key: str | None = None
    """The one order that it is about; None if it names none, or several."""
    opaque: str | None = None
    """Our own callback id of a message: `<conversation id>.<outbox number>`."""
    pending: bool = True
    """False: only kept, never stepped."""
    notice: Notice | None = None
    """What operators are told because it came, in the same transaction."""

    def __post_init__(self) -> None:
        aliases = (*self.aliases, *self.formerly, *self.recipient)
        for text in (self.key, *(value for _, value in aliases)):
            if not text or len(text) > _LONGEST:
                raise ValueError(f"a key or alias has 1 to {_LONGEST} characters, not {len(text)}")
        check((self.key, self.raw, self.order_key, *(part for alias in aliases for part in alias)))


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an arrival is now."""

    number: int
    """Of its inbox row: the row that was there first, if it came again."""
    conversation: str | None
    """The public id; None if it is nobody's."""
    new: bool
    """False if it had been stored before, or came earlier in the same batch."""


async def arrive(tx: Transaction, arrivals: Sequence[Arrival], now: int, naming: Naming) -> list[Stored]:
    """Store all `arrivals` or none; one `Stored` each, in order. `now` is in milliseconds."""
    if not arrivals:
        return []
    owners = await _conversations(tx, arrivals, now, naming)
    found = await strays.among(tx, arrivals)
    if told := [arrival.notice for arrival in arrivals if arrival.notice] + found.alarms:
        await notices.add(tx, told, now)
    rows = [
        _row(arrival, owner, found.waits(arrival), now)
        for arrival, owner in zip(arrivals, owners, strict=True)
    ]
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
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, raw, received_at, order_key) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING id, conversation_id, key"""

# CROSS JOIN, because SQLite then takes the rows first and seeks; IN (VALUES …) scans the table.
_KNOWN = """
SELECT i.id, i.conversation_id, i.key FROM (VALUES {rows}) AS v CROSS JOIN inbox i
WHERE i.conversation_id = v.column1 AND i.key = v.column2"""


def _row(arrival: Arrival, owner: int, wanted: bool, now: int) -> tuple[Any, ...]:
    # A receipt may be about a message whose conversation is only found by its provider id.
    waits = arrival.pending and wanted and (owner != NOBODY or arrival.kind is Kind.RECEIPT)
    state = "pending" if waits else "kept"
    read = (dumps(arrival.body), arrival.raw, now, arrival.order_key)
    return (owner, arrival.key, str(arrival.kind), state, now, *read)


def _numbers(rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    return {(row["conversation_id"], row["key"]): row["id"] for row in rows}


async def _conversations(tx: Transaction, arrivals: Sequence[Arrival], now: int, naming: Naming) -> list[int]:
    """The conversation of each arrival, customers created, and joined, as needed."""
    named = [_named(tx.installation, arrival) for arrival in arrivals]
    wanted = sorted({id for id in named if id is not None})
    existing = await tx.fetch(_EXISTING, wanted) if wanted else []
    ours: dict[int | None, int] = {row["id"]: row["now"] for row in existing}
    directory = await _directory(
        tx, [(a, ours.get(id)) for a, id in zip(arrivals, named, strict=True)], naming
    )
    owners = [
        _owner(directory, arrival, ours.get(id, NOBODY)) for arrival, id in zip(arrivals, named, strict=True)
    ]
    ids = await save(tx, directory, now)
    return [ids(owner) for owner in owners]


def _owner(directory: Directory, arrival: Arrival, named: int) -> int:
    if arrival.aliases:
        evidence = Evidence(arrival.aliases, arrival.told_at, arrival.formerly)
        return directory.customer(evidence, arrival.name)
    if named != NOBODY and arrival.recipient:
        return directory.recipient(named, Evidence(arrival.recipient))
    return named


_EXISTING = "SELECT id, COALESCE(merged_into, id) AS now FROM conversation WHERE id = ANY($1::bigint[])"


async def _directory(
    tx: Transaction, arrivals: Sequence[tuple[Arrival, int | None]], naming: Naming
) -> Directory:
    """All aliases of every customer that an arrival may mean; each with the customer that it names."""
    said = [
        (named, (*a.aliases, *a.formerly, *(a.recipient if named is not None else ())))
        for a, named in arrivals
    ]
    directory = await known(tx, {value for _, names in said for _, value in names}, naming)
    # Nearly every word of a recipient says what is known.
    new = {
        id
        for (arrival, id) in arrivals
        if id is not None and arrival.recipient and not directory.knows(id, Evidence(arrival.recipient))
    }
    await know_all_of(tx, directory, new)
    return directory


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
