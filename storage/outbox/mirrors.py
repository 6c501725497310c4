"""The queue of copies in the shop's other system: claim what is due, and record what became of it."""

from dataclasses import dataclass
from typing import Any, Final

from payments.ledger.mirrors import CopyStatus, Mirror, MirrorState
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction, Units
from storage.inbox import notices, staff
from storage.inbox.customers import Naming
from storage.inbox.order_rows import OrderRows, Unreadable, load_orders, order_state

_ERROR: Final = 400
"""The longest error that is stored, in characters."""
_UNREADABLE: Final = 3_600_000
"""Milliseconds after which an order that could not be read is looked at again."""


@dataclass(frozen=True, slots=True)
class ClaimedMirror:
    """A copy that a worker has until its lease ends, with its order. It holds personal data."""

    mirror: Mirror
    order: OrderState
    name: str
    """The customer's profile name; empty if none is known, or they were forgotten."""
    phone: str
    """The customer's newest number, digits with the country code; empty if none is known."""
    wanted_at: int
    """Milliseconds since 1970, UTC."""
    revision: int
    tries: int
    restored_at: int | None = None
    """When the books were put back, if the order is older: then the lost books may have had the copy made.
    Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a claimed copy."""

    mirror: Mirror
    again: int | None
    """When there is more to do, in milliseconds since 1970, UTC; None if there is nothing."""
    error: str | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenMirror:
    """A copy that is to be made or changed, as people read it. Times are milliseconds since 1970, UTC."""

    number: str
    """The order's, as people read it."""
    mirror: Mirror
    due_at: int | None
    """When it is tried next; None if nothing is to be done."""
    error: str | None
    """Why the last try failed, in the other system's words; None if it did not."""


class Mirrors:
    """The copies of one database's orders. Each method is one transaction."""

    def __init__(self, units: Units, naming: Naming) -> None:
        self._units, self._naming = units, naming

    async def claim(self, now: int, limit: int, lease: int) -> list[ClaimedMirror]:
        """Claim up to `limit` due copies until `now + lease` (milliseconds), the longest due first."""
        if not await self._units.read(lambda tx: tx.fetch(_DUE, now)):
            return []
        return await self._units.run(lambda tx: _claim(tx, now, limit, lease, self._naming))

    async def asked(self, claimed: ClaimedMirror, mirror: Mirror) -> bool:
        """Store `mirror` before the call that makes the copy. Return False if the claim has ended."""
        values = (str(mirror.state), mirror.asked_at, mirror.looks)
        key = mirror.order_key
        return bool(await self._units.run(lambda tx: tx.fetch(_ASKED, key, claimed.tries, *values)))

    async def record(self, claimed: ClaimedMirror, tried: Tried, now: int) -> None:
        """Record what became of a copy. If the claim has ended, nothing changes.

        If the order has changed meanwhile, the copy is due at once.
        """
        await self._units.run(lambda tx: _record(tx, claimed, tried, now))

    async def seen(self, order_key: str, copy_id: str, now: int) -> None:
        """Note that the copy `copy_id` of an order is there, if the call that makes it has no answer."""
        await self._units.run(lambda tx: tx.fetch(_SEEN, order_key, copy_id, now))

    async def recheck(self, copy_id: str, due: int) -> str | None:
        """Have the copy read again at `due`. Return the key of its order; None if it is no copy of ours."""
        rows = await self._units.run(lambda tx: tx.fetch(_RECHECK, copy_id, due))
        return str(rows[0]["order_key"]) if rows else None

    async def retry(self, order_key: str | None, now: int) -> int:
        """Have what failed tried again at `now`: the copy of one order, or of all. Return how many."""
        return len(await self._units.run(lambda tx: tx.fetch(_RETRY, order_key, now)))

    async def find(self, order_key: str) -> Mirror | None:
        """Return the copy of the order; None if none was ever wanted."""
        rows = await self._units.read(lambda tx: tx.fetch(_FIND, order_key))
        return _mirror(rows[0]) if rows else None


