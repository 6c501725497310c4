"""What the API says of an order that was not placed, and of one whose link Razorpay will never make."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from tests.world.living import FLOW, Live

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
    await asha.write("cart")
    await asha.write("checkout")
    said = await asha.write("confirm")
    assert "An order must come to ₹1 at least." in said[0].text
    assert not any("empty" in message.text for message in said)


async def test_what_is_sold_out_is_refused_as_sold_out(live: Live) -> None:
    assert (await ordered(live, "kulhad-6", 12))[0] == 200
    body = {"phone": "919812345602", "items": [{"sku": "kulhad-6"}]}
    status, answer = await live.until(live.api("POST", CREATE, body))
    assert (status, "not enough left" in answer["error"]) == (409, True)


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
