"""Store every arrival as one inbox row before it is acknowledged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from payments.processing.step_input import EventKind
from payments.shop.orders import conversation_of
from storage.database.encoding import dumps
from storage.database.queues import InboxState
from storage.database.transaction import Row, Transaction
from storage.inbox import idempotency, notices, strays
from storage.inbox.arrival import NOBODY, Arrival
from storage.inbox.customers import Directory, Evidence, Naming
from storage.inbox.directory import load_directory, load_names, save
from storage.inbox.idempotency import Earlier, Once


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an arrival is stored."""

    number: int
    """The number of its inbox row; of the first row, if it arrived again."""
    conversation: str | None
    """The public id of its conversation; None if it has none."""
    new: bool
    """False if it was stored before, or was earlier in the same batch."""
    same: bool = True
    """False if its idempotency key was used for another request, which is the one at `number`."""


async def arrive(tx: Transaction, arrivals: Sequence[Arrival], now: int, naming: Naming) -> list[Stored]:
    """Store all `arrivals` or none; return one `Stored` for each, in order. `now` is in milliseconds."""
    if not any(arrival.once for arrival in arrivals):
        return await _arrive(tx, arrivals, now, naming) if arrivals else []
    used = await idempotency.earlier(tx, (arrival.once for arrival in arrivals if arrival.once))
    places = _to_store(arrivals, used)
    stored = await _arrive(tx, [arrivals[place] for place in places], now, naming) if places else []
    results = dict(zip(places, stored, strict=True))
    kept = [(once, one.number) for place, one in results.items() if (once := arrivals[place].once)]
    await idempotency.keep(tx, kept)
    used |= {once.key: Earlier(number, once.request) for once, number in kept}
    again = partial(_again, tx.installation, used)
    return [results.get(place) or again(arrival.once) for place, arrival in enumerate(arrivals)]


def _to_store(arrivals: Sequence[Arrival], used: Mapping[str, Earlier]) -> list[int]:
    """Return the places of the arrivals whose idempotency key is new, and of those that have none."""
    keys = set(used)
    places = []
    for place, arrival in enumerate(arrivals):
        if arrival.once is None or arrival.once.key not in keys:
            places.append(place)
        if arrival.once is not None:
            keys.add(arrival.once.key)
    return places


def _again(installation: str, used: Mapping[str, Earlier], once: Once | None) -> Stored:
    assert once is not None, "any other arrival is new, or is found by its conversation and key"
    before = used[once.key]
    owner = f"{installation}-{before.conversation}" if before.conversation else None
    return Stored(before.event, owner, new=False, same=before.request == once.request)


async def _arrive(tx: Transaction, arrivals: Sequence[Arrival], now: int, naming: Naming) -> list[Stored]:
    owners = await _conversations(tx, arrivals, now, naming)
    stray = await strays.among(tx, arrivals)
    if new_notices := [arrival.notice for arrival in arrivals if arrival.notice] + stray.alarms:
        await notices.add(tx, new_notices, now)
    rows = [
        _row(arrival, owner, stray.needs_step(arrival), now)
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

# CROSS JOIN makes SQLite take the VALUES first and seek in the table; IN (VALUES …) would scan it.
_KNOWN = """
SELECT i.id, i.conversation_id, i.key FROM (VALUES {rows}) AS v CROSS JOIN inbox i
WHERE i.conversation_id = v.column1 AND i.key = v.column2"""


def _row(arrival: Arrival, owner: int, wanted: bool, now: int) -> tuple[Any, ...]:
    # A receipt without a conversation may be about a message that is found by its provider id.
    pending = arrival.pending and wanted and (owner != NOBODY or arrival.kind is EventKind.RECEIPT)
    state = InboxState.PENDING if pending else InboxState.KEPT
    content = (dumps(arrival.body), arrival.raw, now, arrival.order_key)
    return (owner, arrival.key, str(arrival.kind), state, now, *content)


def _numbers(rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    return {(row["conversation_id"], row["key"]): row["id"] for row in rows}


async def _conversations(tx: Transaction, arrivals: Sequence[Arrival], now: int, naming: Naming) -> list[int]:
    """Return the conversation of each arrival. Create and merge customers as needed."""
    named = [_named(tx.installation, arrival) for arrival in arrivals]
    wanted = sorted({id for id in named if id is not None})
    existing = await tx.fetch(_EXISTING, wanted) if wanted else []
    ours: dict[int | None, int] = {row["id"]: row["now"] for row in existing}
    # A late report about a message names its recipient: who was forgotten must not be known again by it.
    forgotten = {row["now"] for row in existing if row["forgotten"]}
    known = {id: now for id, now in ours.items() if now not in forgotten}
    directory = await _directory(
        tx, [(a, known.get(id)) for a, id in zip(arrivals, named, strict=True)], naming
    )
    owners = [
        _owner(directory, arrival, known.get(id, NOBODY)) for arrival, id in zip(arrivals, named, strict=True)
    ]
    ids = await save(tx, directory, now)
    return [
        ids(owner) if owner != NOBODY else ours.get(id, NOBODY)
        for owner, id in zip(owners, named, strict=True)
    ]


def _owner(directory: Directory, arrival: Arrival, named: int) -> int:
    if arrival.aliases:
        evidence = Evidence(arrival.aliases, arrival.told_at, arrival.formerly)
        return directory.customer(evidence, arrival.name)
    if named != NOBODY and arrival.recipient:
        return directory.recipient(named, Evidence(arrival.recipient))
    return named


_EXISTING = """
SELECT id, COALESCE(merged_into, id) AS now, forgotten_at IS NOT NULL AS forgotten FROM conversation
WHERE id = ANY($1::bigint[])"""


async def _directory(
    tx: Transaction, arrivals: Sequence[tuple[Arrival, int | None]], naming: Naming
) -> Directory:
    """Load all aliases of every customer that an arrival may name.

    `arrivals`: each with the conversation that its order key or callback id names.
    """
    names = [
        alias
        for a, named in arrivals
        for alias in (*a.aliases, *a.formerly, *(a.recipient if named is not None else ()))
    ]
    directory = await load_directory(tx, {value for _, value in names}, naming)
    # Only for recipients with new names, which are few.
    new = {
        id
        for (arrival, id) in arrivals
        if id is not None and arrival.recipient and not directory.knows(id, Evidence(arrival.recipient))
    }
    await load_names(tx, directory, new)
    return directory


def _named(installation: str, arrival: Arrival) -> int | None:
    """Return the number of the conversation that an order key or our callback id names, if it may be ours."""
    if arrival.order_key is not None:
        public = conversation_of(arrival.order_key)
    else:
        public = arrival.opaque.rpartition(".")[0] if arrival.opaque else None
    return conversation_number(installation, public)


def conversation_number(installation: str, public: str | None) -> int | None:
    """Return the number in a public conversation id; None if this installation did not make the id."""
    key, _, digits = (public or "").partition("-")
    if key != installation or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    return int(digits)
