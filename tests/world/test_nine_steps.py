"""From "hi" to a paid order, over real HTTP on both sides, on both databases."""

import re

import pytest

from sandbox.razorpay_ledger import NotPayableError
from tests.world.running_bot import CONFIRMED, Live


async def test_the_nine_steps(live: Live) -> None:
    asha = live.customer()

    [products] = await asha.write("hi")
    assert products.kind == "list"
    assert "Namaste Asha!" in products.text
    assert [choice.title for choice in products.choices][:2] == ["Masala chai 250 g", "Ginger chai 250 g"]

    await asha.tap("Masala chai 250 g")
    await asha.tap("Masala chai 250 g")
    [cart] = await asha.tap("Ginger chai 250 g")
    assert "2 × Masala chai 250 g: ₹360" in cart.text
    assert "Total: ₹500" in cart.text

    [summary] = await asha.tap("Proceed to Checkout")
    assert "Total: ₹500" in summary.text

    [payment] = await asha.tap("Confirm order")
    number = re.search(r"Order #(\d+)", payment.text)
    assert number
    assert payment.text == f"💳 Complete Payment\nOrder #{number[1]}\nTotal: ₹500"
    assert [choice.title for choice in payment.choices] == ["Pay Now", "Help"]

    link = live.world.razorpay.links[asha.link]
    assert link.amount == 50_000
    [url] = await asha.tap("Pay Now")
    assert url.text == (
        f"Click here to complete payment: {link.short_url}\nSecure payment powered by Razorpay"
    )

    [paid] = await asha.pay()
    assert paid.text == (
        "✅ Payment Successful!\n"
        "Your order has been confirmed and payment received.\n\n"
        f"Order ID: #{number[1]}\n"
        "Total Paid: ₹500\n"
        "Items: 3 items\n\n"
        "We'll process your order and send you updates. Thank you for your purchase! 🎉"
    )
    order = await live.order(link)
    assert (order.payment, order.paid_at) == ("paid", live.clock.now())
    assert await live.parked() == []


async def test_the_nine_steps_in_hindi(live: Live) -> None:
    asha = live.customer()
    [products] = await asha.write("हिंदी")
    assert products.text.startswith("नमस्ते Asha! चाय एंड कंपनी")
    await asha.tap("मसाला चाय 250 ग्राम")
    [cart] = await asha.tap("मसाला चाय 250 ग्राम")
    assert "2 × मसाला चाय 250 ग्राम: ₹360" in cart.text
    [summary] = await asha.tap("ऑर्डर करें")
    assert "कुल: ₹360" in summary.text
    [payment] = await asha.tap("ऑर्डर पक्का करें")
    assert payment.text.startswith("💳 भुगतान पूरा करें\nऑर्डर #")
    [url] = await asha.tap("अभी भुगतान करें")
    assert live.world.razorpay.links[asha.link].short_url in url.text
    [paid] = await asha.pay()
    assert paid.text.startswith("✅ भुगतान सफल!")
    assert "कुल भुगतान: ₹360" in paid.text


async def test_change_remove_and_empty(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    await asha.tap("Ginger chai 250 g")

    [what] = await asha.tap("Change cart")
    assert [c.title for c in what.choices] == ["Masala chai 250 g", "Ginger chai 250 g", "Empty the cart"]
    await asha.tap("Masala chai 250 g", what)
    [how_many] = await asha.tap("Change quantity")
    assert "0 to 99" in how_many.text
    assert (await asha.write("lots"))[0].text == how_many.text
    [cart] = await asha.write("5")
    assert "5 × Masala chai 250 g: ₹900" in cart.text

    [what] = await asha.tap("Change cart")
    await asha.tap("Ginger chai 250 g", what)
    [cart] = await asha.tap("Remove")
    assert cart.text == "🛒 Your cart\n5 × Masala chai 250 g: ₹900\nTotal: ₹900"

    await asha.tap("Change cart")
    empty, products = await asha.tap("Empty the cart")
    assert (empty.text, products.kind) == ("Your cart is empty.", "list")


async def test_more_than_there_is_is_cut_to_what_there_is(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.tap("Kulhad cups (6)")
    [what] = await asha.tap("Change cart")
    await asha.tap("Kulhad cups (6)", what)
    await asha.tap("Change quantity")
    answers = await asha.write("13")
    assert any("You can have 12 of these" in answer.text for answer in answers)
    assert "12 × Kulhad cups (6): ₹3,840" in answers[-1].text


async def test_a_failed_payment_then_a_paid_one(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    first = asha.link
    [failed] = await asha.fail()
    assert failed.text.startswith("❌ The payment for order #")
    assert "The bank declined the payment." in failed.text
    [again] = await asha.tap("Try again")
    assert again.text.startswith("💳 Complete Payment")
    assert asha.link == first, "a link that can still be paid is offered again"
    [paid] = await asha.pay()
    assert paid.text.startswith(CONFIRMED)


async def test_reminder_expiry_and_a_second_link(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    first = live.world.razorpay.links[asha.link]
    await live.wait(9.9)
    assert asha.heard("is waiting for its payment") == 0
    await live.wait(0.2)
    assert asha.heard("is waiting for its payment") == 1
    await live.wait(9.8)
    assert asha.heard("has expired") == 0
    await live.wait(0.2)
    assert asha.heard("has expired") == 1
    assert first.status == "expired"
    await live.wait(10)
    assert asha.heard("has expired") == 1, "the timer of a visit that has ended says nothing"

    [again] = await asha.tap("Try again")
    assert again.text.startswith("💳 Complete Payment")
    second = live.world.razorpay.links[asha.link]
    assert second.id != first.id
    order, _, attempt = second.reference_id.rpartition(".")
    assert (order, attempt[0]) == (first.reference_id.rpartition(".")[0], "2")
    with pytest.raises(NotPayableError):
        await live.world.razorpay.pay(first.id)
    [paid] = await asha.pay()
    assert paid.text.startswith(CONFIRMED)
    view = await live.order(second)
    assert [str(attempt.status) for attempt in view.attempts] == ["expired", "paid"]


async def test_expiry_that_razorpay_never_told(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing() -> None: ...

    monkeypatch.setattr(live.world.razorpay, "expire_due", nothing)
    asha = live.customer()
    await asha.order()
    first = live.world.razorpay.links[asha.link]
    await live.wait(24.9)
    assert asha.heard("has expired") == 0
    await live.wait(0.2)
    assert asha.heard("has expired") == 1
    assert first.status == "cancelled", "the bot itself made it unpayable"
    await asha.tap("Try again")
    assert asha.link != first.id


async def test_cancelled_by_the_customer(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    cancelled, products = await asha.write("cancel")
    assert re.fullmatch(r"Order #\d+ is cancelled\. .+", cancelled.text)
    assert products.kind == "list"
    assert live.world.razorpay.links[asha.link].status == "cancelled"


async def test_paid_late_after_all(live: Live) -> None:
    """The bank says yes after the link has expired and the customer has gone on shopping."""
    asha = live.customer()
    await asha.order()
    payment = await live.world.razorpay.fail(asha.link)
    await live.wait(21)
    await asha.write("menu")
    await live.world.razorpay.settle_late(payment)
    await live.settle()
    assert asha.heard(CONFIRMED) == 1
    assert (await live.order(live.world.razorpay.links[asha.link])).payment == "paid"
