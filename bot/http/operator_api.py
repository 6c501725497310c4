"""API through which the command line makes an operator's changes while the server holds the database."""

from aiohttp import web

from bot.context import CONTEXT
from bot.http.access import authorise_operator, problem
from storage.database.queues import InboxState

routes = web.RouteTableDef()


@routes.post("/operator/events/{number:[0-9]{1,18}}/replay")
async def replay(request: web.Request) -> web.Response:
    """Make a parked event due again. 404 if there is no such event, 409 if it is not parked."""
    authorise_operator(request)
    store, number = request.app[CONTEXT].store, int(request.match_info["number"])
    if await store.replay(number):
        return web.json_response({"event": number, "state": InboxState.PENDING})
    event = await store.event(number)
    if event is None:
        raise problem(web.HTTPNotFound, f"there is no event {number}")
    raise problem(web.HTTPConflict, f"event {number} is {event.state}, not parked")


@routes.post("/operator/notices/{number:[0-9]{1,18}}/seen")
async def seen(request: web.Request) -> web.Response:
    """Forget a notice. 404 if there is no such notice."""
    authorise_operator(request)
    number = int(request.match_info["number"])
    if not await request.app[CONTEXT].store.seen(number):
        raise problem(web.HTTPNotFound, f"there is no notice {number}")
    return web.json_response({"notice": number, "state": "seen"})
