"""Waits until an event is handled, for answers that say what became of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from aiohttp import web

from bot.context import Context
from bot.http.access import problem
from storage.database.queues import InboxState
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored
from storage.reports.queries import EventView

ANSWER_SECONDS: Final = 10.0
"""Seconds that an answer waits for the customer's turn."""
_ASK_EVERY: Final = 0.05


async def handled(context: Context, number: int) -> EventView | None:
    """Wait until event `number`, which was stored, is handled; None if that takes too long.

    Raises HTTPInternalServerError if the event is parked, HTTPConflict if it is erased.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ANSWER_SECONDS
    while loop.time() < deadline:
        event = await context.store.event(number)
        if event is None:
            raise erased()
        if event.state is InboxState.PARKED:
            raise problem(web.HTTPInternalServerError, f"event {number} is parked: see munshi doctor")
        if event.state is not InboxState.PENDING:
            return event
        await asyncio.sleep(_ASK_EVERY)
    return None


async def stored_once(context: Context, arrival: Callable[[str], Arrival], key: str | None) -> Stored:
    """Store the arrival for an Idempotency-Key; without a key, one that no other request repeats.

    Raises HTTPUnprocessableEntity if the key was used for another request.
    """
    wanted = arrival(key or str(uuid4()))
    [stored] = await context.inbox.put([wanted if key else replace(wanted, once=None)])
    if not stored.same:
        raise problem(web.HTTPUnprocessableEntity, "this Idempotency-Key was used for another request")
    return stored


def erased() -> web.HTTPException:
    """Return the error for a request whose event was handled, and is erased by now: forgotten, or too old."""
    said = "this was handled before, and what became of it is erased; nothing is done a second time"
    return problem(web.HTTPConflict, said, reason="erased")
