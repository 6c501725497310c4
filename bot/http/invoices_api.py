"""API for an operator's programs: an order's invoice, or one of its credit notes, as PDF."""

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.context import CONTEXT
from bot.http.access import authorise_operator, problem, queried
from bot.http.named_orders import named_order
from bot.invoice_pdf import drawn, file_name
from payments.shop.invoice import LONGEST_NUMBER, chosen

routes = web.RouteTableDef()


class _InvoiceRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, Field(max_length=LONGEST_NUMBER)] = ""
    """Of the document; empty for the invoice."""


@routes.get("/orders/{order}/invoice.pdf")
async def invoice(request: web.Request) -> web.Response:
    """Answer with the invoice of an order, named by its key or number; with `number`, with that document.

    404 if there is none: an invoice is made when the goods leave.
    """
    authorise_operator(request)
    context, asked = request.app[CONTEXT], queried(_InvoiceRequest, request)
    state = (await named_order(context, request.match_info["order"])).state
    found = await context.store.invoices_of(state.order.conversation, state.key)
    document = chosen(found, asked.number)
    if document is None:
        known = ", ".join(one.number for one in found)
        raise problem(web.HTTPNotFound, f"the order has no such document: it has {known or 'none yet'}")
    name = file_name(document.number)
    return web.Response(
        body=await asyncio.to_thread(drawn, document),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
