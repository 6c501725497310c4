"""The desk: list the shop's orders, read one, and change one as the shop's staff do.

A change is an event of the customer's conversation, so two that come together go one after the other.
"""

from datetime import timedelta
from typing import Annotated, Any, Final, Self

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot import order_json
from bot.context import CONTEXT
from bot.http import bodies
from bot.http.access import authorise_operator, idempotency_key, queried, validated
from bot.http.desk_changes import CHANGES
from bot.http.named_orders import named_order
from bot.http.staff_events import carried_out, refusal
from bot.ingest import from_desk
from bot.whatsapp import phones
from payments.ledger.state import PaymentStatus
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.local_time import Date, instant, local_date
from storage.reports.desk import DeskOrder, OrderFilter
from storage.reports.place import Place

LONGEST_PAGE: Final = 200

routes = web.RouteTableDef()


def _place(text: str) -> str:
    Place.read(text)
    return text


class _ListRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    todo: bool = False
    today: bool = False
    stage: Stage | None = None
    payment: PaymentStatus | None = None
    customer: Annotated[str, Field(max_length=30)] | None = None
    since: Annotated[Date | None, Field(alias="from")] = None
    until: Annotated[Date | None, Field(alias="to")] = None
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 50
    after: Annotated[str, AfterValidator(_place)] | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if self.today and (self.since or self.until):
            raise ValueError("today goes without from and to")
        return self

    def filter(self, shop: Shop, now: int) -> OrderFilter:
        """Return what is asked for. Days are the shop's, from one midnight to the next."""
        today = local_date(shop.timezone, now)
        first, last = (today, today) if self.today else (self.since, self.until)
        found = OrderFilter(
            todo=self.todo,
            stage=self.stage,
            payment=self.payment,
            phones=None if self.customer is None else tuple(phones.spellings(self.customer)),
            after=None if self.after is None else Place.read(self.after),
            limit=self.limit,
        )
        return found.between(
            None if first is None else instant(shop.timezone, first, 0),
            None if last is None else instant(shop.timezone, last + timedelta(days=1), 0),
        )


@routes.get("/orders")
async def listed(request: web.Request) -> web.Response:
    """Answer with one page of orders, newest first; with `todo`, oldest first."""
    authorise_operator(request)
    context = request.app[CONTEXT]
    asked = queried(_ListRequest, request)
    page = await context.store.orders(asked.filter(context.flow.sections["shop"], context.clock.now()))
    return web.json_response(order_json.page_to_json(page))


@routes.get("/orders/{order}")
async def shown(request: web.Request) -> web.Response:
    """Answer with one order, by its key or its number."""
    authorise_operator(request)
    order = await named_order(request.app[CONTEXT], request.match_info["order"])
    return web.json_response(order_json.detailed_to_json(order))


@routes.post(f"/orders/{{order}}/{{change:{'|'.join(CHANGES)}}}")
async def change(request: web.Request) -> web.Response:
    """Change an order, in the order of its customer's events.

    Answers 200 with the order afterwards; 409 if it was refused, with the reason and the stage that there is,
    or if what became of the request is erased, with the reason `erased`;
    202 if the customer's turn takes over 10 seconds: it is done all the same.
    """
    authorise_operator(request)
    context = request.app[CONTEXT]
    body = bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))
    posted = request.match_info["change"]
    wanted = validated(CHANGES[posted], body)
    key = idempotency_key(request)
    order = await named_order(context, request.match_info["order"])
    action = wanted.action(posted, order.state.key)
    stored, event = await carried_out(context, lambda key: from_desk(action, key), key)
    if event is None:
        waits = {"key": action.order_key, "event": stored.number, "state": "waits"}
        return web.json_response(waits, status=202)
    order = await named_order(context, action.order_key)
    refused = refusal(event)
    if refused is None:
        return web.json_response(order_json.detailed_to_json(order))
    return web.json_response(_conflict(refused, order), status=409)


def _conflict(refused: str, order: DeskOrder) -> dict[str, Any]:
    """Return why the change was refused, and who has brought the order where it is."""
    state = order.state
    return {
        "error": refused,
        "key": state.key,
        "number": state.order.number,
        "stage": str(state.stage) if state.stage else None,
        "stage_by": state.stage_by or None,
        "stage_at": state.stage_at or None,
    }
