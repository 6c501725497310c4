"""The API's answer about an order that was not placed, and one whose link Razorpay never makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import FLOW, Live, Start

PHONE = "919812345601"
CREATE = "/payments/create"
TOO_MUCH = "Amount exceeds maximum amount allowed."


@pytest.fixture
def settings_for(settings_for: Any, tmp_path: Path) -> Any:
    """The shipped shop with a tea bag for half a rupee."""
    flow = tmp_path / "flows.yaml"
    text = FLOW.read_text("utf-8")
    bag = "    - {sku: bag, price: 0.50, name: {en: One tea bag, hi: एक टी बैग}}\n    - {sku: masala-250,"
    flow.write_text(text.replace("    - {sku: masala-250,", bag), "utf-8")
    return lambda world: settings_for(world).model_copy(update={"munshi_flow": flow})


async def ordered(live: Live, sku: str, quantity: int = 1) -> tuple[int, Any]:
    body = {"phone": PHONE, "items": [{"sku": sku, "quantity": quantity}]}
    return await live.until(live.api("POST", CREATE, body))


async def test_a_sum_that_is_too_small_is_refused_as_too_small(live: Live) -> None:
    asha = live.customer(PHONE)
    status, answer = await ordered(live, "bag")
    assert (status, "the sum is too small" in answer["error"], "₹1" in answer["error"]) == (409, True, True)
    await asha.write("menu")
    await asha.tap("One tea bag")
    await asha.write("checkout")
    said = await asha.write("confirm")
    assert "An order must come to ₹1 at least." in said[0].text
    assert not any("empty" in message.text for message in said)


async def test_what_is_sold_out_is_refused_as_sold_out(live: Live) -> None:
    assert (await ordered(live, "kulhad-6", 12))[0] == 200
    body = {"phone": "919812345602", "items": [{"sku": "kulhad-6"}]}
    status, answer = await live.until(live.api("POST", CREATE, body))
    assert (status, "not enough left" in answer["error"]) == (409, True)


SMALL_SHOP = """
flow: small
shop: {name: Small, products: [{sku: tea, price: 30, stock: 1, name: Tea}]}
messages: {m: Hello.}
anywhere:
  order.requested: RULE
  order.refused: {say: m}
  payment_link.created: {say: m}
  payment.captured: {say: m}
otherwise: {say: m}
start: s
states: {s: {}}
"""
ORDERS = "{do: [cart.fill, order.place, payment.request], say: m}"


@pytest.mark.parametrize(
    ("rule", "said", "reason"),
    [
        ("{ignore: closed on Sundays}", "the flow ignores it: closed on Sundays", "ignored"),
        ("{say: m}", "the flow does not order there", "no order"),
        ("{do: cart.fill, say: m}", "the flow does not order there", "no order"),
        ("{do: [order.place, payment.request], say: m}", "the customer's cart is empty", "empty"),
        (ORDERS, "there is not enough left of what was asked for", "sold out"),
    ],
)
async def test_whatever_keeps_an_order_from_being_placed_is_the_reason_of_the_409(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, rule: str, said: str, reason: str
) -> None:
    flow = tmp_path / "small.yaml"
    flow.write_text(SMALL_SHOP.replace("RULE", rule), "utf-8")
    async with start(world, clock, flow) as live:
        if rule == ORDERS:
            other = {"phone": "919812345602", "items": [{"sku": "tea"}]}
            assert (await live.until(live.api("POST", CREATE, other)))[0] == 200
        status, answer = await ordered(live, "tea")
        assert (status, answer) == (409, {"error": f"nothing was ordered: {said}", "reason": reason})


@pytest.mark.parametrize("said", [TOO_MUCH, "The feature payment_links is not enabled for this merchant."])
async def test_a_link_that_razorpay_will_never_make_is_told_in_its_own_words_once(
    said: str, live: Live
) -> None:
    asha = live.customer()
    error = {"error": {"code": "BAD_REQUEST_ERROR", "description": said, "field": "amount"}}
    live.world.razorpay.faults.always("create_link", Fault.http(400, json.dumps(error)))
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    for _ in range(2):
        await asha.write("checkout")
        answers = await asha.write("confirm")
        assert "we cannot take an online payment" in answers[-1].text
        assert "Try again" not in str(answers[-1])
        await asha.write("cart")
    [notice] = await live.rows("SELECT kind, said FROM notice")
    assert (notice["kind"], said in notice["said"], "Dashboard" in notice["said"]) == ("refused", True, True)


async def test_each_reason_is_told_once_and_no_customer_is_asked_to_repeat_any(live: Live) -> None:
    """Every link is refused: first for one reason, then for another, then for the first again."""
    enabled = "The feature payment_links is not enabled for this merchant."
    told = []
    for number, said in enumerate((TOO_MUCH, TOO_MUCH, enabled, "Amount exceeds 500000.", TOO_MUCH, enabled)):
        error = {"error": {"code": "BAD_REQUEST_ERROR", "description": said}}
        live.world.razorpay.faults.always("create_link", Fault.http(400, json.dumps(error)))
        customer = live.customer(f"9198123456{number:02}", f"Customer {number}")
        refused = await customer.order()
        assert "we cannot take an online payment" in refused[-1].text
        for message in refused:
            assert not {"Try again", "Pay Now"} & {choice.title for choice in message.choices}
            assert "try again" not in message.text.lower()
        told.append([row["said"] for row in await live.rows("SELECT said FROM notice ORDER BY id")])
    heard = [list(person.messages) for person in live.world.meta.people.values()]
    await live.wait(300)
    assert [person.messages for person in live.world.meta.people.values()] == heard, "nor reminded of it"
    assert [len(each) for each in told] == [1, 1, 2, 3, 3, 3]
    for words, notice in zip((TOO_MUCH, enabled, "Amount exceeds 500000."), told[-1], strict=True):
        assert words in notice


async def test_a_link_that_failed_for_what_passes_may_be_asked_for_again(live: Live) -> None:
    asha = live.customer()
    late = "expire_by should be at least 15 minutes after the current time"
    error = {"error": {"code": "BAD_REQUEST_ERROR", "description": late}}
    live.world.razorpay.fail_next("create_link", Fault.http(400, json.dumps(error)))
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    await asha.write("checkout")
    answers = await asha.write("confirm")
    assert "Nothing was charged" in answers[-1].text
    [link] = await asha.tap("Try again")
    assert link.text.startswith("💳 Complete Payment")
