"""What somebody of the shop does over the API, as an event of the customer's conversation."""

from aiohttp import web

from bot.context import Context
from bot.http.access import problem
from bot.http.event_wait import handled
from payments.processing.bodies import StaffAction, staff_action_to_json
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored
from storage.reports.queries import EventView


async def carried_out(
    context: Context, arrival: Arrival, action: StaffAction
) -> tuple[Stored, EventView | None]:
    """Store `action`, once for each Idempotency-Key, and wait until it is handled; None if that takes long.

    Raises HTTPUnprocessableEntity if its key was used for something else, HTTPInternalServerError if the
    event is parked.
    """
    [stored] = await context.inbox.put([arrival])
    if not stored.new:
        before = await context.store.event(stored.number)
        if before is None or before.body != staff_action_to_json(action):
            raise problem(web.HTTPUnprocessableEntity, "this Idempotency-Key was used for another request")
    return stored, await handled(context, stored.number)


def refusal(event: EventView) -> str | None:
    """Return why it was not done; None if it was."""
    entries = (entry for entry in event.trace if entry.get("event") == "staff")
    return next((str(entry["refused"]) for entry in entries if entry.get("refused")), None)
