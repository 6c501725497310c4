"""A pretended Shopify store, written from the schema of the GraphQL Admin API and not from our code.

It finds orders by their source only some time after they were made, as Shopify's index may. It can lose its
answers, throttle in a 200, forget tokens, refuse orders, and count another total.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

CLIENT_ID: Final = "shopify-client-0001"
CLIENT_SECRET: Final = "shopify-secret-of-the-tests"
DAY: Final = 86_400
_OPERATION: Final = re.compile(r"\s*(?:query|mutation)\s+(\w+)")
_SOURCE: Final = re.compile(r"source_identifier:'([^']+)'")


@dataclass
class StoredOrder:
    """An order at the store, with the variables that made it."""

    id: str
    name: str
    made_at: int
    """Milliseconds since 1970, UTC."""
    wanted: dict[str, Any]
    options: dict[str, Any]
    paid: bool
    extra: Decimal = Decimal(0)
    cancelled: dict[str, Any] | None = None
    """The variables that cancelled it."""
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The input of each refund, by idempotency key."""
    address: dict[str, Any] = field(default_factory=dict)
    """Where it goes, once that was changed."""
    sent: bool = False
    """Whether its goods were sent from there."""
    sales: list[dict[str, Any]] = field(default_factory=list)
    """What was paid, as transactions."""

    @property
    def net(self) -> Decimal:
        """What was paid, less what went back."""
        return sum((_amount(one["amountSet"]) for one in self.sales), Decimal(0)) - self.refunded

    @property
    def backs(self) -> list[dict[str, Any]]:
        """What went back, as transactions."""
        return [
            {
                "kind": "REFUND", "status": "SUCCESS", "gateway": one["gateway"],
                "parentTransaction": {"id": one["parentId"]}, "amountSet": _bag(Decimal(one["amount"])),
            }
            for refund in self.refunds.values()
            for one in refund.get("transactions", ())
        ]  # fmt: skip

    @property
    def refunded(self) -> Decimal:
        """What went back of what was paid."""
        sums = (Decimal(t["amount"]) for one in self.refunds.values() for t in one.get("transactions", ()))
        return sum(sums, Decimal(0))

    @property
    def current(self) -> Decimal:
        """What it costs without the pieces that were taken off. Their share of a discount is left out."""
        total = self.total
        for one in self.refunds.values():
            for taken in one.get("refundLineItems", ()):
                line = self.wanted["lineItems"][int(taken["lineItemId"].rpartition("/")[2]) - 1]
                total -= taken["quantity"] * _amount(line["priceSet"])
        return total

    @property
    def total(self) -> Decimal:
        """What the customer pays: the prices include the taxes."""
        goods = sum(line["quantity"] * _amount(line["priceSet"]) for line in self.wanted["lineItems"])
        shipping = sum(_amount(line["priceSet"]) for line in self.wanted.get("shippingLines", ()))
        code = self.wanted.get("discountCode", {}).get("itemFixedDiscountCode")
        return Decimal(goods + shipping - (_amount(code["amountSet"]) if code else 0)) + self.extra

    @property
    def shown(self) -> dict[str, Any]:
        """It, as an answer has it."""
        money = {"amount": str(self.total), "currencyCode": self.wanted["currency"]}
        return {
            "id": self.id,
            "name": self.name,
            "createdAt": f"2026-09-21T00:00:{len(self.name):02}Z",
            "cancelledAt": "2026-09-22T00:00:00Z" if self.cancelled else None,
            "displayFinancialStatus": "PAID" if self.paid else "PENDING",
            "displayFulfillmentStatus": "FULFILLED" if self.sent else "UNFULFILLED",
            "totalPriceSet": {"shopMoney": money},
        }


