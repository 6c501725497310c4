"""API to switch products and variants off and on."""

from typing import Final

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from bot.context import CONTEXT
from bot.http import bodies
from bot.http.access import authorise_operator, problem, validated
from bot.http.texts import By
from flows.document.errors import close
from payments.shop.catalogue import Shop

BY_API: Final = "API"
"""Who switched a product, if the request does not say."""

routes = web.RouteTableDef()
log = structlog.get_logger()


class _Switch(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    available: bool
    by: By = BY_API


@routes.post("/products/{sku}")
async def switch(request: web.Request) -> web.Response:
    """Switch a product, a variant or payment in the chat off or on. 404 if the shop has no such."""
    authorise_operator(request)
    context, sku = request.app[CONTEXT], request.match_info["sku"]
    shop: Shop = context.flow.sections["shop"]
    if sku not in shop.switches:
        mend = close(sku, shop.skus)
        said = f"the shop has no '{sku[:64]}'{f'; {mend}' if mend else '.'}"
        raise problem(web.HTTPNotFound, f"{said} If the flow file has it: munshi reload")
    body = bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))
    wanted = validated(_Switch, body)
    changed = await context.store.switch(
        sku, available=wanted.available, by=wanted.by, now=context.clock.now()
    )
    if changed:
        log.info("product switched", sku=sku, available=wanted.available, by=wanted.by)
    return web.json_response({"sku": sku, "available": wanted.available, "changed": changed})
