"""A pretended Shopify store: the part of its Admin API that takes orders, over HTTP.

It finds a new order by its source only after a while, as Shopify may, and keeps the rule that a phone number
belongs to one customer. Its webhooks go where the courier has a route. Source: GraphQL Admin API, schema
2026-07; shopify.dev, "Webhooks", 2026.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from sandbox import shopify_catalogue
from sandbox.answers import json_answer
from sandbox.delivery import Courier, SignedEvent
from sandbox.faults import Fault, Faults, perform
from sandbox.ids import Ids
from sandbox.shopify_catalogue import LOCATION
from sandbox.shopify_orders import ShopifyOrder, bag, rupees

TOKEN_SECONDS: Final = 86_399
LAG_MS: Final = 5_000
"""Milliseconds after which an order is found by its source."""
OPERATIONS: Final = (
    *("orderCreate", "orderMarkAsPaid", "orderCancel", "orderUpdate", "refundCreate"),
    *("orders", "order", "parts", "shelf", "customer", "token"),
    *("store", "locations", "stocked", "quantities", "products"),
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


class Shopify:
    """One store. `faults` decides what happens to the next calls; `overcharge` is added to each new total."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        now: Callable[[], int],
        ids: Ids,
        courier: Courier,
    ) -> None:
        """`now` gives milliseconds UTC. Webhooks are signed with the client's secret."""
        self._client, self._now, self._ids = (client_id, client_secret), now, ids
        self._courier = courier
        self.orders: list[ShopifyOrder] = []
        self.customers: dict[str, str] = {}
        """Ids by phone number."""
        self.pieces = dict(shopify_catalogue.PIECES)
        """Pieces available of each variant. They may be fewer than none."""
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
            "store": shopify_catalogue.store,
            "locations": shopify_catalogue.locations,
            "stocked": shopify_catalogue.stocked,
            "quantities": partial(shopify_catalogue.quantities, self.pieces),
            "products": shopify_catalogue.products,
        }

    def count(self, variant: str, pieces: int) -> None:
        """Say how many are available of a variant. Raises LookupError if it is not sold here."""
        if variant not in self.pieces:
            raise LookupError(f"no variant {variant!r} at Shopify: there are {list(self.pieces)}")
        self.pieces[variant] = pieces

    def cancel(self, named: str, *, restock: bool = True) -> None:
        """Cancel an order as the store's own people do, by its id or name. Raises LookupError.

        `restock`: whether its pieces are available again.
        """
        order = self._named(named)
        if order.cancelled_at is None:
            order.cancelled_at = self._now()
            if restock:
                self._move(order.held(), 1)
            self._post("orders/cancelled", order.rest())

    def fulfil(self, named: str, *, delivered: bool) -> None:
        """Send the goods of an order, or say that they are delivered. Raises LookupError."""
        order = self._named(named)
        topic = "fulfillments/update" if order.sent else "fulfillments/create"
        order.sent = True
        told = {"status": "success", "shipment_status": "delivered" if delivered else None}
        self._post(topic, {"id": self._number(), "order_id": order.number, **told})

    def give_back(self, named: str, amount: Decimal) -> None:
        """Record a refund of `amount` rupees. Raises LookupError, or ValueError if it is too much."""
        order = self._named(named)
        if not order.sales or not 0 < amount <= order.paid_net:
            raise ValueError(f"{order.name} has ₹{order.paid_net} of payments left to give back")
        parent = order.sales[0].get("id", "gid://shopify/OrderTransaction/1")
        money = {"amount": str(amount), "gateway": "manual", "parentId": parent}
        given = {"orderId": order.id, "note": "by the store", "transactions": [money]}
        order.refunds[f"store-{self._number()}"] = given
        self._post_refund(order, given)

    def _named(self, named: str) -> ShopifyOrder:
        for order in self.orders:
            if named in (order.id, order.name, order.name.lstrip("#"), order.source):
                return order
        raise LookupError(f"no order {named!r} at Shopify: there are {[one.name for one in self.orders]}")

    def _post_refund(self, order: ShopifyOrder, given: Mapping[str, Any]) -> None:
        back = [{"kind": "refund", "amount": one["amount"]} for one in given.get("transactions", ())]
        told = {"note": given["note"], "transactions": back}
        self._post("refunds/create", {"id": self._number(), "order_id": order.number, **told})

    def _post(self, topic: str, body: Mapping[str, Any]) -> None:
        raw = orjson.dumps(body)
        signature = hmac.new(self._client[1].encode(), raw, sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Webhook-Id": self._ids.base62(24),
            "X-Shopify-Hmac-Sha256": b64encode(signature).decode(),
        }
        self._courier.emit("shopify", [SignedEvent(topic, raw, headers)])

    def _number(self) -> int:
        return int(self._ids.digits(13))

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
        if variables["options"]["inventoryBehaviour"] != "BYPASS":
            self._move(order.held(), -1)
        self._post("orders/create", order.rest())
        return {"orderCreate": {"order": order.shown(), "userErrors": []}}

    def _move(self, pieces: Mapping[str, int], sign: int) -> None:
        """Make `pieces` of the variants that it counts available, or with the sign -1 no more."""
        for variant in pieces.keys() & self.pieces:
            self.pieces[variant] += sign * pieces[variant]

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
        money = bag(order.current_total)
        order.sales.append({"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": money})
        return {"orderMarkAsPaid": {"order": {"id": order.id}, "userErrors": []}}

    def _cancel(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        order = self._known(variables["orderId"])
        if order is None or order.cancelled_at is not None:
            errors = [{"code": "INVALID", "field": ["orderId"], "message": "Order is already cancelled."}]
            return {"orderCancel": {"job": None, "orderCancelUserErrors": errors}}
        self.cancel(order.id, restock=variables["restock"])
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
        if key not in order.refunds:
            order.refunds[key] = given
            for one in given.get("refundLineItems", ()):
                if one["restockType"] != "NO_RESTOCK":
                    self._move({order.line(one).get("variantId", ""): one["quantity"]}, 1)
            self._post_refund(order, given)
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
        total += line["quantity"] * rupees(line["priceSet"])
    for shipping in wanted.get("shippingLines", ()):
        total += rupees(shipping["priceSet"])
    code = wanted.get("discountCode", {}).get("itemFixedDiscountCode")
    return total - (rupees(code["amountSet"]) if code else 0)


def _variant(line: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"id": line["variantId"]} if "variantId" in line else None


def _error(status: int) -> dict[str, Any]:
    return {"errors": f"HTTP {status}"}
