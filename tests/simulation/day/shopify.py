"""A simulated Shopify store with its own books: it answers GraphQL behind the client, and posts webhooks.

It shares no code with ours, with the sandbox or with `tests.world.shopify_store`. The checks trust its books.
It finds a new order by its source only minutes later, and forgets tokens. Other faults are the world's.
Source: GraphQL Admin API, schema 2026-07; shopify.dev, "API limits" and "Webhooks", 2026.
"""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

import httpx

from tests.simulation.weather import MINUTE, SECOND, Weather

ADDRESS: Final = "https://munshi-tea.example"
CLIENT: Final = ("simulated-client", "simulated-client-secret")
"""The app's id and secret."""
LAGS: Final = (0, 0, 5 * SECOND, 50 * SECOND, 3 * MINUTE, 4 * MINUTE)
"""Milliseconds after which an order is found by its source; one is drawn."""
WAYS: Final = ("nothing", "too late", "502", "a half", "408", "wrong")
_NAME: Final = re.compile(r"^(?:query|mutation) (\w+)")
_THROTTLED: Final = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": "..."}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 60,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 10, "restoreRate": 25},
        }
    },
}

Answer: TypeAlias = dict[str, Any]


@dataclass
class Copy:
    """One order at the store. Money is in paise."""

    number: int
    source: str
    total: int
    """What it costs, its refunds aside."""
    found_from: int
    """When its source is found from, in milliseconds since 1970, UTC."""
    sales: tuple[int, ...]
    """What was paid, by payment; empty while it is not paid."""
    lines: tuple[Answer, ...] = ()
    """As they were asked for."""
    refunds: dict[str, Answer] = field(default_factory=dict)
    """What was asked for, by idempotency key."""
    sent: bool = False
    """Whether its goods were sent from there."""
    zip: str = ""
    """The PIN code of its address, if it has one."""
    cancelled_by: str = ""
    """`munshi` or `merchant`; empty while it is not cancelled."""

    @property
    def id(self) -> str:
        """What GraphQL calls it."""
        return f"gid://shopify/Order/{self.number}"

    @property
    def paid(self) -> bool:
        """Whether it was ever paid."""
        return bool(self.sales)

    @property
    def net(self) -> int:
        """What was paid, less what went back."""
        return sum(self.sales) - sum(
            _in_paise(one["amount"])
            for given in self.refunds.values()
            for one in given.get("transactions", ())
        )

    @property
    def pieces(self) -> Counter[str]:
        """The pieces that it has now, by sku."""
        left = Counter({line["sku"]: int(line["quantity"]) for line in self.lines})
        for given in self.refunds.values():
            for one in given.get("refundLineItems", ()):
                left[self.lines[int(one["lineItemId"].rpartition("/")[2])]["sku"]] -= one["quantity"]
        return +left


