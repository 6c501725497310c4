"""A customer who floods the chat: few answers wait, news of their money leaves, and others are served."""

import os

from payments.processing.answers import KEPT
from payments.shop.budgets import Budgets
from tests.world.running_bot import API_TOKEN, CONFIRMED, PRODUCTS, Customer, Live

TEXTS = int(os.environ.get("MUNSHI_FLOOD", "240"))
"""Texts and taps of the flood: `MUNSHI_FLOOD=3000` measures a larger one."""


ORDERS = Budgets().orders


async def flood(live: Live, customer: Customer, count: int) -> None:
    """Write and tap `count` times in no time. Taps are no bot's: no silence ends it."""
    button = next(m for m in customer.person.messages if PRODUCTS[0] in str(m))
    for n in range(count):
        if n % 10 == 0:
            await customer.person.tap(PRODUCTS[0], button)
            await live.settle()
        else:
            await customer.person.write("hi")
    await live.settle()


async def test_a_confirmation_leaves_within_seconds_of_a_flood(live: Live) -> None:
    asha, ravi = live.customer(), live.customer("919812345602", "Ravi")
    await asha.order()
    await flood(live, asha, TEXTS // 2)
    answered = len(asha.person.messages)
    await live.world.razorpay.pay(asha.link)
    await flood(live, asha, TEXTS // 2)
    assert await ravi.write("hi"), "others are served at once"
    await live.seconds(6)
    assert asha.heard(CONFIRMED) == 1
    [waiting] = await live.rows("SELECT COUNT(*) AS n FROM outbox WHERE finished_at IS NULL")
    assert waiting["n"] <= 3 * KEPT
    await live.wait(10)
    assert len(asha.person.messages) - answered < 60, "the flood is not answered for hours"
    handled = "SELECT COUNT(*) AS n FROM inbox WHERE kind = 'chat' AND state IN ('applied', 'ignored')"
    [stepped] = await live.rows(handled)
    assert stepped["n"] > TEXTS, "each was stored and stepped"
    notices = await live.rows("SELECT kind FROM notice WHERE kind = 'limited'")
    assert len(notices) == 1
    assert await live.parked() == []


async def test_one_customer_orders_and_asks_for_links_so_often_and_no_more(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    for _ in range(ORDERS + 3):
        await asha.tap(PRODUCTS[0])
        await asha.tap("Proceed to Checkout")
        said = await asha.tap("Confirm order")
        await asha.write("menu")
        await live.seconds(60)
    assert "Sorry, that is more than we take from one person within an hour." in said[0].text
    assert len(live.world.razorpay.links) == ORDERS
    body = {"phone": "919812345601", "items": [{"sku": "masala-250"}]}
    status, answer = await live.until(live.api("POST", "/payments/create", body))
    assert (status, answer["reason"]) == (429, "too many")
    notices = await live.rows("SELECT subject FROM notice WHERE kind = 'limited'")
    assert [row["subject"].partition(" ")[0] for row in notices] == ["orders"]
    assert b"munshi_limited_total 4.0" in live.context.metrics.text()
    open_orders = await live.rows("SELECT key FROM orders WHERE lifecycle = 'open'")
    assert len(open_orders) == 1, "the others have freed their goods"
    ravi = live.customer("919812345602", "Ravi")
    await ravi.order()
    assert len(live.world.razorpay.links) == ORDERS + 1
    await live.wait(60)
    status, _ = await live.until(live.api("POST", "/payments/create", body))
    assert status == 200
    assert await live.parked() == []


async def test_a_program_hears_when_it_may_ask_again(live: Live) -> None:
    body = {"phone": "919812345601", "items": [{"sku": "masala-250"}]}
    for _ in range(ORDERS):
        assert (await live.until(live.api("POST", "/payments/create", body)))[0] == 200
        await live.seconds(10)
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    request = live.http.post(f"{live.url}/payments/create", json=body, headers=headers)
    answer = await live.until(request)
    assert (answer.status, answer.headers["Retry-After"]) == (429, str(3600 - ORDERS * 10))
    await live.seconds(int(answer.headers["Retry-After"]))
    assert (await live.until(live.api("POST", "/payments/create", body)))[0] == 200
