"""API for an operator's programs: the figures of a day, and tables as CSV."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated
from uuid import uuid4

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.context import CONTEXT, Context
from bot.exports import parts, period_between
from bot.http import bodies
from bot.http.access import authorise_operator, problem, queried, validated
from bot.staff import day_reports
from payments.ledger.day import to_json
from payments.ledger.exports import Export
from payments.shop.business_day import day_named, period_of
from payments.shop.catalogue import Shop
from payments.shop.local_time import Date
from storage.inbox.order_rows import Unreadable

routes = web.RouteTableDef()
log = structlog.get_logger()


class _DayRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    date: str = ""
    """As `day_named` reads it."""


class _ExportRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[Date | None, Field(alias="from")] = None
    until: Annotated[Date | None, Field(alias="to")] = None
    bom: bool = False


@routes.get("/export/day")
async def day(request: web.Request) -> web.Response:
    """Answer with the figures of a day as JSON, amounts in paise. Without `date`, of today."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    wanted = _day(context, queried(_DayRequest, request))
    found = await context.store.day(period_of(_shop(context).timezone, wanted))
    figures = to_json(found, _shop(context), context.flow.languages[0])
    return web.json_response({"date": wanted.isoformat(), **figures})


@routes.post("/day")
async def send_day(request: web.Request) -> web.Response:
    """Send the staff the figures of a day now, whether they had them before or not."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    body = bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))
    wanted = _day(context, validated(_DayRequest, body))
    arrivals = await day_reports(context.store, context.flow, wanted, uuid4().hex)
    if not arrivals:
        raise problem(web.HTTPConflict, "the shop has no staff who see to orders or to money")
    await context.inbox.put(arrivals)
    return web.json_response({"date": wanted.isoformat(), "to": len(arrivals)})


@routes.get("/export/{what}")
async def export(request: web.Request) -> web.StreamResponse:
    """Stream a table as CSV: of the days from `from` to `to`, by default of this month. `bom=1` for Excel."""
    authorise_operator(request)
    context, name = request.app[CONTEXT], request.match_info["what"]
    if name not in frozenset(Export):
        raise problem(web.HTTPNotFound, f"there is no '{name}': there are {', '.join(Export)}")
    what, asked = Export(name), queried(_ExportRequest, request)
    try:
        period = period_between(context.flow, asked.since, asked.until, context.clock.now())
    except ValueError as error:
        raise problem(web.HTTPUnprocessableEntity, str(error)) from None
    store, zone = context.store, _shop(context).timezone
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{what}.csv"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    table = parts(
        what,
        period,
        context.flow,
        lambda what, period, after: store.export(what, period, after, zone),
        store.article_counts,
        bom=asked.bom,
    )
    await response.prepare(request)
    await _send(request, response, table, what)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, table: AsyncIterator[str], what: Export
) -> None:
    """Send the table. If it fails half-way, break the connection off: the rows must not look whole."""
    try:
        async for part in table:
            await response.write(part.encode())
        await response.write_eof()
    except Exception as error:
        if request.transport is None or request.transport.is_closing():
            log.info("the caller of an export went away", table=what)
            return
        key = error.key if isinstance(error, Unreadable) else None
        log.exception("an export broke off", table=what, order=key)
        request.transport.abort()


def _shop(context: Context) -> Shop:
    shop: Shop = context.flow.sections["shop"]
    return shop


def _day(context: Context, asked: _DayRequest) -> date:
    try:
        return day_named(_shop(context).timezone, asked.date, context.clock.now())
    except ValueError as error:
        raise problem(web.HTTPUnprocessableEntity, f"date: {error}") from None