async def open_mirrors(tx: Transaction, limit: int) -> list[OpenMirror]:
    """Return up to `limit` copies that are to be made or changed, those that are tried next first."""
    return [_open(row) for row in await tx.fetch(_OPEN, limit)]


async def of_order(tx: Transaction, order_key: str) -> OpenMirror | None:
    """Return the copy of one order; None if none was ever wanted."""
    rows = await tx.fetch(_OF_ORDER, order_key)
    return _open(rows[0]) if rows else None


def _open(row: Row) -> OpenMirror:
    return OpenMirror(row["number"], _mirror(row), row["due_at"], row["error"])


async def _claim(tx: Transaction, now: int, limit: int, lease: int, naming: Naming) -> list[ClaimedMirror]:
    keys = [row["order_key"] for row in await tx.fetch(_HEADS, now, limit)]
    if not keys:
        return []
    claimed = {row["order_key"]: row for row in await tx.fetch(_CLAIM, keys, now + lease)}
    owners = await tx.fetch(_OWNERS, keys)
    orders = await load_orders(tx, [(row["conversation_id"], row["key"]) for row in owners])
    ids = sorted(orders)
    names = {row["id"]: _name(row["snapshot"]) for row in await tx.fetch(_SNAPSHOTS, ids)}
    phones = await staff.phones(tx, ids, naming)
    [installation] = await tx.fetch(_RESTORED)
    found = []
    for rows in (one for of_owner in orders.values() for one in of_owner):
        id, row = rows.order["conversation_id"], claimed[rows.order["key"]]
        if (order := await _readable(tx, rows, now)) is not None:
            person = (names.get(id, ""), phones.get(id, ""))
            claim = (row["created_at"], row["revision"], row["tries"])
            restored_at = _restored_after(installation["restored_at"], order)
            found.append(ClaimedMirror(_mirror(row), order, *person, *claim, restored_at))
    return found


def _restored_after(restored_at: int | None, order: OrderState) -> int | None:
    return restored_at if restored_at is not None and order.order.placed_at <= restored_at else None


async def _readable(tx: Transaction, rows: OrderRows, now: int) -> OrderState | None:
    """Return the order; None, with a notice, if it cannot be read: it must not keep the others waiting."""
    try:
        return order_state(tx.installation, rows)
    except Unreadable as unreadable:
        key = rows.order["key"]
        await tx.fetch(_PUT_OFF, key, now + _UNREADABLE)
        await notices.add(tx, [Notice(NoticeKind.OUTBOX, key, str(unreadable))], now)
        return None


def _name(snapshot: str) -> str:
    customer: Any = loads(snapshot).get("customer") or {}
    return str(customer.get("name") or "")


def _mirror(row: Row) -> Mirror:
    return Mirror(
        order_key=row["order_key"],
        state=MirrorState(row["state"]),
        copy_id=row["copy_id"],
        told=None if row["told"] is None else CopyStatus(row["told"]),
        amendments=row["amendments"],
        asked_at=row["asked_at"],
        looks=row["looks"],
        failures=row["failures"],
        failing_since=row["failing_since"],
        seen_id=row["seen_id"],
        recheck=bool(row["recheck"]),
        restock=bool(row["restock"]),
        doubted_at=row["doubted_at"],
    )


async def _record(tx: Transaction, claimed: ClaimedMirror, tried: Tried, now: int) -> None:
    mirror = tried.mirror
    error = None if tried.error is None else tried.error.replace("\x00", "")[:_ERROR]
    made = (str(mirror.state), mirror.copy_id, mirror.told and str(mirror.told), mirror.amendments)
    # The clock may have been set back during the call: what it began at would put the next look off.
    asked_at, failing_since = min(mirror.asked_at, now), min(mirror.failing_since, now)
    tries = (asked_at, mirror.looks, mirror.failures, failing_since)
    claim = (mirror.order_key, claimed.tries, claimed.revision)
    news = (mirror.seen_id, int(mirror.recheck), mirror.doubted_at)
    if await tx.fetch(_RECORD, *claim, *made, *tries, error, tried.again, now, *news):
        await notices.add(tx, tried.notices, now)


