"""API through which operators forget a customer."""

from typing import Any
from uuid import uuid4

from aiohttp import web

from bot.context import CONTEXT
from bot.http.access import authorise_operator, problem
from bot.http.event_wait import handled
from bot.ingest import from_operator_forget
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE

routes = web.RouteTableDef()


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/forget")
async def forget(request: web.Request) -> web.Response:
    """Forget a customer, in the order of their events.

    Answers 200 when it is done, 404 if nobody is known by the number, 409 with `reason` and `order_number`
    while an order is under way, 202 if the customer's turn takes over 10 seconds: it is done all the same.
    """
    authorise_operator(request)
    context = request.app[CONTEXT]
    known = await context.store.known_names(PHONE, phones.spellings(request.match_info["phone"]))
    if not known:
        raise problem(web.HTTPNotFound, "nobody is known by this number")
    [stored] = await context.inbox.put([from_operator_forget(known[0], uuid4().hex)])
    answer = {"conversation": stored.conversation, "event": stored.number}
    event = await handled(context, stored.number)
    if event is None:
        return web.json_response({**answer, "state": "waits"}, status=202)
    entry: dict[str, Any] = dict(event.trace[0]) if event.trace else {}
    if "refused" in entry:
        refused = {**answer, "error": "an order is under way", "reason": entry["refused"]}
        return web.json_response({**refused, "order_number": entry["number"]}, status=409)
    return web.json_response({**answer, "state": "forgotten"})
