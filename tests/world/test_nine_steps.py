"""From "hi" to a paid order, over real HTTP on both sides, on both databases."""

import re
from typing import Any


async def test_the_nine_steps(live: Any) -> None:
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
    order = await live.parts.store.order(link.notes["munshi_order"])
    assert order is not None
    assert (order.verdict, order.paid_at) == ("paid", live.clock.now())
    assert (await live.parts.store.counts(live.clock.now())).parked == 0