def _amount(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


def _bag(amount: Decimal, currency: str = "INR") -> dict[str, Any]:
    return {"shopMoney": {"amount": str(amount), "currencyCode": currency}}


@dataclass
class ShopifyStore:
    """One store. `faults` says what happens to the next calls of an operation: see `_fault`."""

    now: Callable[[], int]
    lag: int = 10_000
    """Milliseconds after which an order is found by its source."""
    orders: list[StoredOrder] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)
    """Id by phone number."""
    asked: list[str] = field(default_factory=list)
    """The names of all operations, oldest first."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    tokens: int = 0
    """How many were given; the last one is taken."""
    down: bool = False
    currency: str = "INR"
    scopes: tuple[str, ...] = (
        *("write_orders", "write_customers", "read_products"),
        *("read_locations", "read_inventory"),
    )
    locations: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"name": "Kothrud", "fulfillsOnlineOrders": True, "address": {"city": "Pune"}}
        ]
    )
    """The active ones, as the schema has them."""
    uncounted: set[str] = field(default_factory=set)
    """Ids of the variants that are not tracked."""
    quantities: dict[str, int] = field(default_factory=dict)
    """Pieces available of each variant that is there."""
    nowhere: set[str] = field(default_factory=set)
    """Ids of the variants that no location stocks."""
    closed: int = 0
    """The status that it answers instead, for a store that is locked; 0: it is open."""
    products: list[dict[str, Any]] = field(default_factory=list)
    """As the schema has them, with `variants` as a list."""
    shelf: str | None = "gid://shopify/Location/1"
    """Where it says that pieces can be put back."""
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ShopifyStore"]:
        """Serve the store on loopback until the block ends."""
        app = web.Application()
        app.router.add_post("/admin/oauth/access_token", self._token)
        app.router.add_post("/admin/api/2026-07/graphql.json", self._graphql)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    def forget_tokens(self) -> None:
        """Take none of the tokens that were given."""
        self.tokens += 1

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=400)
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "scope": "write_orders", "expires_in": DAY - 1}
        return web.json_response(token)

    async def _graphql(self, request: web.Request) -> web.Response:
        body = await request.json()
        named = _OPERATION.match(body["query"])
        assert named, body["query"]
        operation, variables = named[1], body["variables"]
        if self.closed:
            return web.Response(status=self.closed)
        if self.down:
            return web.Response(status=503, text="<html>maintenance")
        if request.headers["X-Shopify-Access-Token"] != f"token-{self.tokens}":
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        self.asked.append(operation)
        fault = self.faults[operation].pop(0) if self.faults.get(operation) else ""
        if fault == "throttled":
            return web.json_response(_THROTTLED)
        if fault == "refused":
            wrong = [{"code": "INVALID", "field": ["order"], "message": "Variant does not exist"}]
            return web.json_response({"data": {operation: {"order": None, "userErrors": wrong}}})
        if fault == "unsent":
            return web.Response(status=502, text="<html>bad gateway")
        try:
            data = getattr(self, f"_{operation}")(variables, fault)
        except PermissionError as denied:
            lacking = {"message": str(denied), "extensions": {"code": "ACCESS_DENIED"}}
            return web.json_response({"errors": [lacking], "data": {"order": None}})
        if fault == "answer lost":
            assert request.transport
            request.transport.abort()
        if fault == "408 after the act":
            return web.Response(status=408, text="<html>request timeout")
        if fault == "wrong after the act":
            return web.json_response({"errors": [{"message": "Something went wrong"}]})
        return web.json_response({"data": data})

    def _orderCreate(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        wanted, id = variables["order"], f"gid://shopify/Order/{len(self.orders) + 1}"
        paid = wanted["financialStatus"] == "PAID"
        assert paid == bool(wanted.get("transactions"))
        order = StoredOrder(id, f"#{1001 + len(self.orders)}", self.now(), wanted, variables["options"], paid)
        order.sales = [*wanted.get("transactions", ())]
        if fault == "total differs":
            order.extra = Decimal("12.50")
        if person := wanted.get("customer", {}).get("toUpsert"):
            if person["phone"] in self.customers:
                taken = {"code": "INVALID", "field": ["order", "customer"], "message": "Phone is taken"}
                return {"orderCreate": {"order": None, "userErrors": [taken]}}
            self.customers[person["phone"]] = f"gid://shopify/Customer/{len(self.customers) + 1}"
        self.orders.append(order)
        if variables["options"]["inventoryBehaviour"] != "BYPASS":
            for line in wanted["lineItems"]:
                self._count(line, -line["quantity"])
        return {"orderCreate": {"order": order.shown, "userErrors": []}}

    def _orders(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        named = _SOURCE.fullmatch(variables["query"])
        assert named
        found = [
            order.shown
            for order in self.orders
            if order.wanted["sourceIdentifier"] == named[1] and order.made_at + self.lag <= self.now()
        ]
        return {"orders": {"nodes": found[::-1]}}

    def _order(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        return {"order": next((one.shown for one in self.orders if one.id == variables["id"]), None)}

    def _orderMarkAsPaid(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        [order] = [one for one in self.orders if one.id == variables["input"]["id"]]
        assert not order.paid, "it is paid already"
        order.paid = True
        money = {"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": _bag(order.current)}
        order.sales.append(money)
        return {"orderMarkAsPaid": {"order": {"id": order.id}, "userErrors": []}}

    def _orderCancel(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        [order] = [one for one in self.orders if one.id == variables["orderId"]]
        assert not order.cancelled, "it is cancelled already"
        if fault == "refused to cancel":
            sent = {"code": "INVALID", "field": ["orderId"], "message": "Cannot cancel a fulfilled order"}
            return {"orderCancel": {"job": None, "orderCancelUserErrors": [sent]}}
        if fault != "not done":
            order.cancelled = variables
            for line in order.wanted["lineItems"] if variables["restock"] else ():
                self._count(line, line["quantity"])
        return {"orderCancel": {"job": {"id": "gid://shopify/Job/1"}, "orderCancelUserErrors": []}}

    def _parts(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        [order] = [one for one in self.orders if one.id == variables["id"]]
        lines = [
            {
                "id": f"gid://shopify/LineItem/{n}",
                "sku": line.get("sku"),
                "variant": {"id": line["variantId"]} if "variantId" in line else None,
                "unfulfilledQuantity": 0 if order.sent else line["quantity"],
                "restockable": "variantId" in line,
            }
            for n, line in enumerate(order.wanted["lineItems"], 1)
        ]
        sales = [
            {"id": f"gid://shopify/OrderTransaction/{n}", "parentTransaction": None}
            | {name: one[name] for name in ("kind", "status", "gateway", "amountSet")}
            for n, one in enumerate(order.sales, 1)
        ]
        backs = [{"id": f"gid://shopify/OrderTransaction/9{n}", **one} for n, one in enumerate(order.backs)]
        notes = [{"note": one["note"]} for one in order.refunds.values()]
        left = {"netPaymentSet": _bag(order.net), "currentTotalPriceSet": _bag(order.current)}
        shown = {"lineItems": {"nodes": lines}, "transactions": [*sales, *backs], "refunds": notes, **left}
        return {"order": shown}

    def _shelf(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        if fault == "denied":
            raise PermissionError("Access denied for location field.")
        assert all(line["restockType"] in ("CANCEL", "RETURN") for line in variables["lines"])
        place = {"location": self.shelf and {"id": self.shelf}}
        return {"order": {"suggestedRefund": {"refundLineItems": [place for _ in variables["lines"]]}}}

    def _refundCreate(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        given = variables["input"]
        [order] = [one for one in self.orders if one.id == given["orderId"]]
        for line in given.get("refundLineItems", ()):
            assert (line["restockType"] == "NO_RESTOCK") == ("locationId" not in line)
            assert line["restockType"] != ("CANCEL" if order.sent else "RETURN")
        before = set(order.refunds)
        assert order.refunds.setdefault(variables["key"], given) == given, "another body under the key"
        for line in given.get("refundLineItems", ()) if variables["key"] not in before else ():
            if line["restockType"] != "NO_RESTOCK":
                n = int(line["lineItemId"].rpartition("/")[2]) - 1
                self._count(order.wanted["lineItems"][n], line["quantity"])
        assert order.net >= 0, "more went back than was paid"
        left = {"netPaymentSet": order.net, "currentTotalPriceSet": order.current}
        if fault == "total differs":
            left["netPaymentSet"] -= 1
        shown = {name: _bag(amount, self.currency) for name, amount in left.items()}
        return {"refundCreate": {"order": shown, "userErrors": []}}

    def _orderUpdate(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        given = variables["input"]
        [order] = [one for one in self.orders if one.id == given["id"]]
        order.address = given["shippingAddress"]
        return {"orderUpdate": {"order": {"id": order.id}, "userErrors": []}}

    def _store(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        scopes = [{"handle": scope} for scope in self.scopes]
        shop = {"name": "Annapurna", "currencyCode": self.currency}
        return {"shop": shop, "currentAppInstallation": {"accessScopes": scopes}}

    def _locations(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        return {"locations": {"nodes": self.locations}}

    def _quantities(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        assert len(variables["ids"]) <= 250, "Shopify takes no more"
        nodes = [
            {"id": id, "inventoryQuantity": self.quantities[id]}
            | {"inventoryItem": {"tracked": id not in self.uncounted}}
            if id in self.quantities
            else None
            for id in variables["ids"]
        ]
        return {"nodes": nodes}

    def _count(self, line: dict[str, Any], pieces: int) -> None:
        """Count `pieces` more of what a line of an order has."""
        if (id := line.get("variantId")) in self.quantities:
            self.quantities[id] += pieces

    def _stocked(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        assert len(variables["ids"]) <= 250, "Shopify takes no more"
        there = {variant["id"] for one in self.products for variant in one["variants"]}
        levels = {id: [] if id in self.nowhere else [{"id": "level"}] for id in there}
        nodes = [
            {
                "id": id,
                "inventoryItem": {
                    "tracked": id not in self.uncounted,
                    "inventoryLevels": {"nodes": levels[id]},
                },
            }
            if id in there
            else None
            for id in variables["ids"]
        ]
        return {"nodes": nodes}

    def _products(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        """One product on each page."""
        at = int(variables["after"] or 0)
        nodes = [
            {**one, "variants": {"pageInfo": {"hasNextPage": False}, "nodes": one["variants"]}}
            for one in self.products[at : at + 1]
        ]
        page = {"hasNextPage": at + 1 < len(self.products), "endCursor": str(at + 1)}
        return {"products": {"pageInfo": page, "nodes": nodes}}

    def _customer(self, variables: dict[str, Any], fault: str) -> dict[str, Any]:
        id = self.customers.get(variables["identifier"]["phoneNumber"])
        return {"customerByIdentifier": {"id": id} if id else None}


_THROTTLED: Final = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 120,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 20, "restoreRate": 10.0},
        }
    },
}
