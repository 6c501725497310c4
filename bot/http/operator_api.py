"""API through which the command line makes an operator's changes while the server holds the database."""

import asyncio
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from bot.context import CONTEXT, Context
from bot.flow_file import load_flow
from bot.flow_versions import NoSuchVersion, earlier_flow
from bot.http import bodies
from bot.http.access import authorise_operator, problem, validated
from bot.http.texts import By
from bot.serving import RELOAD, ROLLBACK, Strands, Way, serve
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from storage.database.queues import InboxState

BY_API: Final = "API"
"""Who changed the flow, if the request does not say."""

routes = web.RouteTableDef()


class _Reload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    by: By = BY_API
    anyway: bool = False
    """Whether it is served even if customers could never go over to it."""


class _Of(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    order: str | None = None
    """The order's key; None for all."""


class _Rollback(_Reload):
    version: str | None = None
    """How the name of the version begins; the one that was served before, if it is not given."""


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


@routes.post("/operator/hooks/retry")
async def retry_hooks(request: web.Request) -> web.Response:
    """Send again what another program did not take, of one order or of all."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    wanted = validated(_Of, bodies.parse_object(await bodies.read_body(request, bodies.API_BODY)))
    again = await context.store.hooks.retry(wanted.order)
    return web.json_response({"events": again, "changed": bool(again)})


@routes.post("/operator/shopify/retry")
async def retry_copies(request: web.Request) -> web.Response:
    """Try again at once what failed of the copies at Shopify, of one order or of all."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    wanted = validated(_Of, bodies.parse_object(await bodies.read_body(request, bodies.API_BODY)))
    again = await context.store.mirrors.retry(wanted.order, context.clock.now())
    return web.json_response({"copies": again, "changed": bool(again)})


@routes.post("/operator/reload")
async def reload(request: web.Request) -> web.Response:
    """Have the server's flow file served by all processes. 422 with its errors if it can't be."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    wanted = validated(_Reload, bodies.parse_object(await bodies.read_body(request, bodies.API_BODY)))
    try:
        flow = await asyncio.to_thread(load_flow, context.settings.munshi_flow)
    except FlowInvalid as invalid:
        raise problem(web.HTTPUnprocessableEntity, str(invalid)) from None
    return await _serve(context, flow, wanted, RELOAD)


@routes.post("/operator/rollback")
async def rollback(request: web.Request) -> web.Response:
    """Have an earlier version served again. 404 if there is none, 422 if it can't be."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    wanted = validated(_Rollback, bodies.parse_object(await bodies.read_body(request, bodies.API_BODY)))
    try:
        flow = await earlier_flow(context.store.versions, wanted.version)
    except NoSuchVersion as unknown:
        raise problem(web.HTTPNotFound, str(unknown)) from None
    except FlowInvalid as invalid:
        raise problem(web.HTTPUnprocessableEntity, str(invalid)) from None
    return await _serve(context, flow, wanted, ROLLBACK)


async def _serve(context: Context, flow: Flow, wanted: _Reload, way: Way) -> web.Response:
    url, now = context.settings.database_url, context.clock.now()
    try:
        served = await serve(context.store, url, flow, way, wanted.by, now, anyway=wanted.anyway)
    except Strands as strands:
        raise problem(web.HTTPUnprocessableEntity, str(strands)) from None
    await context.follow_flow()
    return web.json_response(served.to_json())
