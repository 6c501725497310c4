"""The queue of events out: claim what is due, record what became of it, show it to people.

One order's events are a stream. Only the first of a stream that is not finished has a time at which it is
due; whoever finishes it makes the next one due. So nobody looks through what waits behind another.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import Any, Final

from payments.processing.notice import Notice
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction, Units
from storage.inbox import notices

_ERROR: Final = 400
"""The longest error that is stored, in characters."""


class HookState(StrEnum):
    """What became of an event out."""

    WAITING = "waiting"
    """It is to be sent, or is being sent."""
    DONE = "done"
    FAILED = "failed"
    """It was given up."""


@dataclass(frozen=True, slots=True)
class StoredHook:
    """An event out as it is stored. Times are milliseconds since 1970, UTC."""

    id: int
    key: str
    stream: str
    sequence: int
    """Its number in its stream, from 1 on, without a gap."""
    type: str
    data: dict[str, Any]
    created_at: int
    state: HookState
    due_at: int | None
    """When it is tried next; while it is being sent, the end of the lease."""
    attempts: int
    """Tries so far. Of a claimed one, with this try."""
    error: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, JSON-ready. The same in every try, unless its customer was forgotten meanwhile."""
        return {
            "type": self.type,
            "timestamp": self.created_at,
            "data": {"sequence": self.sequence, **self.data},
        }


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one try."""

    hook: StoredHook
    state: HookState
    """`WAITING`: it is tried again at `again`."""
    again: int | None = None
    error: str | None = None
    counts: bool = True
    """False: the try does not count."""
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class HookCounts:
    """How the queue stands."""

    waiting: int
    failed: int
    last_done: int | None
    """When the last event was taken; None if none was, or it is pruned."""
    waiting_since: int | None
    """When the oldest that waits was stored; None if none waits."""
    errors: frozenset[str]
    """What the last tries of those that wait came to, if they failed."""


class Hooks:
    """The events out of one database. Each method is one transaction."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def claim(self, now: int, limit: int, lease: int) -> list[StoredHook]:
        """Claim up to `limit` due events until `now + lease` (milliseconds), at most one of each stream."""
        if not await self._units.read(lambda tx: _is_due(tx, now)):
            return []
        return await self._units.run(lambda tx: _claim(tx, now, limit, lease))

    async def record(self, tried: Tried, now: int) -> None:
        """Record a try. If its lease has ended and another has claimed the event, nothing changes."""
        await self._units.run(lambda tx: _record(tx, tried, now))

    async def counts(self) -> HookCounts:
        """Return how the queue stands."""
        return await self._units.read(counts)

    async def open(self, limit: int) -> list[StoredHook]:
        """Return up to `limit` events that were given up, and as many that wait, oldest first."""
        return await self._units.read(lambda tx: open_hooks(tx, limit))

    async def page(self, after: int, since: int, until: int, limit: int) -> list[StoredHook]:
        """Return up to `limit` events after number `after`, stored from `since` up to `until`, in order."""
        return await self._units.read(lambda tx: page(tx, after, since, until, limit))

    async def retry(self, stream: str | None) -> int:
        """Send at once what was given up or waits for a later try, of `stream` or of all. Return how many."""
        return await self._units.run(lambda tx: retry(tx, stream))

    async def resume(self, ended: str, now: int, lease: int) -> None:
        """Make due whatever waits because its last try came to `ended`.

        What is due before `now + lease` (milliseconds) is left out: another process may be sending it.
        """
        await self._units.run(lambda tx: resume(tx, ended, now + lease))


async def _is_due(tx: Transaction, now: int) -> bool:
    return bool(await tx.fetch(_DUE, now))


async def _claim(tx: Transaction, now: int, limit: int, lease: int) -> list[StoredHook]:
    ids = [row["id"] for row in await tx.fetch(_HEADS, now, limit)]
    if not ids:
        return []
    return [_stored(row) for row in await tx.fetch(_CLAIM, ids, now, now + lease)]


def _stored(row: Row) -> StoredHook:
    where = (row["id"], row["key"], row["stream"], row["sequence"], row["type"], loads(row["data"]))
    stands = (HookState(row["state"]), row["due_at"], row["attempts"], row["error"])
    return StoredHook(*where, row["created_at"], *stands)


async def _record(tx: Transaction, tried: Tried, now: int) -> None:
    hook, finished = tried.hook, None if tried.state is HookState.WAITING else now
    # Who stores another event of the stream waits for this lock, and then sees what is finished.
    await tx.fetch(_LOCK, hook.stream)
    error = None if tried.error is None else tried.error.replace("\x00", "")[:_ERROR]
    values = (str(tried.state), tried.again, finished, error, 0 if tried.counts else 1)
    if not await tx.fetch(_RECORD, hook.id, hook.due_at, *values):
        return
    if finished:
        await tx.fetch(_NEXT, hook.stream, now)
    await notices.add(tx, [tried.notice] if tried.notice else [], now)


async def counts(tx: Transaction) -> HookCounts:
    """Return how the queue stands."""
    [row] = await tx.fetch(_COUNTS)
    done = await tx.fetch(_LAST_DONE)
    errors = frozenset(str(one["error"]) for one in await tx.fetch(_ERRORS))
    last = done[0]["finished_at"] if done else None
    return HookCounts(row["waiting"], row["failed"], last, row["since"], errors)


async def open_hooks(tx: Transaction, limit: int) -> list[StoredHook]:
    """Return up to `limit` events that were given up, and as many that wait, oldest first."""
    failed, waiting = await tx.fetch(_FAILED, limit), await tx.fetch(_WAITING, limit)
    return [_stored(row) for row in sorted((*failed, *waiting), key=lambda row: int(row["id"]))]