@dataclass
class Shopify:
    """The books, the API behind a transport, and what the merchant does in the store's admin."""

    now: Callable[[], int]
    dice: random.Random
    weather: Callable[[], Weather]
    post: Callable[[str, dict[str, Any]], None]
    """Sends a webhook, given its topic and its body."""
    plan: Callable[[int, Callable[[], None]], None]
    """Does something later, after so many milliseconds."""
    crash_point: Callable[[str], Any]
    """Awaited before and after the effect of each call: where the bot's process may die."""
    seen: Counter[str]
    """Rare state → how often it was reached."""
    wrongs: list[str] = field(default_factory=list)
    """What it was asked that no store can do."""
    copies: list[Copy] = field(default_factory=list)
    lose_answers: Counter[str] = field(default_factory=Counter)
    """How many of the next answers of an operation are lost, after what it asked for was done."""
    down: bool = False
    lags: Sequence[int] = LAGS
    ways: Sequence[str] = WAYS
    """How answers get lost: one is drawn. See `_cut_off`."""
    _customers: dict[str, str] = field(default_factory=dict)
    """Id by phone number."""
    _token: str = ""
    """The token that is taken."""
    _serial: int = 0

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """What a client is given in place of a network."""
        return httpx.MockTransport(self._take)

    def of(self, source: str) -> list[Copy]:
        """Return the copies of one order, oldest first."""
        return [copy for copy in self.copies if copy.source == source]

    async def _take(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or not."""
        if request.url.path.endswith("/oauth/access_token"):
            return await self._answered("token", lambda: self._give_token(request), request)
        if not self._token or request.headers["X-Shopify-Access-Token"] != self._token:
            return httpx.Response(401, json={"errors": "[API] Invalid API key or access token"})
        body = json.loads(request.content)
        named = _NAME.match(body["query"])
        act = getattr(self, f"_{named[1]}", None) if named else None
        if named is None or act is None:
            self.wrongs.append(f"shopify: there is no {body['query']}")
            return httpx.Response(200, json={"errors": [{"message": "syntax error"}]})
        return await self._answered(named[1], lambda: {"data": act(body["variables"])}, request)

    async def _answered(self, name: str, act: Callable[[], Answer], request: httpx.Request) -> httpx.Response:
        weather = self.weather()
        await self.crash_point(f"before {name}")
        if self.dice.random() < weather.slow:
            await asyncio.sleep(self.dice.randrange(2, 14))
        if self.down or self.dice.random() < weather.refused:
            return self._refused(name, request)
        answer = act()
        await self.crash_point(f"after {name}")
        lost = self.lose_answers[name] > 0 or self.dice.random() < weather.cut_off
        if lost:
            self.lose_answers[name] -= 1
            self.seen[f"shopify {name}: done, and the answer lost"] += 1
            return self._cut_off(answer, request)
        return httpx.Response(200, json=answer)

    def _refused(self, name: str, request: httpx.Request) -> httpx.Response:
        """Do nothing of what was asked for, in one of Shopify's ways."""
        way = "down" if self.down else self.dice.choice(("no connection", "throttled", "429", "503", "token"))
        self.seen[f"shopify refused a call: {way}"] += 1
        if way == "no connection":
            raise httpx.ConnectError("simulated", request=request)
        if way == "throttled":
            return httpx.Response(200, json=_THROTTLED)
        if way == "429":
            return httpx.Response(429, headers={"Retry-After": "2.0"})
        if way == "token":
            self._token = ""
            return httpx.Response(401, json={"errors": "[API] Invalid API key or access token"})
        return httpx.Response(503, text="<html>maintenance")

    def _cut_off(self, answer: Answer, request: httpx.Request) -> httpx.Response:
        """Lose an answer in one of the ways of a network."""
        way = self.dice.choice(self.ways)
        if way == "nothing":
            raise httpx.RemoteProtocolError("simulated", request=request)
        if way == "too late":
            raise httpx.ReadTimeout("simulated", request=request)
        if way == "408":
            return httpx.Response(408, text="<html>request timeout")
        if way == "wrong":
            return httpx.Response(200, json={"errors": [{"message": "Something went wrong"}]})
        if way == "502":
            return httpx.Response(502, text="<html>bad gateway")
        return httpx.Response(200, content=json.dumps(answer)[:-9])

    def _give_token(self, request: httpx.Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert (form["client_id"], form["client_secret"]) == CLIENT
        self._token = f"shpca_{self._next()}"
        return {"access_token": self._token, "scope": "write_orders", "expires_in": 86_399}

    # Operations, by the names that the client gives them

    def _orderCreate(self, variables: Answer) -> Answer:
        wanted = variables["order"]
        if person := wanted.get("customer", {}).get("toUpsert"):
            if person["phone"] in self._customers:
                self.seen["shopify knew the customer's number"] += 1
                return _wrong("orderCreate", "order", "Customer phone has already been taken")
            self._customers[person["phone"]] = f"gid://shopify/Customer/{self._next()}"
        if self.dice.random() < self.weather().unlinkable:
            self.seen["shopify refused an order"] += 1
            return _wrong("orderCreate", "order", "Line items variant must exist")
        paid, total = wanted["financialStatus"] == "PAID", _total(wanted)
        if sum(_paise(one["amountSet"]) for one in wanted.get("transactions", ())) != total * paid:
            self.wrongs.append(f"shopify: {wanted['sourceIdentifier']} costs {total} and is paid otherwise")
        found_from = self.now() + self.dice.choice(self.lags)
        sales = tuple(_paise(one["amountSet"]) for one in wanted.get("transactions", ()))
        lines, to = tuple(wanted["lineItems"]), wanted.get("shippingAddress", {}).get("zip", "")
        copy = Copy(self._next(), wanted["sourceIdentifier"], total, found_from, sales, lines, zip=to)
        self.copies.append(copy)
        self.seen["shopify has an order"] += 1
        self.post("orders/create", self._rest(copy))
        return {"orderCreate": {"order": self._shown(copy), "userErrors": []}}

    def _orders(self, variables: Answer) -> Answer:
        found = [
            self._shown(copy)
            for copy in self.copies
            if variables["query"] == f"source_identifier:'{copy.source}'" and copy.found_from <= self.now()
        ]
        self.seen["shopify found an order by its source"] += len(found)
        return {"orders": {"nodes": found[::-1]}}

    def _order(self, variables: Answer) -> Answer:
        copy = self._known(variables["id"])
        return {"order": copy and self._shown(copy)}

    def _customer(self, variables: Answer) -> Answer:
        id = self._customers.get(variables["identifier"]["phoneNumber"])
        return {"customerByIdentifier": id and {"id": id}}

    def _orderMarkAsPaid(self, variables: Answer) -> Answer:
        copy = self._known(variables["input"]["id"])
        if copy is None or copy.paid or copy.cancelled_by:
            return _wrong("orderMarkAsPaid", "id", "Order cannot be marked as paid.")
        copy.sales = (self._current(copy),)
        return {"orderMarkAsPaid": {"order": {"id": copy.id}, "userErrors": []}}

    def _orderCancel(self, variables: Answer) -> Answer:
        copy = self._known(variables["orderId"])
        if copy is None or copy.cancelled_by:
            answer = _wrong("orderCancel", "orderId", "Cannot cancel an order that is cancelled")
            return {"orderCancel": {"orderCancelUserErrors": answer["orderCancel"]["userErrors"]}}
        # It is done a moment after the answer.
        self.plan(self.dice.choice((0, SECOND, 20 * SECOND)), lambda: self._cancel(copy, "munshi"))
        job = {"id": f"gid://shopify/Job/{self._next()}"}
        return {"orderCancel": {"job": job, "orderCancelUserErrors": []}}

    def _parts(self, variables: Answer) -> Answer:
        copy = self._known(variables["id"])
        if copy is None:
            return {"order": None}
        stands = {"variant": None, "restockable": False}
        lines = [
            {"id": f"gid://shopify/LineItem/{n}", "sku": line["sku"], **stands}
            | {"unfulfilledQuantity": line["quantity"]}
            for n, line in enumerate(copy.lines)
        ]
        paid = {"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "parentTransaction": None}
        sales = [
            {"id": f"gid://shopify/OrderTransaction/{n}", "amountSet": _bag(sale), **paid}
            for n, sale in enumerate(copy.sales)
        ]
        backs = [
            {"id": "back", "kind": "REFUND", "status": "SUCCESS", "gateway": one["gateway"]}
            | {"amountSet": _bag(_in_paise(one["amount"])), "parentTransaction": {"id": one["parentId"]}}
            for given in copy.refunds.values()
            for one in given.get("transactions", ())
        ]
        notes = [{"note": given["note"]} for given in copy.refunds.values()]
        left = {"netPaymentSet": _bag(copy.net), "currentTotalPriceSet": _bag(self._current(copy))}
        shown = {"transactions": [*sales, *backs], "refunds": notes, **left}
        return {"order": {"lineItems": {"nodes": lines}, **shown}}

    def _refundCreate(self, variables: Answer) -> Answer:
        given, key = variables["input"], variables["key"]
        copy = self._known(given["orderId"])
        if copy is None or copy.cancelled_by:
            return _wrong("refundCreate", "orderId", "Order cannot be refunded")
        if copy.refunds.get(key, given) != given:
            self.wrongs.append(f"shopify: another refund under the key {key}")
        if key not in copy.refunds:
            copy.refunds[key] = given
            self.seen["a refund was recorded at shopify"] += 1
            body = {"id": self._next(), "order_id": copy.number, "note": given["note"]}
            body["transactions"] = [
                {"kind": "refund", "amount": one["amount"]} for one in given.get("transactions", ())
            ]
            self.post("refunds/create", body)
        left = {"netPaymentSet": _bag(copy.net), "currentTotalPriceSet": _bag(self._current(copy))}
        return {"refundCreate": {"order": left, "userErrors": []}}

    @staticmethod
    def _current(copy: Copy) -> int:
        """What it costs without the pieces that were taken off. Their share of a discount is left out."""
        prices = {line["sku"]: _paise(line["priceSet"]) for line in copy.lines}
        gone = Counter({line["sku"]: int(line["quantity"]) for line in copy.lines}) - copy.pieces
        return copy.total - sum(prices[sku] * pieces for sku, pieces in gone.items())

    def _orderUpdate(self, variables: Answer) -> Answer:
        given = variables["input"]
        copy = self._known(given["id"])
        if copy is None or copy.cancelled_by:
            return _wrong("orderUpdate", "id", "Order cannot be changed")
        copy.zip = given["shippingAddress"]["zip"]
        return {"orderUpdate": {"order": {"id": copy.id}, "userErrors": []}}

    # What the merchant does

    def fulfil(self, copy: Copy, shipment: str | None = None) -> None:
        """Send the goods of an order, or say where they are."""
        if not copy.cancelled_by:
            copy.sent = True
            topic = "fulfillments/update" if shipment else "fulfillments/create"
            status = {"status": "success", "shipment_status": shipment}
            self.post(topic, {"id": self._next(), "order_id": copy.number, **status})

    def cancel(self, copy: Copy) -> None:
        """Cancel an order."""
        self._cancel(copy, "merchant")

    def refund(self, copy: Copy) -> None:
        """Record a refund of nothing in particular."""
        back = [{"kind": "refund", "amount": "1.00"}]
        self.post(
            "refunds/create",
            {"id": self._next(), "order_id": copy.number, "note": "sorry", "transactions": back},
        )

    def _cancel(self, copy: Copy, by: str) -> None:
        if not copy.cancelled_by:
            copy.cancelled_by = by
            self.seen[f"an order was cancelled at shopify by {by}"] += 1
            self.post("orders/cancelled", self._rest(copy))

    def _known(self, id: str) -> Copy | None:
        return next((copy for copy in self.copies if copy.id == id), None)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _rest(self, copy: Copy) -> Answer:
        cancelled = "2026-09-22T00:00:00Z" if copy.cancelled_by else None
        named = {"id": copy.number, "name": f"#{copy.number}", "cancelled_at": cancelled}
        return {**named, "source_identifier": copy.source}

    def _shown(self, copy: Copy) -> Answer:
        return {
            "id": copy.id,
            "name": f"#{copy.number}",
            "createdAt": f"2026-09-21T00:00:00.{copy.number:06}Z",
            "cancelledAt": "2026-09-22T00:00:00Z" if copy.cancelled_by else None,
            "displayFinancialStatus": "PAID" if copy.paid else "PENDING",
            "displayFulfillmentStatus": "FULFILLED" if copy.sent else "UNFULFILLED",
            "totalPriceSet": _bag(copy.total),
        }


def _wrong(operation: str, named: str, words: str) -> Answer:
    errors = [{"code": "INVALID", "field": [named], "message": words}]
    return {operation: {"order": None, "userErrors": errors}}


def _total(wanted: Answer) -> int:
    """What an order costs whose prices include the taxes."""
    goods = sum(int(line["quantity"]) * _paise(line["priceSet"]) for line in wanted["lineItems"])
    shipping = sum(_paise(line["priceSet"]) for line in wanted.get("shippingLines", ()))
    code = wanted.get("discountCode", {}).get("itemFixedDiscountCode")
    return goods + shipping - (_paise(code["amountSet"]) if code else 0)


def _paise(bag: Answer) -> int:
    money = bag["shopMoney"]
    assert money["currencyCode"] == "INR"
    return _in_paise(money["amount"])


def _bag(amount: int) -> Answer:
    return {"shopMoney": {"amount": f"{amount // 100}.{amount % 100:02}", "currencyCode": "INR"}}


def _in_paise(amount: str) -> int:
    rupees, _, rest = amount.partition(".")
    return int(rupees) * 100 + int(rest.ljust(2, "0"))
