"""What somebody of the shop does over the API, as an event of the customer's conversation."""

from collections.abc import Callable

from bot.context import Context
from bot.http.event_wait import handled, stored_once
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored
from storage.reports.queries import EventView


async def carried_out(
    context: Context, arrival: Callable[[str], Arrival], key: str | None
) -> tuple[Stored, EventView | None]:
    """Store what is asked once for its Idempotency-Key, and wait until it is handled; None if that is late.

    Raises what `stored_once` and `handled` raise.
    """
    stored = await stored_once(context, arrival, key)
    return stored, await handled(context, stored.number)


def refusal(event: EventView) -> str | None:
    """Return why it was not done; None if it was."""
    entries = (entry for entry in event.trace if entry.get("event") == "staff")
    return next((str(entry["refused"]) for entry in entries if entry.get("refused")), None)
