"""The backlog of operators: parked events, held money and notices."""

from dataclasses import dataclass

from payments.ledger.holds import Hold, from_codes
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import destination_from_json
from storage.database.encoding import loads
from storage.database.models import Inbox, Notice
from storage.database.order_models import Order
from storage.database.queues import InboxState
from storage.database.records import Records
from storage.inbox.arrival import NOBODY


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that could not be handled."""

    number: int
    kind: str
    conversation: str | None
    """The public id; None if the event belongs to no customer."""
    error: str


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that no operator has deleted yet."""

    number: int
    kind: str
    subject: str
    said: str
    created_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Held:
    """An order with held money, about which a person must decide."""

    key: str
    number: str
    reason: Hold
    amount: int
    """Paise in the order's currency; 0 if the held money is in another currency."""


@dataclass(frozen=True, slots=True)
class Promised:
    """An order that is to be brought in a slot, and is not delivered yet."""

    number: str
    slot: str
    """Id of the slot."""
    slot_name: str
    """As the customer read it."""


async def parked(records: Records) -> list[Parked]:
    """Return every parked event, oldest first."""
    query = Inbox.filter(state=InboxState.PARKED).using_db(records.client).order_by("id")
    rows = await query.only("id", "kind", "conversation_id", "error")
    return [
        Parked(row.id, row.kind, _public(records, row.conversation_id), row.error.strip()) for row in rows
    ]


def _public(records: Records, conversation: int) -> str | None:
    return f"{records.installation}-{conversation}" if conversation != NOBODY else None


async def state_of(records: Records, number: int) -> str | None:
    """Return the state of event `number`; None if there is no such event."""
    row = await Inbox.filter(id=number).using_db(records.client).only("state").first()
    return row.state if row else None


async def notices(records: Records) -> list[Told]:
    """Return every notice, oldest first."""
    rows = await Notice.all(records.client).order_by("id")
    return [Told(row.id, row.kind, row.subject, row.said, row.created_at) for row in rows]


async def promised(records: Records) -> list[Promised]:
    """Return the orders that are still to be brought in a slot, oldest first."""
    query = Order.filter(todo__gte="").using_db(records.client).order_by("placed_at", "key")
    rows = await query.only("number", "stage", "destination")
    on_the_way = [row for row in rows if row.stage is not None and not Stage(row.stage).ended]
    places = [(row.number, destination_from_json(loads(row.destination))) for row in on_the_way]
    return [Promised(number, to.slot, to.slot_name) for number, to in places if to.slot]


async def held(records: Records) -> list[Held]:
    """Return every order with held money, oldest first."""
    # Matches any reason. A planner does not match the ORM's "is not null" with the partial index.
    query = Order.filter(held_for__gte="").using_db(records.client).order_by("placed_at")
    rows = await query.only("key", "number", "held", "held_for")
    return [Held(row.key, row.number, hold, row.held) for row in rows if (hold := from_codes(row.held_for))]