_DUE: Final = "SELECT 1 AS one FROM mirror WHERE due_at IS NOT NULL AND due_at <= $1 LIMIT 1"
_HEADS: Final = """
SELECT order_key FROM mirror WHERE due_at IS NOT NULL AND due_at <= $1
ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_CLAIM: Final = """
UPDATE mirror SET due_at = $2, leased = 1, tries = tries + 1 WHERE order_key = ANY($1::text[])
RETURNING order_key, state, copy_id, told, amendments, asked_at, looks, failures, failing_since, seen_id,
    recheck, restock, doubted_at, revision, tries, created_at"""
_OWNERS: Final = "SELECT conversation_id, key FROM orders WHERE key = ANY($1::text[])"
_SNAPSHOTS: Final = "SELECT id, snapshot FROM conversation WHERE id = ANY($1::bigint[])"
_RESTORED: Final = "SELECT restored_at FROM installation WHERE id = 1"
_PUT_OFF: Final = "UPDATE mirror SET due_at = $2, leased = 0 WHERE order_key = $1"
_ASKED: Final = """
UPDATE mirror SET state = $3, asked_at = $4, looks = $5 WHERE order_key = $1 AND tries = $2
RETURNING order_key"""
_RECORD: Final = """
UPDATE mirror SET state = $4, copy_id = $5, told = $6, amendments = $7, asked_at = $8, looks = $9,
    failures = $10, failing_since = $11, error = $12, leased = 0, doubted_at = $17,
    made_at = CASE WHEN $5::text IS NULL OR copy_id IS NOT NULL THEN made_at ELSE $14::bigint END,
    due_at = CASE WHEN revision = $3 THEN $13::bigint ELSE $14::bigint END,
    seen_id = CASE WHEN revision = $3 THEN $15::text ELSE seen_id END,
    recheck = CASE WHEN revision = $3 THEN $16::int ELSE recheck END
WHERE order_key = $1 AND tries = $2 RETURNING order_key"""
_SEEN: Final = """
UPDATE mirror SET seen_id = $2, revision = revision + 1,
    due_at = CASE WHEN leased = 1 THEN due_at ELSE $3::bigint END
WHERE order_key = $1 AND state = 'asked'"""
_RECHECK: Final = """
UPDATE mirror SET recheck = 1, revision = revision + 1,
    due_at = CASE WHEN leased = 1 THEN due_at ELSE $2::bigint END
WHERE copy_id IS NOT NULL AND copy_id = $1 RETURNING order_key"""
_FIND: Final = """
SELECT order_key, state, copy_id, told, amendments, asked_at, looks, failures, failing_since, seen_id,
    recheck, restock, doubted_at
FROM mirror WHERE order_key = $1"""
_OPEN_COLUMNS: Final = """
SELECT o.number, m.order_key, m.state, m.copy_id, m.told, m.amendments, m.asked_at, m.looks, m.failures,
    m.failing_since, m.seen_id, m.recheck, m.restock, m.doubted_at, m.due_at, m.error
FROM mirror m JOIN orders o ON o.key = m.order_key"""
_OPEN: Final = f"{_OPEN_COLUMNS} WHERE m.due_at IS NOT NULL ORDER BY m.due_at LIMIT $1"
_OF_ORDER: Final = f"{_OPEN_COLUMNS} WHERE m.order_key = $1"
_RETRY: Final = """
UPDATE mirror SET due_at = $2 WHERE due_at IS NOT NULL AND due_at > $2 AND leased = 0 AND failures > 0
    AND ($1::text IS NULL OR order_key = $1) RETURNING order_key"""
