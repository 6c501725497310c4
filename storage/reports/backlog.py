"""What waits for a person: parked events, held money, and what operators were told."""

from dataclasses import dataclass

from storage.database.models import Inbox, Notice, Order
from storage.database.records import Records
from storage.inbox.arrivals import NOBODY


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
    parked = Inbox.filter(state="parked").using_db(records.client).order_by("id")
    rows = await parked.only("id", "kind", "conversation_id", "error")
    return [
        Parked(row.id, row.kind, _public(records, row.conversation_id), row.error.strip()) for row in rows
    ]


def _public(records: Records, conversation: int) -> str | None:
    return f"{records.installation}-{conversation}" if conversation != NOBODY else None


async def state_of(records: Records, number: int) -> str | None:
    """The state of event `number`; None if there is none."""
    row = await Inbox.filter(id=number).using_db(records.client).only("state").first()
    return row.state if row else None


async def notices(records: Records) -> list[Told]:
    """Every notice, oldest first."""
    rows = await Notice.all(records.client).order_by("id")
    return [Told(row.id, row.kind, row.subject, row.said, row.created_at) for row in rows]


async def held(records: Records) -> list[Held]:
    """Every order with money that waits, oldest first."""
    # Any reason. "Is not null", as the ORM writes it, would not be seen to be the condition of the index.
    held = Order.filter(held_for__gte="").using_db(records.client).order_by("placed_at")
    rows = await held.only("key", "number", "held", "held_for")
    return [Held(row.key, row.number, row.held_for or "", row.held) for row in rows]
