"""A customer who floods the chat: few answers wait, the news of their money does not, and others are served."""

import os

from payments.processing.answers import KEPT
from tests.world.running_bot import CONFIRMED, PRODUCTS, Customer, Live

TEXTS = int(os.environ.get("MUNSHI_FLOOD", "240"))
"""Texts and taps of the flood: `MUNSHI_FLOOD=3000` measures a larger one."""


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
