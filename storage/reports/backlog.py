"""What waits for a person: parked events, held money, and what operators were told."""

from dataclasses import dataclass
from typing import Final

from storage.database.records import Records
from storage.database.transaction import Row


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that could not be handled."""

    number: int
    kind: str
    conversation: str | None
    """The public id; None if it is nobody's."""
    error: str


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that nobody has seen to."""

    number: int
    kind: str
    subject: str
    said: str
    created_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Held:
    """An order with money that waits for a person."""

    key: str
    number: str
    reason: str
    amount: int
    """Paise in the order's currency; 0 if what waits came in another one."""


async def parked(records: Records) -> list[Parked]:
    """Every parked event, oldest first."""
    rows = await records.fetch(_PARKED)
    return [
        Parked(row["id"], row["kind"], _public(records.installation, row), row["error"].strip())
        for row in rows
    ]


async def state_of(records: Records, number: int) -> str | None:
    """The state of event `number`; None if there is none."""
    rows = await records.fetch("SELECT state FROM inbox WHERE id = $1", number)
    return rows[0]["state"] if rows else None


async def notices(records: Records) -> list[Told]:
    """Every notice, oldest first."""
    rows = await records.fetch(_NOTICES)
    return [Told(r["id"], r["kind"], r["subject"], r["said"], r["created_at"]) for r in rows]


def _public(installation: str, row: Row) -> str | None:
    return f"{installation}-{row['conversation_id']}" if row["conversation_id"] else None


async def held(records: Records) -> list[Held]:
    """Every order with money that waits, oldest first."""
    rows = await records.fetch(_HELD)
    return [Held(row["key"], row["number"], row["held_for"], row["held"]) for row in rows]


_PARKED: Final = """
SELECT id, kind, conversation_id, error FROM inbox WHERE state = 'parked' ORDER BY id"""
_NOTICES: Final = "SELECT * FROM notice ORDER BY id"
_HELD: Final = """
SELECT key, number, held, held_for FROM orders WHERE held_for IS NOT NULL ORDER BY placed_at"""
