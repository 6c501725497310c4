"""API through which operators forget a customer."""

from uuid import uuid4

from aiohttp import web

from bot.context import CONTEXT, Context
from bot.http.access import authorise_operator, problem
from bot.http.event_wait import handled
from bot.ingest import from_operator_forget, from_operator_forget_chat
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from payments.ledger.unfinished import Unfinished
from payments.processing.step_input import EventKind
from storage.inbox.arrival import Arrival

routes = web.RouteTableDef()


@routes.post("/customers/{who:[+]?[0-9 -]{6,24}|[a-z0-9]{1,16}-[0-9]{1,18}}/forget")
async def forget(request: web.Request) -> web.Response:
    """Forget a customer, named by their number or their conversation, in the order of their events.

    Answers 200 when it is done, 404 if nobody is known by that, 409 with `reason` and `order_number` while an
    order is under way or if it is one of the staff, 202 if the customer's turn takes over 10 seconds: it is
    done all the same.
    """
    authorise_operator(request)
    context = request.app[CONTEXT]
    [stored] = await context.inbox.put([await _wish(context, request.match_info["who"])])
    answer = {"conversation": stored.conversation, "event": stored.number}
    event = await handled(context, stored.number)
    if event is None:
        return web.json_response({**answer, "state": "waits"}, status=202)
    # It may stand behind the going over to another version of the flow.
    [entry] = (entry for entry in event.trace if entry.get("event") == EventKind.FORGET)
    if "refused" not in entry:
        return web.json_response({**answer, "state": "forgotten"})
    said = "it is one of the staff" if entry["refused"] == Unfinished.STAFF else "an order is under way"
    refused = {**answer, "error": said, "reason": entry["refused"]}
    return web.json_response({**refused, "order_number": entry["number"]}, status=409)


async def _wish(context: Context, who: str) -> Arrival:
    """Return the arrival of the wish to forget `who`. Raises HTTPNotFound if nobody is known so."""
    key = uuid4().hex
    known = await context.store.known_names(PHONE, phones.spellings(who))
    if known:
        return from_operator_forget(known[0], key)
    if await context.store.is_customer(who):
        return from_operator_forget_chat(who, key)
    raise problem(web.HTTPNotFound, "nobody is known by this number or conversation")
