"""The sandbox's Shopify: a whole bot copies its orders there, whatever it is told to do to them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.settings import Settings
from payments import signature
from payments.ledger.mirrors import CopyStatus
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle, Line, Order
from payments.shopify import amending, webhook
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.requests import SCOPES, Buyer, Copying
from payments.shopify.tokens import DailyTokens
from sandbox.control import routes
from sandbox.shopify import LAG_MS
from sandbox.world import World

LINES = (Line("a", "Tea", 2, 18_000), Line("b", "Cup", 1, 14_050, 0, "", 50, 4_000))
PAID = OrderState(Order("c-1-1", "10001", "c-1", LINES, 54_000, "INR", 0, 1), lifecycle=Lifecycle.FULFILLED)
CASH = OrderState(Order("c-1-2", "10002", "c-1", LINES, 54_000, "INR", 0, 1), lifecycle=Lifecycle.PROMISED)


class Clock:
    at = 0

    def now(self) -> int:
        return self.at


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def world(time: Clock) -> AsyncIterator[World]:
    world = World(now=time.now)
    world.meta.app.add_routes(routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False, shopify_port=0):
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[ShopifyClient]:
    secrets = world.secrets
    tokens = DailyTokens(world.shopify_url, secrets.shopify_client_id, secrets.shopify_client_secret)
    client = ShopifyClient(world.shopify_url, tokens)
    yield client
    await client.close()


async def control(world: World, command: str, **fields: Any) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(f"{world.meta_url}/_control/{command}", json=fields)).status_code


def test_its_settings_are_those_of_a_store(world: World) -> None:
    values: dict[str, Any] = {name.lower(): value for name, value in world.settings().items()}
    settings = Settings(**{"_env_file": None, "munshi_api_token": "a-token-of-this-test", **values})
    assert settings.shopify_url == world.shopify_url
    assert settings.shopify_store == "sandbox.myshopify.com"


async def test_an_order_goes_its_way(client: ShopifyClient, world: World, time: Clock) -> None:
    made = await client.create(Copying(CASH, Buyer("Asha", "+919876543210")))
    assert (made.status, made.total, made.name) == (CopyStatus.PENDING, 54_000, "#1001")
    assert await client.find("c-1-2") == []
    time.at = LAG_MS
    assert await client.find("c-1-2") == [made]
    await client.mark_as_paid(made.id)
    read = await client.read(made.id)
    assert read is not None
    assert read.status is CopyStatus.PAID
    await client.cancel(made.id, "10002", restock=True)
    read = await client.read(made.id)
    assert read is not None
    assert read.status is CopyStatus.CANCELLED
    for again in (client.cancel(made.id, "10002", restock=True), client.mark_as_paid(made.id)):
        with pytest.raises(ShopifyError) as refused:
            await again
        assert refused.value.reason is Reason.REFUSED


async def test_a_number_belongs_to_one_customer(client: ShopifyClient) -> None:
    buyer = Buyer("Asha", "+919876543210")
    await client.create(Copying(PAID, buyer))
    with pytest.raises(ShopifyError, match="Phone has already been taken"):
        await client.create(Copying(CASH, buyer))
    id = await client.customer("+919876543210")
    await client.create(Copying(CASH, Buyer("Asha", "+919876543210", id)))


async def test_each_misfortune_on_command(client: ShopifyClient, world: World) -> None:
    assert await control(world, "shopify_fault", kind="lost") == 200
    with pytest.raises(ShopifyError) as lost:
        await client.create(Copying(PAID))
    assert (lost.value.reason, len(world.shopify.orders)) == (Reason.LOST, 1)
    for kind in ("timeout", "unclear"):
        await control(world, "shopify_fault", kind=kind)
        with pytest.raises(ShopifyError) as unclear:
            await client.create(Copying(PAID))
        assert unclear.value.reason is Reason.UNAVAILABLE
    assert len(world.shopify.orders) == 3
    await control(world, "shopify_fault", kind="throttled")
    with pytest.raises(ShopifyError) as throttled:
        await client.create(Copying(PAID))
    assert (throttled.value.reason, throttled.value.wait) == (Reason.THROTTLED, 2.0)
    await control(world, "shopify_fault", kind="token")
    await control(world, "shopify_fault", kind="total", amount=1250)
    made = await client.create(Copying(PAID))
    assert made.total == 55_250
    assert world.shopify.orders[-1].total == Decimal("552.50")
    assert await control(world, "shopify_fault", kind="rain") == 400


async def test_its_orders_are_listed(client: ShopifyClient, world: World) -> None:
    await client.create(Copying(PAID))
    async with httpx.AsyncClient(trust_env=False) as http:
        [order] = (await http.get(f"{world.meta_url}/_control/shopify")).json()
    assert (order["name"], order["source"], order["refunds"]) == ("#1001", "c-1-1", [])
    assert [line["sku"] for line in order["lines"]] == ["a", "b"]
    assert order["netPaymentSet"]["shopMoney"]["amount"] == "540.00"


async def test_its_people_act_and_it_posts_what_they_did(client: ShopifyClient, world: World) -> None:
    came: list[tuple[str, dict[str, Any]]] = []

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        signed = request.headers["X-Shopify-Hmac-Sha256"]
        assert signature.matches_base64(raw, signed, world.secrets.shopify_client_secret)
        came.append((request.headers["X-Shopify-Topic"], json.loads(raw)))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/shopify", take)
    made = await client.create(Copying(PAID))
    async with TestServer(app) as server:
        world.courier.route("shopify", str(server.make_url("/webhooks/shopify")))
        assert await control(world, "shopify_refund", order="#1001", amount=4000) == 200
        assert await control(world, "shopify_refund", order="#1001", amount=4_000_000) == 400
        for delivered in ({}, {"delivered": True}):
            assert await control(world, "shopify_fulfil", order="c-1-1", **delivered) == 200
        assert await control(world, "shopify_cancel", order=made.id) == 200
        assert await control(world, "shopify_cancel", order="#7") == 404
        await world.quiet()
    assert sorted(topic for topic, _ in came) == [
        "fulfillments/create", "fulfillments/update", "orders/cancelled", "orders/create", "refunds/create",
    ]  # fmt: skip
    news = {topic: webhook.read(topic, body) for topic, body in came}
    assert {one.copy_id for one in news.values()} == {made.id}
    assert (news["fulfillments/update"].stage, news["refunds/create"].idle) == (Stage.DELIVERED, False)
    read = await client.read(made.id)
    assert read is not None
    assert (read.status, read.sent) == (CopyStatus.CANCELLED, True)


async def test_it_has_what_an_import_and_a_check_ask_for(client: ShopifyClient) -> None:
    store = await client.store()
    assert store.scopes >= set(SCOPES)
    listed = await client.products()
    assert len({one.sku for one in listed}) == len(listed) == 4
    assert len(await client.stocked([*(one.id for one in listed), "gid://shopify/ProductVariant/9"])) == 4
    [place] = await client.locations()
    assert place.ships


async def test_what_is_taken_off_is_recorded_once(client: ShopifyClient, world: World) -> None:
    made = await client.create(Copying(PAID))
    parts = await client.parts(made.id)
    assert parts is not None
    less = Amendment("c-1-1-a1", "c-1-1", AmendmentKind.LESS, "Meena", 1, amount=14_000, sku="b", pieces=1)
    taken = amending.taken(less, parts, {})
    assert taken is not None
    assert await client.shelf(made.id, taken) is None, "a line without a variant has no stock"
    assert not parts.has(less.key)
    for _ in range(2):
        left = await client.refund(amending.refund(made.id, taken, parts))
        assert (left.paid, left.costs) == (40_000, 39_950)
    after = await client.parts(made.id)
    assert after is not None
    assert (after.paid, after.left, after.has(less.key)) == (40_000, left, True)
    with pytest.raises(ShopifyError, match="the key was used"):
        await client.refund(amending.refund(made.id, replace(taken, amount=1), parts))
    await client.update({"input": {"id": made.id, "shippingAddress": {"zip": "411006"}}})
    assert world.shopify.orders[0].address == {"zip": "411006"}


async def test_it_counts_what_is_sold_and_comes_back(client: ShopifyClient, world: World) -> None:
    chai, kaju = "gid://shopify/ProductVariant/44001", "gid://shopify/ProductVariant/44003"
    assert await control(world, "shopify_count", variant=chai, pieces=2) == 200
    assert await control(world, "shopify_count", variant="gid://shopify/ProductVariant/1", pieces=2) == 404
    made = await client.create(Copying(PAID, Buyer("Asha"), {"a": chai}))
    wanted = [chai, "gid://shopify/ProductVariant/1", kaju]
    assert await client.quantities(wanted) == {chai: 0, kaju: 20}
    await client.cancel(made.id, "10001", restock=False)
    assert await client.quantities([chai]) == {chai: 0}
    again = await client.create(Copying(CASH, Buyer("Asha"), {"a": chai}))
    assert await client.quantities([chai]) == {chai: -2}
    await client.cancel(again.id, "10002", restock=True)
    assert await client.quantities([chai]) == {chai: 0}