async def page(tx: Transaction, after: int, since: int, until: int, limit: int) -> list[StoredHook]:
    """Return up to `limit` events after number `after`, stored from `since` up to `until`, oldest first.

    They end before the first that was stored at `until` or later: whoever goes on after the last one of
    them misses none, though an event with a higher number may have been stored at an earlier time.
    """
    rows = takewhile(lambda row: row["created_at"] < until, await tx.fetch(_PAGE, after, since, limit))
    return [_stored(row) for row in rows]


async def retry(tx: Transaction, stream: str | None) -> int:
    """Make what was given up wait again, and the first of each stream due, also of those that were to wait.

    All of them get as many tries as a new one. Return how many events.
    """
    rows = [*await tx.fetch(_GIVEN_UP, stream), *await tx.fetch(_LATER, stream)]
    for name in sorted({row["stream"] for row in rows}):
        await tx.fetch(_LOCK, name)
    ids = [row["id"] for row in rows]
    changed = await tx.fetch(_AGAIN, ids) if ids else []
    for name in sorted({row["stream"] for row in changed}):
        # Whatever is being sent is claimed anew: a receiver may get it twice.
        await tx.fetch(_NOT_DUE, name)
        await tx.fetch(_FIRST, name)
    return len(changed)


async def resume(tx: Transaction, ended: str, after: int) -> None:
    """Make due whatever waits until later than `after`, and whose last try came to `ended`."""
    # One that is just being recorded is left out: two that wait for each other's rows would deadlock.
    if rows := await tx.fetch(_ENDED, ended, after):
        await tx.fetch(_RESUME, [row["id"] for row in rows])


async def prune(tx: Transaction, before: int, limit: int) -> int:
    """Delete up to `limit` events that were finished before `before`. Return how many."""
    rows = await tx.fetch(_PRUNABLE, before, limit)
    if rows:
        await tx.fetch(_DELETE, [row["id"] for row in rows])
    return len(rows)


_DUE: Final = "SELECT 1 AS one FROM hook WHERE finished_at IS NULL AND due_at <= $1 LIMIT 1"
_HEADS: Final = """
SELECT id FROM hook WHERE finished_at IS NULL AND due_at <= $1
ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_CLAIM: Final = """
UPDATE hook SET due_at = $3, attempts = attempts + 1
WHERE id = ANY($1::bigint[]) AND finished_at IS NULL AND due_at <= $2
RETURNING id, key, stream, sequence, type, data, state, due_at, attempts, error, created_at"""
_LOCK: Final = "SELECT stream FROM hook_stream WHERE stream = $1 FOR UPDATE"
_RECORD: Final = """
UPDATE hook SET state = $3, due_at = $4::bigint, finished_at = $5::bigint, error = $6,
    attempts = attempts - $7::int
WHERE id = $1 AND finished_at IS NULL AND due_at = $2 RETURNING id"""
_NEXT: Final = """
UPDATE hook SET due_at = $2 WHERE id = (
    SELECT id FROM hook WHERE stream = $1 AND finished_at IS NULL ORDER BY id LIMIT 1)"""
_FIRST: Final = """
UPDATE hook SET due_at = created_at WHERE id = (
    SELECT id FROM hook WHERE stream = $1 AND finished_at IS NULL ORDER BY id LIMIT 1)"""
_COUNTS: Final = """
SELECT (SELECT COUNT(*) FROM hook WHERE finished_at IS NULL) AS waiting,
    (SELECT MIN(created_at) FROM hook WHERE finished_at IS NULL) AS since,
    (SELECT COUNT(*) FROM hook WHERE state = 'failed') AS failed"""
_ERRORS: Final = """
SELECT DISTINCT error FROM hook WHERE finished_at IS NULL AND due_at > 0 AND error IS NOT NULL"""
_LAST_DONE: Final = """
SELECT finished_at FROM hook WHERE finished_at IS NOT NULL AND state = 'done'
ORDER BY finished_at DESC LIMIT 1"""
_FAILED: Final = "SELECT * FROM hook WHERE state = 'failed' ORDER BY id LIMIT $1"
_WAITING: Final = """
SELECT * FROM hook WHERE finished_at IS NULL AND due_at > 0 ORDER BY due_at LIMIT $1"""
_PAGE: Final = """
SELECT * FROM hook WHERE id > $1 AND created_at >= $2 ORDER BY id LIMIT $3"""
_GIVEN_UP: Final = """
SELECT id, stream FROM hook
WHERE state = 'failed' AND ($1::text IS NULL OR stream = $1::text) ORDER BY id"""
_LATER: Final = """
SELECT id, stream FROM hook WHERE finished_at IS NULL AND due_at > 0
    AND error IS NOT NULL AND ($1::text IS NULL OR stream = $1::text) ORDER BY due_at"""
_ENDED: Final = """
SELECT id FROM hook WHERE finished_at IS NULL AND due_at > $2 AND error = $1
ORDER BY due_at FOR UPDATE SKIP LOCKED"""
_RESUME: Final = """
UPDATE hook SET due_at = created_at, error = NULL WHERE id = ANY($1::bigint[]) AND finished_at IS NULL"""
_AGAIN: Final = """
UPDATE hook SET state = 'waiting', finished_at = NULL, attempts = 0
WHERE id = ANY($1::bigint[]) AND state IN ('failed', 'waiting') RETURNING stream"""
_NOT_DUE: Final = "UPDATE hook SET due_at = NULL WHERE finished_at IS NULL AND stream = $1"
_PRUNABLE: Final = """
SELECT id FROM hook WHERE finished_at IS NOT NULL AND finished_at < $1
ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_DELETE: Final = "DELETE FROM hook WHERE id = ANY($1::bigint[])"
