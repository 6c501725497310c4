"""API through which operators forget a customer."""

import asyncio
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from bot.context import CONTEXT, Context
from bot.http.orders_api import authorise, problem
from bot.ingest import from_operator_forget
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from storage.database.queues import InboxState
from storage.reports.queries import EventView

ANSWER_SECONDS: Final = 10.0
"""Seconds that an answer waits for the customer's turn."""
_ASK_EVERY: Final = 0.05

routes = web.RouteTableDef()


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/forget")
async def forget(request: web.Request) -> web.Response:
    """Forget a customer, in the order of their events.

    Answers 200 when it is done, 404 if nobody is known by the number, 409 with `reason` and `order_number`
    while an order is under way, 202 if the customer's turn takes over 10 seconds: it is done all the same.
    """
    authorise(request)
    context = request.app[CONTEXT]
    known = await context.store.known_names(PHONE, phones.spellings(request.match_info["phone"]))
    if not known:
        raise problem(web.HTTPNotFound, "nobody is known by this number")
    [stored] = await context.inbox.put([from_operator_forget(known[0], uuid4().hex)])
    answer = {"conversation": stored.conversation, "event": stored.number}
    event = await _handled(context, stored.number)
    if event is None:
        return web.json_response({**answer, "state": "waits"}, status=202)
    entry: dict[str, Any] = dict(event.trace[0]) if event.trace else {}
    if event.state is InboxState.PARKED:
        raise problem(web.HTTPInternalServerError, f"event {stored.number} is parked: see munshi doctor")
    if "refused" in entry:
        refused = {**answer, "error": "an order is under way", "reason": entry["refused"]}
        return web.json_response({**refused, "order_number": entry["number"]}, status=409)
    return web.json_response({**answer, "state": "forgotten"})


async def _handled(context: Context, number: int) -> EventView | None:
    """Wait until event `number` is handled; None if that takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ANSWER_SECONDS
    while loop.time() < deadline:
        event = await context.store.event(number)
        if event is not None and event.state is not InboxState.PENDING:
            return event
        await asyncio.sleep(_ASK_EVERY)
    return None
