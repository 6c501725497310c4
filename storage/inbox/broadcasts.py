"""Broadcasts: an offer becomes an event of each customer who asked for offers, batch by batch.

The event's key has the broadcast's id, so no customer has it twice, also after a crash, and when two
conversations turn out to be one person's. A batch is due when the last one has been stepped and few offers
wait to be sent: so the number's own throughput sets the pace, and no other event queues behind a broadcast.
"""

from dataclasses import dataclass
from typing import Final

from payments.processing.step_input import EventKind
from storage.database.encoding import dumps
from storage.database.queues import InboxState
from storage.database.transaction import Row, Transaction, Units

BATCH: Final = 40
"""Customers of one batch: half of what a common number may send in a second."""
GAP: Final = 1_000
"""Milliseconds between two batches."""
ROOM: Final = 200
"""No batch is due while so many offers wait to be sent."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """An offer to everybody who asked for offers."""

    id: str
    message: str
    by: str
    created_at: int
    """Milliseconds since 1970, UTC."""
    given: int
    """Customers who have their event. In its step some of them may turn out to get no offer."""
    finished: bool
    new: bool = False
    """Whether it was stored just now."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who would get an offer now, and who would not."""

    open: int
    """They wrote lately, and get the message itself."""
    silent: int
    """They last wrote long ago, or never, and get the message's template."""
    in_hand: int
    """They asked for offers, and talk to a person now."""
    others: int
    """They did not ask for offers."""


class Broadcasts:
    """The broadcasts of one database. Each method is one transaction."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def audience(self, since: int) -> Audience:
        """Return who would get an offer now; see `audience`."""
        return await self._units.read(lambda tx: audience(tx, since))

    async def find(self, id: str) -> Broadcast | None:
        """Return the broadcast with this id; None if there is none."""
        return await self._units.read(lambda tx: find(tx, id))

    async def begin(self, id: str, message: str, by: str, now: int) -> Broadcast:
        """Store a broadcast, or return the one that has its id already."""
        return await self._units.run(lambda tx: begin(tx, id, message, by, now))

    async def go_on(self, now: int) -> int | None:
        """Give the next customers of a broadcast their event; see `go_on`."""
        if not await self._units.read(is_under_way):
            return None
        return await self._units.run(lambda tx: go_on(tx, now))


async def audience(tx: Transaction, since: int) -> Audience:
    """Return the audience of an offer. `since`: who wrote after it (milliseconds) has written lately."""
    [row] = await tx.fetch(_AUDIENCE, since)
    [rest] = await tx.fetch(_OTHERS)
    silent = row["wanted"] - row["in_hand"] - row["lately"]
    return Audience(row["lately"], silent, row["in_hand"], rest["others"])


_AUDIENCE: Final = """
SELECT COUNT(*) AS wanted, COUNT(in_hand) AS in_hand,
    COUNT(CASE WHEN in_hand IS NULL AND last_inbound_at > $1 THEN 1 END) AS lately
FROM conversation WHERE hears = 'offers' AND merged_into IS NULL"""
_OTHERS: Final = (
    "SELECT COUNT(*) AS others FROM conversation"
    " WHERE hears <> 'offers' AND merged_into IS NULL AND forgotten_at IS NULL"
)


async def find(tx: Transaction, id: str) -> Broadcast | None:
    """Return the broadcast with this id; None if there is none."""
    rows = await tx.fetch(_FIND, id)
    return _broadcast(rows[0], new=False) if rows else None


async def begin(tx: Transaction, id: str, message: str, by: str, now: int) -> Broadcast:
    """Store a broadcast, or return the one that has its id already. `now` is in milliseconds."""
    made = await tx.insert(_BEGIN, [(id, message, by, now, 0, 0, now)])
    [row] = await tx.fetch(_FIND, id)
    return _broadcast(row, new=bool(made))


_FIND: Final = "SELECT * FROM broadcast WHERE id = $1"
_BEGIN: Final = """
INSERT INTO broadcast (id, message, sent_by, created_at, reached, given, due_at) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING id"""


def _broadcast(row: Row, *, new: bool) -> Broadcast:
    finished = row["due_at"] is None
    return Broadcast(
        row["id"], row["message"], row["sent_by"], row["created_at"], row["given"], finished, new
    )


async def is_under_way(tx: Transaction) -> bool:
    """Return whether a broadcast has customers left. It locks nothing."""
    return bool(await tx.fetch(_UNDER_WAY))


async def go_on(tx: Transaction, now: int) -> int:
    """Give the next customers of the oldest broadcast that is due their event; return how many got it.

    0 if none is due, or what was given before is not on its way yet. A time further ahead than a batch can be
    due was written by a clock that has been set back since. `now` is in milliseconds.
    """
    rows = await tx.fetch(_DUE, now, now + GAP)
    if not rows or await _is_busy(tx, rows[0]):
        return 0
    [row] = rows
    found = [one["id"] for one in await tx.fetch(_NEXT, row["reached"], BATCH)]
    body = dumps({"broadcast": row["id"], "message": row["message"]})
    event = (key(row["id"]), str(EventKind.OFFER), str(InboxState.PENDING), now, body, now)
    given = len(await tx.insert(_EVENTS, [(id, *event) for id in found]))
    reached = found[-1] if found else row["reached"]
    await tx.fetch(_MOVE_ON, row["id"], reached, given, now + GAP if len(found) == BATCH else None)
    return given


def key(id: str) -> str:
    """Return the key of each customer's event of the broadcast with this id."""
    return f"broadcast:{id}"


async def _is_busy(tx: Transaction, row: Row) -> bool:
    """Return whether an event of the last batch is not stepped yet, or many offers wait to be sent."""
    if await tx.fetch(_LAST, row["reached"], key(row["id"])):
        return True
    [waiting] = await tx.fetch(_WAITING, ROOM)
    return bool(waiting["offers"] >= ROOM)


_UNDER_WAY: Final = "SELECT id FROM broadcast WHERE due_at IS NOT NULL LIMIT 1"
_DUE: Final = """
SELECT id, message, reached FROM broadcast
WHERE due_at IS NOT NULL AND (due_at <= $1 OR due_at > $2)
ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"""
_LAST: Final = "SELECT id FROM inbox WHERE conversation_id = $1 AND key = $2 AND state = 'pending'"
_WAITING: Final = """
SELECT COUNT(*) AS offers FROM (
    SELECT id FROM outbox WHERE finished_at IS NULL AND lane = 'chat' AND urgency = 2 LIMIT $1
) w"""
_NEXT: Final = """
SELECT id FROM conversation WHERE hears = 'offers' AND merged_into IS NULL AND id > $1 ORDER BY id LIMIT $2"""
_EVENTS: Final = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING id"""
_MOVE_ON: Final = "UPDATE broadcast SET reached = $2, given = given + $3, due_at = $4 WHERE id = $1"
