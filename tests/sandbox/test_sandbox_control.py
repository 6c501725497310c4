"""The control API: each command does what it says, and wrong ones get an error message."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import Payment
from sandbox.commands import COMMANDS
from sandbox.control import routes
from sandbox.mischief import Mischief
from sandbox.world import API_VERSION, World
from tests.payments.card_bills import bill
from tests.sandbox.webhook_listener import KEY, Bot, Clock, call, new_link


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    world = World(now=clock)
    world.meta.app.add_routes(routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        yield world


async def post(world: World, command: str, body: Any) -> tuple[int, Any]:
    """Status, and the id or the error."""
    data = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.meta_url}/_control/{command}", **data) as response,
    ):
        answer = await response.json()
        return response.status, answer["id"] if response.status == 200 else answer["error"]


async def done(world: World, command: str, **fields: Any) -> Any:
    """The id that a command gave."""
    status, given = await post(world, command, fields)
    assert status == 200, given
    return given


async def test_money_is_commanded(world: World) -> None:
    razorpay, link = world.razorpay, await new_link(world)
    short = await done(world, "pay", url=link, amount=500, method="card")
    assert (razorpay.payments[short].amount, razorpay.payments[short].method) == (500, "card")
    foreign = await done(world, "pay", url=razorpay.links[link].short_url, currency="USD")
    assert razorpay.payments[foreign].currency == "USD"
    failed = await done(world, "fail", url=link, reason="insufficient_funds", description="No", method="upi")
    failure = razorpay.payments[failed].failure
    assert failure is not None
    assert (failure.reason, failure.description) == ("insufficient_funds", "No")
    granted = await done(world, "authorize", url=link, method="wallet")
    assert (razorpay.payments[granted].status, razorpay.payments[granted].method) == ("authorized", "wallet")
    assert await done(world, "capture", payment=granted) is None
    assert razorpay.payments[granted].status == "captured"
    await done(world, "settle_late", payment=failed)
    assert razorpay.payments[failed].status == "refunded"
    refund = await done(world, "refund", payment=granted, amount=45000)
    assert razorpay.refunds[refund].amount == 45000
    await done(world, "settle_refund", refund=refund, status="failed")
    assert razorpay.refunds[refund].status == "failed"
    assert (await done(world, "dispute", payment=granted, state="created")).startswith("disp_")
    names = [event.name for event in razorpay.events_of(link)]
    assert names[-3:] == ["refund.created", "refund.failed", "payment.dispute.created"]


async def test_how_long_the_bank_takes_for_a_refund_is_commanded(world: World, clock: Clock) -> None:
    payment = await done(world, "pay", url=await new_link(world))
    await done(world, "refund_delay", ms=3000)
    refund = await done(world, "refund", payment=payment, amount=45000)
    clock.now += 2999
    await world.tick()
    assert world.razorpay.refunds[refund].status == "pending"
    clock.now += 1
    await world.tick()
    assert world.razorpay.refunds[refund].status == "processed"
    assert await post(world, "refund_delay", {"ms": -1}) == (400, "ms is at least 0, not -1")


async def test_links_are_ended(world: World) -> None:
    expired, cancelled = await new_link(world), await new_link(world, "c1-2.1")
    await done(world, "expire", url=expired)
    await done(world, "cancel", url=cancelled)
    assert [link.status for link in world.razorpay.links.values()] == ["expired", "cancelled"]


async def test_deliveries_go_wrong(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    await done(world, "lose", provider="razorpay")
    await done(world, "duplicate", provider="razorpay", count=2)
    await done(world, "delay", provider="razorpay", ms=1000)
    await done(world, "pay", url=await new_link(world))
    await world.quiet()
    assert sorted(bot.names) == ["order.paid"] * 2 + ["payment.captured"] * 2
    assert [parcel.event.name for parcel in world.courier.scheduled] == ["payment_link.paid"]
    await done(world, "mischief", lose=1, delay=0.5, most_delay_ms=9, seed=4)
    assert world.courier.mischief == Mischief(lose=1.0, delay=0.5, most_delay_ms=9, seed=4)
    assert await post(world, "mischief", b"") == (200, None)
    assert world.courier.mischief == Mischief()


async def test_a_webhook_is_switched_on_again(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    bot.status = 500
    for _ in range(2):
        world.courier.emit("razorpay", [world.razorpay.signed({"event": "e"})])
        await world.quiet()
        clock.now += 24 * 3600 * 1000
    assert world.razorpay.webhook_disabled
    await done(world, "enable_webhook")
    assert not world.razorpay.webhook_disabled


async def test_calls_go_wrong(world: World) -> None:
    wrong = {"provider": "razorpay", "operation": "list_links"}
    await done(world, "always", **wrong, fault="http", status=503)
    await done(world, "fail_next", **wrong, fault="http", status=429, retry_after=3, count=2)
    await done(world, "fail_next", **wrong, fault="http", status=400, body='{"error": 1}')
    await done(world, "fail_next", **wrong, fault="slow", seconds=0)
    async with (
        aiohttp.ClientSession(headers={"Authorization": KEY}) as session,
        session.get(f"{world.razorpay_url}/v1/payment_links") as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "3")
    statuses = [(await call(world, "GET", "payment_links"))[0] for _ in range(4)]
    assert statuses == [429, 400, 200, 503]
    for fault in ("refuse", "drop"):
        await done(world, "fail_next", **wrong, fault=fault, count=2)
        with pytest.raises(aiohttp.ClientError):
            await call(world, "GET", "payment_links")
    await done(world, "fail_next", **wrong, fault="html")
    with pytest.raises(aiohttp.ContentTypeError):
        await call(world, "GET", "payment_links")
    await done(world, "always", **wrong, fault=None)
    assert (await call(world, "GET", "payment_links"))[0] == 200


async def test_metas_token_expires(world: World) -> None:
    url, headers = f"{world.meta_url}/v25.0/200000000000001", {"Authorization": "Bearer sandbox-access-token"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for command, status in (("expire_token", 401), ("renew_token", 200)):
            await done(world, command)
            async with session.get(url) as response:
                assert response.status == status


async def test_what_meta_says_of_the_account_is_commanded(world: World) -> None:
    url, headers = f"{world.meta_url}/v25.0", {"Authorization": "Bearer sandbox-access-token"}

    async def asked(path: str) -> Any:
        async with session.get(f"{url}/{path}") as response:
            return await response.json()

    async with aiohttp.ClientSession(headers=headers) as session:
        assert await asked("200000000000001?fields=webhook_configuration") == {"id": "200000000000001"}
        await done(world, "set_webhook", url="https://shop.example/hook")
        led = await asked("200000000000001?fields=id,webhook_configuration")
        assert led["webhook_configuration"] == {"application": "https://shop.example/hook"}
        entities = (await asked("200000000000001?fields=health_status"))["health_status"]["entities"]
        [account] = [one["id"] for one in entities if one["entity_type"] == "WABA"]
        for command, subscribed in (("unsubscribe", 0), ("subscribe", 1)):
            await done(world, command)
            assert len((await asked(f"{account}/subscribed_apps"))["data"]) == subscribed
        for wrong in ("200000000000001/subscribed_apps", "200000000000001?fields=id,nonsense"):
            assert (await asked(wrong))["error"]["code"] == 100


@pytest.mark.parametrize(
    ("command", "body", "status", "message"),
    [
        ("pay", b"{", 400, "not JSON"),
        ("pay", [], 400, "must be a JSON object"),
        ("fill", {"wa_id": "919812345670", "values": "Pune"}, 400, "must be an object of texts"),
        ("fill", b'{"wa_id": "919812345670", "values": {"city": 5}}', 400, "must be an object of texts"),
        ("fill", b'{"wa_id": "919812345670", "values": {"city": "Pune"}}', 404, "no message has an address"),
        ("pay", {}, 400, "'url' is missing"),
        ("pay", {"url": None}, 400, "'url' is missing"),
        ("pay", {"url": 7}, 400, "'url' must be a text"),
        ("pay", {"url": "plink_x"}, 404, "no payment link 'plink_x'"),
        ("pay", {"url": "LINK", "amount": "500"}, 400, "'amount' must be a whole number"),
        ("pay", {"url": "LINK", "amount": 0}, 400, "at least 1 paisa"),
        ("authorize", {"url": "LINK", "currency": "Rs"}, 400, "three capital letters"),
        ("capture", {"payment": "pay_x"}, 404, "no payment 'pay_x'"),
        ("capture", {"payment": "FAILED"}, 400, "is failed"),
        ("settle_late", {"payment": "pay_x"}, 404, "no payment 'pay_x'"),
        ("refund", {"payment": "pay_x"}, 404, "no payment 'pay_x'"),
        ("refund", {"payment": "FAILED"}, 400, "should be captured"),
        ("settle_refund", {"refund": "rfnd_x", "status": "failed"}, 404, "no refund 'rfnd_x'"),
        ("dispute", {"payment": "FAILED", "state": "created"}, 400, "never captured"),
        ("dispute", {"payment": "FAILED", "state": "sad"}, 400, "no dispute state 'sad'"),
        ("expire", {"url": "plink_x"}, 404, "no payment link"),
        ("lose", {"provider": "stripe"}, 400, "no provider 'stripe'"),
        ("lose", {"provider": "meta", "count": 0}, 400, "at least 1"),
        ("delay", {"provider": "meta"}, 400, "'ms' is missing"),
        ("mischief", {"lose": "often"}, 400, "'lose' must be a number"),
        ("mischief", {"lose": 2}, 400, "lose is a chance"),
        ("fail_next", {"provider": "meta", "operation": "send", "fault": "fire"}, 400, "no fault 'fire'"),
        ("fail_next", {"provider": "meta", "operation": "bend", "fault": "drop"}, 400, "no operation 'bend'"),
        (
            "fail_next",
            {"provider": "meta", "operation": "send", "fault": "drop", "count": 0},
            400,
            "at least 1",
        ),
        (
            "always",
            {"provider": "meta", "operation": "send", "fault": "http", "status": 99},
            400,
            "200 to 599",
        ),
        ("always", {"provider": "meta", "operation": "bend"}, 400, "no operation 'bend'"),
    ],
)
async def test_a_wrong_command_is_told_what_is_wrong(
    world: World, command: str, body: Any, status: int, message: str
) -> None:
    link = await new_link(world)
    failed = await world.razorpay.fail(link)
    if isinstance(body, dict):
        body = {name: {"LINK": link, "FAILED": failed}.get(value, value) for name, value in body.items()}
    answered, error = await post(world, command, body)
    assert (answered, message in error) == (status, True), error


async def test_every_command_wants_its_fields_or_none(world: World) -> None:
    without = {"expire_token", "renew_token", "enable_webhook", "mischief"}
    without |= {"set_webhook", "subscribe", "unsubscribe"}
    for command in COMMANDS:
        assert (await post(world, command, {}))[0] == (200 if command in without else 400), command


async def test_the_newest_of_link_and_card_is_paid(world: World, clock: Clock) -> None:
    of = bill(expires_at=clock() + 1_200_000)
    payload = build(Payment("Pay", of.reference, bill=of), Recipient("919812345601", None), "o-1.1")
    url = f"{world.meta_url}/{API_VERSION}/{world.secrets.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {world.secrets.access_token}"}
    async with aiohttp.ClientSession() as http, http.post(url, json=payload, headers=headers) as answer:
        assert answer.status == 200
    await done(world, "fail", wa_id="919812345601")
    await done(world, "pay", wa_id="919812345601")
    assert world.meta.cards.shown[of.reference].paid
    assert await done(world, "configure", status="Needs Testing") is None
