"""A pretended Shopify store: the part of its Admin API that takes orders, over HTTP.

It finds a new order by its source only after a while, as Shopify may, and keeps the rule that a phone number
belongs to one customer. It sends no webhooks. Source: GraphQL Admin API, schema 2026-07.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from sandbox.answers import json_answer
from sandbox.faults import Fault, Faults, perform
from sandbox.ids import Ids

TOKEN_SECONDS: Final = 86_399
LOCATION: Final = "gid://shopify/Location/1"
"""Where all its goods are."""
LAG_MS: Final = 5_000
"""Milliseconds after which an order is found by its source."""
OPERATIONS: Final = (
    *("orderCreate", "orderMarkAsPaid", "orderCancel", "orderUpdate", "refundCreate"),
    *("orders", "order", "parts", "shelf", "customer", "token"),
)
_NAMED: Final = re.compile(r"\s*(?:query|mutation)\s+(\w+)")
_SOURCE: Final = re.compile(r"source_identifier:'([^']*)'")
_THROTTLED: Final = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 100,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 0, "restoreRate": 50},
        }
    },
}

_Act: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class ShopifyOrder:
    """An order at the store."""

    id: str
    name: str
    source: str
    made_at: int
    """Milliseconds since 1970, UTC."""
    total: Decimal
    """Rupees."""
    paid: bool
    cancelled_at: int | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    """As they were asked for."""
    sales: list[Mapping[str, Any]] = field(default_factory=list)
    """What was paid, as transactions."""
    refunds: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was asked for, by idempotency key."""
    address: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paid_net(self) -> Decimal:
        """What was paid, less what went back."""
        paid = sum((_rupees(one["amountSet"]) for one in self.sales), Decimal(0))
        back = (one for given in self.refunds.values() for one in given.get("transactions", ()))
        return paid - sum((Decimal(one["amount"]) for one in back), Decimal(0))

    @property
    def current_total(self) -> Decimal:
        """What it costs without the pieces that were taken off; a discount of theirs is not counted."""
        total = self.total
        for given in self.refunds.values():
            for one in given.get("refundLineItems", ()):
                total -= one["quantity"] * _rupees(self.line(one)["priceSet"])
        return total

    def line(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the line that is named in what was asked for."""
        return self.lines[int(given["lineItemId"].rpartition("/")[2]) - 1]

    def left(self) -> dict[str, Any]:
        """Return what is left of it after its refunds, as an answer has it."""
        return {"netPaymentSet": _bag(self.paid_net), "currentTotalPriceSet": _bag(self.current_total)}

    def backs(self) -> list[dict[str, Any]]:
        """Return what went back, as transactions."""
        return [
            {
                "id": f"gid://shopify/OrderTransaction/{key}",
                "kind": "REFUND",
                "status": "SUCCESS",
                "gateway": one["gateway"],
                "amountSet": _bag(Decimal(one["amount"])),
                "parentTransaction": {"id": one["parentId"]},
            }
            for key, given in self.refunds.items()
            for one in given.get("transactions", ())
        ]

    def shown(self) -> dict[str, Any]:
        """Return it as an answer has it."""
        return {
            "id": self.id,
            "name": self.name,
            "createdAt": str(self.made_at),
            "cancelledAt": None if self.cancelled_at is None else str(self.cancelled_at),
            "displayFinancialStatus": "PAID" if self.paid else "PENDING",
            "totalPriceSet": _bag(self.total),
        }


class Shopify:
    """One store. `faults` decides what happens to the next calls; `overcharge` is added to each new total."""

    def __init__(self, *, client_id: str, client_secret: str, now: Callable[[], int], ids: Ids) -> None:
        """`now` gives milliseconds UTC."""
        self._client, self._now, self._ids = (client_id, client_secret), now, ids
        self.orders: list[ShopifyOrder] = []
        self.customers: dict[str, str] = {}
        """Ids by phone number."""
        self.faults = Faults(*OPERATIONS)
        self.overcharge = Decimal(0)
        self._token: str | None = None
        self.app = web.Application()
        self.app.router.add_post("/admin/oauth/access_token", self._give_token)
        self.app.router.add_post("/admin/api/{version}/graphql.json", self._graphql)
        self._acts: dict[str, _Act] = {
            "orderCreate": self._create,
            "orderMarkAsPaid": self._mark_as_paid,
            "orderCancel": self._cancel,
            "orderUpdate": self._update,
            "refundCreate": self._refund,
            "parts": self._parts,
            "shelf": self._shelf,
            "orders": self._find,
            "order": self._read,
            "customer": self._customer,
        }

    def expire_token(self) -> None:
        """Take the newest token no more; a new one can be had."""
        self._token = None

    def throttle(self, count: int = 1) -> None:
        """Refuse the next `count` orders as too many, in answers with status 200."""
        self.faults.next("orderCreate", *[Fault.http(200, orjson.dumps(_THROTTLED).decode())] * count)

    async def _give_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != self._client:
            return json_answer({"error": "invalid_client"}, 400)

        def give() -> web.Response:
            self._token = f"shpca_{self._ids.base62(24)}"
            return json_answer({"access_token": self._token, "scope": "", "expires_in": TOKEN_SECONDS})

        return await perform(self.faults.take("token"), request, give, _error)

    async def _graphql(self, request: web.Request) -> web.Response:
        if self._token is None or request.headers.get("X-Shopify-Access-Token") != self._token:
            return json_answer({"errors": "[API] Invalid API key or access token"}, 401)
        body = orjson.loads(await request.read())
        named = _NAMED.match(str(body.get("query")))
        act = self._acts.get(named[1]) if named else None
        if named is None or act is None:
            return json_answer({"errors": [{"message": "this sandbox has no such operation"}]})
        variables = body["variables"]
        return await perform(
            self.faults.take(named[1]), request, lambda: json_answer({"data": act(variables)}), _error
        )

    def _create(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        wanted = variables["order"]
        if fault := self._refusal(wanted):
            return {"orderCreate": {"order": None, "userErrors": [fault]}}
        if new := wanted.get("customer", {}).get("toUpsert"):
            self.customers[new["phone"]] = f"gid://shopify/Customer/{self._ids.digits(13)}"
        order = ShopifyOrder(
            id=f"gid://shopify/Order/{self._ids.digits(13)}",
            name=f"#{1001 + len(self.orders)}",
            source=wanted["sourceIdentifier"],
            made_at=self._now(),
            total=_total(wanted) + self.overcharge,
            paid=wanted["financialStatus"] == "PAID",
            lines=wanted["lineItems"],
            sales=list(wanted.get("transactions", ())),
            address=wanted.get("shippingAddress", {}),
        )
        self.orders.append(order)
        return {"orderCreate": {"order": order.shown(), "userErrors": []}}

    def _refusal(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        new = wanted.get("customer", {}).get("toUpsert")
        if new and new["phone"] in self.customers:
            field, said = ["order", "customer"], "Phone has already been taken"
        elif not wanted["lineItems"]:
            field, said = ["order", "lineItems"], "Line items can't be blank"
        elif any("priceSet" not in line for line in wanted["lineItems"]):
            field, said = ["order", "lineItems"], "this sandbox needs the price of each line"
        else:
            return None
        return {"code": "INVALID", "field": field, "message": said}

    def _find(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        source = _SOURCE.fullmatch(variables["query"])
        seen = [order for order in self.orders if order.made_at + LAG_MS <= self._now()]
        nodes = [order.shown() for order in seen if source and order.source == source[1]]
        return {"orders": {"nodes": nodes}}

    def _read(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["id"])
        return {"order": order.shown() if order else None}

    def _mark_as_paid(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["input"]["id"])
        if order is None or order.paid or order.cancelled_at is not None:
            errors = [{"field": ["id"], "message": "Order cannot be marked as paid."}]
            return {"orderMarkAsPaid": {"order": None, "userErrors": errors}}
        order.paid = True
        money = _bag(order.current_total)
        order.sales.append({"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": money})
        return {"orderMarkAsPaid": {"order": {"id": order.id}, "userErrors": []}}

    def _cancel(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["orderId"])
        if order is None or order.cancelled_at is not None:
            errors = [{"code": "INVALID", "field": ["orderId"], "message": "Order is already cancelled."}]
            return {"orderCancel": {"job": None, "orderCancelUserErrors": errors}}
        order.cancelled_at = self._now()
        job = {"id": f"gid://shopify/Job/{self._ids.base62()}"}
        return {"orderCancel": {"job": job, "orderCancelUserErrors": []}}

    def _parts(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["id"])
        if order is None:
            return {"order": None}
        lines = [
            {
                "id": f"gid://shopify/LineItem/{n}",
                "sku": line.get("sku"),
                "variant": _variant(line),
                "unfulfilledQuantity": line["quantity"],
                "restockable": "variantId" in line,
            }
            for n, line in enumerate(order.lines, 1)
        ]
        sales = [
            {"id": f"gid://shopify/OrderTransaction/{n}", "parentTransaction": None, **one}
            for n, one in enumerate(order.sales, 1)
        ]
        notes = [{"note": given["note"]} for given in order.refunds.values()]
        shown = {"transactions": [*sales, *order.backs()], "refunds": notes, **order.left()}
        return {"order": {"lineItems": {"nodes": lines}, **shown}}

    def _shelf(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["id"])
        if order is None:
            return {"order": None}
        lines = [
            {"location": {"id": LOCATION} if "variantId" in order.line(one) else None}
            for one in variables["lines"]
        ]
        return {"order": {"suggestedRefund": {"refundLineItems": lines}}}

    def _refund(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        given, key = variables["input"], variables["key"]
        order = self._known(given["orderId"])
        if order is None or order.refunds.get(key, given) != given:
            errors = [{"field": ["input"], "message": "Order cannot be refunded, or the key was used."}]
            return {"refundCreate": {"order": None, "userErrors": errors}}
        order.refunds[key] = given
        return {"refundCreate": {"order": order.left(), "userErrors": []}}

    def _update(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        given = variables["input"]
        order = self._known(given["id"])
        if order is None:
            errors = [{"field": ["id"], "message": "Order does not exist"}]
            return {"orderUpdate": {"order": None, "userErrors": errors}}
        order.address = given["shippingAddress"]
        return {"orderUpdate": {"order": {"id": order.id}, "userErrors": []}}

    def _customer(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        id = self.customers.get(variables["identifier"]["phoneNumber"])
        return {"customerByIdentifier": {"id": id} if id else None}

    def _known(self, id: str) -> ShopifyOrder | None:
        return next((order for order in self.orders if order.id == id), None)


def _total(wanted: Mapping[str, Any]) -> Decimal:
    """Return what an order costs whose prices include the taxes."""
    total = Decimal(0)
    for line in wanted["lineItems"]:
        total += line["quantity"] * _rupees(line["priceSet"])
    for shipping in wanted.get("shippingLines", ()):
        total += _rupees(shipping["priceSet"])
    code = wanted.get("discountCode", {}).get("itemFixedDiscountCode")
    return total - (_rupees(code["amountSet"]) if code else 0)


def _variant(line: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"id": line["variantId"]} if "variantId" in line else None


def _bag(rupees: Decimal) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(rupees), "currencyCode": "INR"}}


def _rupees(bag: Mapping[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


def _error(status: int) -> dict[str, Any]:
    return {"errors": f"HTTP {status}"}
