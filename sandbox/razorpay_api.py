"""Razorpay's REST API as far as a shop with payment links uses it.

Source: Razorpay docs, "Payment Links API", "Orders API", "Payments API", "Refunds API".
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

import orjson
from aiohttp import web

from sandbox.answers import json_answer
from sandbox.faults import Faults, perform
from sandbox.razorpay_entities import Json, Link, link_json, order_json, payment_json
from sandbox.razorpay_ledger import Ledger
from sandbox.razorpay_refunds import Refunds
from sandbox.razorpay_reversals import refund_json
from sandbox.razorpay_rules import Refused, body_for_status

T = TypeVar("T")
_Act: TypeAlias = Callable[[web.Request, bytes], Json]
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPERATIONS: Final = (
    "create_link",
    "list_links",
    "fetch_link",
    "cancel_link",
    "list_orders",
    "fetch_order",
    "fetch_order_payments",
    "list_payments",
    "fetch_payment",
    "refund",
    "list_refunds",
    "fetch_refund",
)
"""The operations that can have faults."""

_UNKNOWN_ID: Final = "The id provided does not exist"


class Api:
    """The endpoints under `/v1`, for one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        refunds: Refunds,
        faults: Faults,
        key_id: str,
        key_secret: str,
        page_url: Callable[[], str],
        on_cancelled: Callable[[Link], None],
    ) -> None:
        self._ledger = ledger
        self._refunds = refunds
        self._faults = faults
        self._authorization = "Basic " + base64.b64encode(f"{key_id}:{key_secret}".encode()).decode()
        self._page_url = page_url
        self._on_cancelled = on_cancelled

    def serve(self, app: web.Application) -> None:
        """Add the endpoints to `app`."""
        post, get, guarded = app.router.add_post, app.router.add_get, self._guarded
        post("/v1/payment_links", guarded(self._create_link, "create_link"))
        get("/v1/payment_links", guarded(self._list_links, "list_links"))
        get("/v1/payment_links/{id}", guarded(self._fetch_link, "fetch_link"))
        post("/v1/payment_links/{id}/cancel", guarded(self._cancel_link, "cancel_link"))
        get("/v1/orders", guarded(self._list_orders, "list_orders"))
        get("/v1/orders/{id}", guarded(self._fetch_order, "fetch_order"))
        get("/v1/orders/{id}/payments", guarded(self._order_payments, "fetch_order_payments"))
        get("/v1/payments", guarded(self._list_payments, "list_payments"))
        get("/v1/payments/{id}", guarded(self._fetch_payment, "fetch_payment"))
        post("/v1/payments/{id}/refund", guarded(self._refund, "refund"))
        get("/v1/payments/{id}/refunds", guarded(self._list_refunds, "list_refunds"))
        get("/v1/refunds/{id}", guarded(self._fetch_refund, "fetch_refund"))

    def _guarded(self, act: _Act, operation: str) -> _Handler:
        """Return a handler that checks the API key, applies a queued fault and answers in JSON."""

        async def handle(request: web.Request) -> web.Response:
            raw = await request.read()
            if request.headers.get("Authorization") != self._authorization:
                return json_answer(body_for_status(401), 401)
            fault = self._faults.take(operation)
            return await perform(fault, request, lambda: _answer(act, request, raw), body_for_status)

        return handle

    def _create_link(self, _request: web.Request, raw: bytes) -> Json:
        return link_json(self._ledger.create(_parse(raw), self._page_url()))

    def _fetch_link(self, request: web.Request, _raw: bytes) -> Json:
        return link_json(_known(self._ledger.links, request))

    def _cancel_link(self, request: web.Request, _raw: bytes) -> Json:
        link = _known(self._ledger.links, request)
        self._ledger.cancel(link)
        self._on_cancelled(link)
        return link_json(link)

    def _list_links(self, request: web.Request, _raw: bytes) -> Json:
        query, payments = request.query, self._ledger.payments
        links = [link for link in reversed(self._ledger.links.values()) if not link.is_card]
        if "reference_id" in query:
            links = [link for link in links if link.reference_id == query["reference_id"]]
        if "payment_id" in query:
            payment = payments.get(query["payment_id"])
            links = [link for link in links if payment and link.id == payment.link_id]
        return {"payment_links": [link_json(link) for link in _page(links, query)]}

    def _list_orders(self, request: web.Request, _raw: bytes) -> Json:
        query, orders = request.query, list(reversed(self._ledger.orders.values()))
        if "receipt" in query:
            orders = [order for order in orders if order.receipt == query["receipt"]]
        return _collection([order_json(order) for order in _page(orders, query)])

    def _fetch_order(self, request: web.Request, _raw: bytes) -> Json:
        return order_json(_known(self._ledger.orders, request))

    def _order_payments(self, request: web.Request, _raw: bytes) -> Json:
        order = _known(self._ledger.orders, request)
        payments = reversed(self._ledger.payments.values())
        return _collection([payment_json(payment) for payment in payments if payment.order_id == order.id])

    def _list_payments(self, request: web.Request, _raw: bytes) -> Json:
        page = _page(list(reversed(self._ledger.payments.values())), request.query)
        return _collection([payment_json(payment) for payment in page])

    def _fetch_payment(self, request: web.Request, _raw: bytes) -> Json:
        return payment_json(_known(self._ledger.payments, request))

    def _refund(self, request: web.Request, raw: bytes) -> Json:
        payment = _known(self._ledger.payments, request)
        key = request.headers.get("X-Refund-Idempotency")
        return refund_json(self._refunds.ask(payment.id, _parse(raw or b"{}"), key))

    def _list_refunds(self, request: web.Request, _raw: bytes) -> Json:
        payment = _known(self._ledger.payments, request)
        page = _page(self._refunds.of(payment.id), request.query)
        return _collection([refund_json(refund) for refund in page])

    def _fetch_refund(self, request: web.Request, _raw: bytes) -> Json:
        return refund_json(_known(self._refunds.refunds, request))


async def no_route(_request: web.Request) -> web.Response:
    """Answer an unknown path as Razorpay's gateway does, in another format than the API's errors."""
    return json_answer({"message": "no Route matched with those values"}, 404)


def _answer(act: _Act, request: web.Request, raw: bytes) -> web.Response:
    try:
        return json_answer(act(request, raw))
    except Refused as refused:
        return json_answer(refused.body(), refused.status)


def _known(entities: Mapping[str, T], request: web.Request) -> T:
    try:
        return entities[request.match_info["id"]]
    except KeyError:
        raise Refused(_UNKNOWN_ID) from None


def _parse(raw: bytes) -> Json:
    try:
        wanted = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused("The body is not valid JSON") from None
    if not isinstance(wanted, dict):
        raise Refused("The body must be a JSON object")
    return wanted


def _page(entities: list[T], query: Mapping[str, str]) -> list[T]:
    """Return the part of `entities` that `count` (default 10, at most 100) and `skip` ask for."""
    try:
        count, skip = int(query.get("count", "10")), int(query.get("skip", "0"))
    except ValueError:
        raise Refused("The count must be an integer.") from None
    if count > 100:
        raise Refused("The count may not be greater than 100.")
    if count < 1 or skip < 0:
        raise Refused("The count must be at least 1.")
    return entities[skip : skip + count]


def _collection(items: list[Json]) -> Json:
    return {"entity": "collection", "count": len(items), "items": items}
