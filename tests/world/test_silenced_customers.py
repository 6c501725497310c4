"""A customer who was taken for a bot gets no answers, but still hears everything about their money."""

from payments.processing.silence import TURNS
from sandbox.people import ReceivedMessage
from tests.world.running_bot import CONFIRMED, Customer, Live
from tests.world.test_scenarios_money import ALL_CUPS, CUPS

AUTOMATIC = "We got your message!"


async def silenced(live: Live, customer: Customer) -> None:
    """Let the customer answer everything until the bot falls silent."""
    for _ in range(TURNS + 3):
        await live.seconds(6)
        await customer.write(AUTOMATIC)
    assert await again(live, customer) == []


async def again(live: Live, customer: Customer) -> list[ReceivedMessage]:
    await live.seconds(6)
    return await customer.write(AUTOMATIC)


async def test_money_that_goes_back_is_told_in_the_silence(live: Live) -> None:
    """First a surplus, then a refund made in the dashboard, and that it was processed."""
    razorpay = live.world.razorpay
    razorpay.refund_delay_ms = 600_000
    asha = live.customer()
    await asha.order()
    await silenced(live, asha)
    before = len(asha.texts)
    payment = await razorpay.pay(asha.link, amount=60_000)
    await live.settle()
    paid, surplus = asha.texts[before:]
    assert paid.startswith(CONFIRMED)
    assert "₹100" in surplus
    await silenced(live, asha)
    before = len(asha.texts)
    await live.wait(11)
    [arrived] = asha.texts[before:]
    assert "₹100" in arrived
    assert await again(live, asha) == [], "it ends no silence"
    before = len(asha.texts)
    await razorpay.refund(payment, 50_000)
    await live.wait(11)
    assert any("₹500 for order" in text and "went back" in text for text in asha.texts[before:])
    assert await again(live, asha) == []
    assert await live.parked() == []


async def test_an_order_that_comes_to_nothing_is_told_in_the_silence(live: Live) -> None:
    """The payment is authorised after others bought the last pieces; then the refund fails."""
    razorpay = live.world.razorpay
    asha = live.customer()
    await asha.write("hi")
    await wants_cups(live, asha, 1)
    payment = await razorpay.fail(asha.link)
    await live.wait(21)
    ravi = live.customer("919812345602", "Ravi")
    await wants_cups(live, ravi, ALL_CUPS)
    await ravi.pay()
    await silenced(live, asha)
    before = len(asha.texts)
    await razorpay.settle_late(payment)
    await live.settle()
    assert any("does not go ahead" in text for text in asha.texts[before:])
    await silenced(live, asha)
    before = len(asha.texts)
    [refund] = razorpay.refunds
    await razorpay.settle_refund(refund, "failed")
    await live.settle()
    assert any("could not give you back ₹320" in text for text in asha.texts[before:])
    assert await live.parked() == []


async def wants_cups(live: Live, customer: Customer, quantity: int) -> None:
    body = {"phone": customer.person.wa_id, "items": [{"sku": CUPS, "quantity": quantity}]}
    assert (await live.until(live.api("POST", "/payments/create", body)))[0] == 200
