"""Waits until an event is handled, for answers that say what became of it."""

import asyncio
from typing import Final

from aiohttp import web

from bot.context import Context
from bot.http.access import problem
from storage.database.queues import InboxState
from storage.reports.queries import EventView

ANSWER_SECONDS: Final = 10.0
"""Seconds that an answer waits for the customer's turn."""
_ASK_EVERY: Final = 0.05


async def handled(context: Context, number: int) -> EventView | None:
    """Wait until event `number` is handled; None if that takes too long.

    Raises HTTPInternalServerError if the event is parked.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ANSWER_SECONDS
    while loop.time() < deadline:
        event = await context.store.event(number)
        if event is not None and event.state is InboxState.PARKED:
            raise problem(web.HTTPInternalServerError, f"event {number} is parked: see munshi doctor")
        if event is not None and event.state is not InboxState.PENDING:
            return event
        await asyncio.sleep(_ASK_EVERY)
    return None
