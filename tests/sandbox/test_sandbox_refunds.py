"""Refunds in the sandbox's Razorpay: over HTTP, on the dashboard, and their processing."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.faults import Fault
from sandbox.razorpay_rules import Refused
from sandbox.world import World
from tests.sandbox.webhook_listener import NOW, Bot, Clock, call, new_link

TWO_HOURS = 2 * 3600 * 1000
KEY = "refund-of-order-1"
WANTED = {"amount": 45000, "speed": "normal", "notes": {"order_ref": "c1-1"}, "receipt": "c1-1.R1"}


async def paid(world: World, bot: Bot) -> str:
    """A captured payment of ₹1,798.00, told to the bot already; returns its id."""
    await world.connect(bot.url)
    payment = await world.razorpay.pay(await new_link(world))
    await world.quiet()
    bot.got.clear()
    return payment


async def refusal(world: World, payment: str, body: Any, key: str = "") -> tuple[int, str, str | None]:
    """Status, description and field of a refused refund."""
    status, answer = await call(world, "POST", f"payments/{payment}/refund", body, key)
    error = answer["error"]
    return status, error["description"], error.get("field")


async def test_a_refund_is_pending_until_the_bank_has_done_it(world: World, bot: Bot, clock: Clock) -> None:
    payment = await paid(world, bot)
    status, refund = await call(world, "POST", f"payments/{payment}/refund", WANTED, KEY)
    await world.quiet()
    assert refund.pop("id").startswith("rfnd_")
    assert (status, refund) == (
        200,
        {
            "entity": "refund",
            "amount": 45000,
            "currency": "INR",
            "payment_id": payment,
            "notes": {"order_ref": "c1-1"},
            "receipt": "c1-1.R1",
            "acquirer_data": {"arn": None},
            "created_at": NOW,
            "batch_id": None,
            "status": "pending",
            "speed_processed": "normal",
            "speed_requested": "normal",
        },
    )
    clock.now += TWO_HOURS - 1
    await world.tick()
    assert bot.names == ["refund.created"]
    assert bot.events[0]["contains"] == ["refund", "payment"]
    clock.now += 1
    await world.tick()
    await world.tick()
    assert bot.names == ["refund.created", "refund.processed"]
    assert bot.events[1]["created_at"] == NOW + 7200
    assert (bot.entity("refund", 0)["status"], bot.entity("refund")["status"]) == ("pending", "processed")
    assert len(bot.entity("refund")["acquirer_data"]["arn"]) == 23
    told = bot.entity("payment")
    assert (told["status"], told["amount_refunded"], told["refund_status"]) == ("captured", 45000, "partial")
    assert told["notes"] == {"order_key": "c1-1"}
    assert world.razorpay.events_of(told["description"].replace("#", "plink_"))[-1].name == "refund.processed"


async def test_parts_of_a_payment_until_nothing_is_left(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    refunds = [(await call(world, "POST", f"payments/{payment}/refund", {"amount": 100000}))[1]]
    assert (refunds[0]["notes"], refunds[0]["receipt"]) == ([], None)
    assert await refusal(world, payment, {"amount": 79801}) == (
        400,
        "The refund amount provided is greater than amount captured.",
        "amount",
    )
    refunds.append((await call(world, "POST", f"payments/{payment}/refund"))[1])
    assert refunds[1]["amount"] == 79800
    _, told = await call(world, "GET", f"payments/{payment}")
    assert (told["status"], told["amount_refunded"], told["refund_status"]) == ("refunded", 179800, "full")
    assert (told["captured"], told["fee"]) == (True, 4243)
    assert (await refusal(world, payment, {}))[:2] == (400, "The payment has been fully refunded already.")
    _, listed = await call(world, "GET", f"payments/{payment}/refunds")
    assert listed == {"entity": "collection", "count": 2, "items": refunds[::-1]}
    assert await call(world, "GET", f"refunds/{refunds[0]['id']}") == (200, refunds[0])
    _, order = await call(world, "GET", f"orders/{told['order_id']}")
    assert order["status"] == "paid"


@pytest.mark.parametrize(
    ("body", "description", "field"),
    [
        ({"amount": 99}, "The amount must be at least INR 1.00", "amount"),
        ({"amount": "45000"}, "The amount must be an integer.", "amount"),
        ({"amount": True}, "The amount must be an integer.", "amount"),
        ({"amount": 179801}, "The refund amount provided is greater than amount captured.", "amount"),
        ({"amuont": 45000}, "amuont is/are not required and should not be sent", None),
        ({"speed": "fast"}, "The speed must be normal or optimum.", "speed"),
        ({"receipt": 7}, "The receipt must be a string.", "receipt"),
        (
            {"notes": {str(n): "x" for n in range(16)}},
            "notes: number of fields should be less than 15.",
            None,
        ),
        ([], "The body must be a JSON object", None),
    ],
)
async def test_a_wrong_refund_is_refused(
    world: World, bot: Bot, body: Any, description: str, field: str | None
) -> None:
    payment = await paid(world, bot)
    assert await refusal(world, payment, body) == (400, description, field)
    assert world.razorpay.refunds == {}


async def test_only_a_captured_payment_can_be_refunded(world: World) -> None:
    failed = await world.razorpay.fail(await new_link(world))
    granted = await world.razorpay.authorize(await new_link(world, "c1-2.1"))
    for payment in (failed, granted):
        assert "should be captured" in (await refusal(world, payment, {}))[1]
    assert (await refusal(world, "pay_x", {}))[1] == "The id provided does not exist"
    for path in ("payments/pay_x/refunds", "refunds/rfnd_x"):
        assert (await call(world, "GET", path))[1]["error"]["description"] == "The id provided does not exist"


async def test_a_key_makes_one_refund(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    other = await world.razorpay.pay(await new_link(world, "c1-2.1"))
    first = await call(world, "POST", f"payments/{payment}/refund", WANTED, KEY)
    reordered = dict(reversed(WANTED.items()))
    assert await call(world, "POST", f"payments/{payment}/refund", reordered, KEY) == first
    mismatch = "Different request with the same idempotency key has already been processed."
    assert await refusal(world, payment, {**WANTED, "amount": 45001}, KEY) == (409, mismatch, None)
    assert await refusal(world, other, WANTED, KEY) == (409, mismatch, None)
    assert len(world.razorpay.refunds) == 1
    await call(world, "POST", f"payments/{payment}/refund", WANTED, "another-key-1")
    await call(world, "POST", f"payments/{payment}/refund", WANTED)
    assert len(world.razorpay.refunds) == 3


async def test_a_key_has_a_form(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    assert "at least 10 characters" in (await refusal(world, payment, {}, "123456789"))[1]
    assert "only contain alphanumeric" in (await refusal(world, payment, {}, "12345 6789"))[1]
    assert world.razorpay.refunds == {}


async def test_a_key_whose_refund_was_refused_is_still_free(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    assert (await refusal(world, payment, {"amount": 10**9}, KEY))[0] == 400
    assert (await call(world, "POST", f"payments/{payment}/refund", {}, KEY))[0] == 200


async def test_while_the_first_is_in_progress_a_409(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    world.razorpay.fail_next("refund", Fault.http(409))
    assert await call(world, "POST", f"payments/{payment}/refund", {}, KEY) == (
        409,
        {
            "error": {
                "code": "BAD_REQUEST_ERROR",
                "description": "Another request with the same idempotency key is still in progress.",
                "source": "NA",
                "step": "NA",
                "reason": "NA",
                "metadata": {},
            }
        },
    )
    assert (await call(world, "POST", f"payments/{payment}/refund", {}, KEY))[0] == 200


async def test_it_may_be_told_before_the_answer_arrives(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    bot.reached.clear()
    world.razorpay.fail_next("refund", Fault.slow(30))
    asking = asyncio.create_task(call(world, "POST", f"payments/{payment}/refund", WANTED, KEY))
    await asyncio.wait_for(bot.reached.wait(), 5)
    await world.quiet()
    assert bot.names == ["refund.created"]
    assert not asking.done()
    asking.cancel()


@pytest.mark.parametrize("operation", ["refund", "list_refunds", "fetch_order_payments"])
async def test_their_calls_can_lose_the_answer(world: World, bot: Bot, operation: str) -> None:
    payment = await paid(world, bot)
    calls = {
        "refund": ("POST", f"payments/{payment}/refund"),
        "list_refunds": ("GET", f"payments/{payment}/refunds"),
        "fetch_order_payments": ("GET", f"orders/{world.razorpay.payments[payment].order_id}/payments"),
    }
    # Twice, since aiohttp's client itself tries a lost GET once more.
    world.razorpay.fail_next(operation, Fault.drop_after_accepting(), Fault.drop_after_accepting())
    with pytest.raises(aiohttp.ClientError):
        await call(world, *calls[operation])
    assert len(world.razorpay.refunds) == (operation == "refund")


async def test_a_refund_that_fails_gives_the_money_free(world: World, bot: Bot, clock: Clock) -> None:
    payment = await paid(world, bot)
    refund = await world.razorpay.refund(payment)
    assert world.razorpay.payments[payment].status == "refunded"
    await world.razorpay.settle_refund(refund, "failed")
    clock.now += TWO_HOURS
    await world.tick()
    assert bot.names == ["refund.created", "refund.failed"]
    assert bot.entity("refund")["acquirer_data"] == {"arn": None}
    assert (bot.entity("payment")["status"], bot.entity("payment")["refund_status"]) == ("captured", None)
    again = await world.razorpay.refund(payment, 179800)
    assert world.razorpay.refunds[again].status == "pending"


async def test_a_refund_is_settled_once_and_known(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    refund = await world.razorpay.refund(payment, 45000)
    assert (world.razorpay.refunds[refund].notes, world.razorpay.refunds[refund].receipt) == ({}, None)
    with pytest.raises(ValueError, match="processed or failed"):
        await world.razorpay.settle_refund(refund, "pending")
    await world.razorpay.settle_refund(refund, "processed")
    with pytest.raises(ValueError, match="already"):
        await world.razorpay.settle_refund(refund, "failed")
    with pytest.raises(LookupError):
        await world.razorpay.settle_refund("rfnd_x", "processed")
    with pytest.raises(LookupError):
        await world.razorpay.refund("pay_x")
    with pytest.raises(Refused):
        await world.razorpay.refund(payment, 179800)


async def test_a_bank_may_do_it_at_once(world: World, bot: Bot) -> None:
    payment = await paid(world, bot)
    world.razorpay.refund_delay_ms = 0
    _, refund = await call(world, "POST", f"payments/{payment}/refund", {"speed": "optimum"})
    await world.quiet()
    assert (refund["status"], refund["speed_requested"]) == ("processed", "optimum")
    assert bot.names == ["refund.created", "refund.processed"]
    assert bot.entity("payment")["status"] == "refunded"
