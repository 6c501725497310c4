"""The Shopify client over a wire of the tests': tokens, and what each answer means."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from payments.shopify.client import ShopifyClient
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.tokens import DailyTokens, FixedToken

URL = "https://shop.example"
DAY = 86_399
TOO_MUCH = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 252,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 1000.0, "currentlyAvailable": 2, "restoreRate": 50.0},
        }
    },
}
BROKEN = {"errors": [{"message": "oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
DENIED = {"errors": [{"message": "Access denied for orders", "extensions": {"code": "ACCESS_DENIED"}}]}
ORDER = {
    "id": "gid://shopify/Order/7",
    "name": "#1001",
    "createdAt": "2026-11-30T06:00:00Z",
    "cancelledAt": None,
    "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED",
    "totalPriceSet": {"shopMoney": {"amount": "500.0", "currencyCode": "INR"}},
}


class Wire(httpx.AsyncBaseTransport):
    """Answers with what the test gives, and keeps what was asked. Tokens are `token-1`, `token-2`, …"""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.tokens = 0
        self.refusal: httpx.Response | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.url.path == "/admin/oauth/access_token":
            if self.refusal:
                return self.refusal
            self.tokens += 1
            form = {"access_token": f"token-{self.tokens}", "scope": "write_orders", "expires_in": DAY}
            return httpx.Response(200, json=form)
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def data(**values: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": values})


def client(wire: Wire, now: Callable[[], float] = lambda: 0.0) -> ShopifyClient:
    return ShopifyClient(URL, DailyTokens(URL, "id", "the-secret"), transport=wire, steady=now)


def token_of(request: httpx.Request) -> str:
    return request.headers["X-Shopify-Access-Token"]


async def error_of(*answers: httpx.Response | Exception) -> ShopifyError:
    """The error of a look-up by a permanent token, to which these are the answers."""
    shop = ShopifyClient(URL, FixedToken("shpat_1"), transport=Wire(*answers))
    with pytest.raises(ShopifyError) as caught:
        await shop.find("c-1-1")
    return caught.value


async def test_a_token_serves_many_calls_and_is_asked_for_again_before_its_day_ends() -> None:
    now = [0.0]
    wire = Wire(*[data(orders={"nodes": []}) for _ in range(3)])
    shop = client(wire, lambda: now[0])
    await shop.find("c-1-1")
    now[0] = DAY - 700
    await shop.find("c-1-1")
    now[0] = DAY - 500
    await shop.find("c-1-1")
    assert [token_of(request) for request in wire.asked] == ["token-1", "token-1", "token-2"]


async def test_a_refused_token_is_replaced_and_the_call_made_once_more() -> None:
    wire = Wire(httpx.Response(401, json={"errors": "Invalid API key"}), data(orders={"nodes": [ORDER]}))
    [copy] = await client(wire).find("c-1-1")
    assert (copy.id, copy.total) == ("gid://shopify/Order/7", 50_000)
    assert [token_of(request) for request in wire.asked] == ["token-1", "token-2"]


async def test_a_new_token_that_is_refused_too_is_not_asked_for_again() -> None:
    wire = Wire(*[httpx.Response(401) for _ in range(3)])
    with pytest.raises(ShopifyError) as caught:
        await client(wire).find("c-1-1")
    assert caught.value.reason is Reason.TOKEN
    assert (wire.tokens, len(wire.asked)) == (2, 2)


async def test_a_permanent_token_that_is_refused_is_for_a_person() -> None:
    error = await error_of(httpx.Response(401))
    assert (error.reason, error.for_people, error.ambiguous) == (Reason.TOKEN, True, False)


async def test_a_wrong_client_secret_is_for_a_person_and_not_repeated_in_the_error() -> None:
    wire = Wire()
    wire.refusal = httpx.Response(400, json={"error_description": "the-secret is no secret of this app"})
    with pytest.raises(ShopifyError) as caught:
        await client(wire).find("c-1-1")
    assert caught.value.reason is Reason.TOKEN
    assert "the-secret" not in str(caught.value)


async def test_throttled_in_a_200_says_how_long_to_wait() -> None:
    error = await error_of(httpx.Response(200, json=TOO_MUCH))
    assert (error.reason, error.wait, error.ambiguous) == (Reason.THROTTLED, 5.0, False)


async def test_429_says_how_long_to_wait() -> None:
    error = await error_of(httpx.Response(429, headers={"Retry-After": "4"}))
    assert (error.reason, error.wait, error.ambiguous) == (Reason.THROTTLED, 4.0, False)


async def test_user_errors_in_a_200_are_a_refusal_in_shopifys_words() -> None:
    words = [{"code": "INVALID", "field": ["order", "lineItems"], "message": "Variant is not there"}]
    wire = Wire(data(orderMarkAsPaid={"order": None, "userErrors": words}))
    with pytest.raises(ShopifyError) as caught:
        await client(wire).mark_as_paid("gid://shopify/Order/7")
    assert caught.value.reason is Reason.REFUSED
    assert caught.value.description == "order.lineItems: Variant is not there"


@pytest.mark.parametrize("status", [402, 404, 423])
async def test_a_store_that_is_closed_gives_no_token_and_none_is_blamed(status: int) -> None:
    wire = Wire()
    wire.refusal = httpx.Response(status, text="<html>locked")
    with pytest.raises(ShopifyError, match="not there, or closed") as caught:
        await client(wire).find("c-1-1")
    assert caught.value.reason is Reason.DENIED


async def test_a_dormant_store_is_closed_and_refuses_no_order() -> None:
    words = [{"code": "SHOP_DORMANT", "field": None, "message": "The shop is dormant"}]
    wire = Wire(data(orderMarkAsPaid={"order": None, "userErrors": words}))
    with pytest.raises(ShopifyError) as caught:
        await client(wire).mark_as_paid("gid://shopify/Order/7")
    assert caught.value.reason is Reason.DENIED


async def test_errors_of_a_cancellation_are_a_refusal() -> None:
    words = [{"code": "INVALID", "field": ["orderId"], "message": "is fulfilled"}]
    wire = Wire(data(orderCancel={"job": None, "orderCancelUserErrors": words}))
    with pytest.raises(ShopifyError, match="is fulfilled"):
        await client(wire).cancel("gid://shopify/Order/7", "10001", restock=True)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>bad gateway"),
        httpx.Response(200, text="<html>maintenance"),
        httpx.Response(200, json={"data": None}),
        httpx.Response(200, json={"data": {}}),
        httpx.Response(200, json=BROKEN),
        httpx.Response(408, text="<html>request timeout"),
        httpx.Response(409),
        httpx.Response(200, json={"errors": [{"message": "Something went wrong"}]}),
        httpx.Response(200, json={"errors": "Something went wrong"}),
        httpx.Response(200, json={**DENIED, "data": {"orderCreate": {"order": {"id": "x"}}}}),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=["502", "no JSON", "null", "empty", "internal", "408", "409", "unknown", "a text",
        "denied after the act", "timeout", "closed",
    ],
)  # fmt: skip
async def test_what_may_have_been_carried_out_is_ambiguous(answer: httpx.Response | Exception) -> None:
    error = await error_of(answer)
    assert error.ambiguous
    assert not error.for_people


@pytest.mark.parametrize("code", ["MAX_COST_EXCEEDED", "undefinedField", "INVALID_VARIABLE"])
async def test_a_call_that_was_not_run_is_refused_for_sure(code: str) -> None:
    wrong = {"errors": [{"message": "Query cost is 2000", "extensions": {"code": code}}]}
    error = await error_of(httpx.Response(200, json=wrong))
    assert (error.reason, error.ambiguous) == (Reason.REFUSED, False)


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")], ids=["refused", "late"]
)
async def test_what_was_never_sent_is_not_ambiguous(answer: Exception) -> None:
    error = await error_of(answer)
    assert error.reason is Reason.UNREACHABLE
    assert not error.ambiguous
    assert not error.for_people


async def test_a_missing_permission_is_for_a_person() -> None:
    error = await error_of(httpx.Response(200, json={**DENIED, "data": {"orders": None}}))
    assert (error.reason, error.for_people) == (Reason.DENIED, True)
    assert "Access denied for orders" in str(error)


async def test_a_token_that_an_answer_repeats_is_not_kept() -> None:
    error = await error_of(httpx.Response(400, text="no such token: shpat_1"))
    assert "shpat_1" not in str(error)


async def test_a_copy_is_looked_for_by_our_key() -> None:
    wire = Wire(data(orders={"nodes": []}))
    assert await client(wire).find("c-1-1abc") == []
    assert json.loads(wire.asked[0].content)["variables"] == {"query": "source_identifier:'c-1-1abc'"}
