"""Razorpay answers late, wrongly or not at all: in the end there is exactly one link."""

from bot.workers.loop import ROOM
from sandbox.faults import Fault
from storage.database.queues import Lane
from tests.world.running_bot import CONFIRMED, Customer, Live

REFUSAL = '{"error": {"code": "BAD_REQUEST_ERROR", "description": "The amount is not allowed"}}'


async def due_in(live: Live) -> float:
    """Seconds until the waiting call to Razorpay is retried."""
    [row] = await live.rows("SELECT due_at FROM outbox WHERE lane = 'pay' AND state = 'pending'")
    return float(row["due_at"] - live.clock.now()) / 1000


async def link_arrives(live: Live, asha: Customer) -> None:
    assert len(live.world.razorpay.links) == 1
    assert asha.heard("💳 Complete Payment") == 1
    [paid] = await asha.pay()
    assert paid.text.startswith(CONFIRMED)
    assert await live.parked() == []


OUTAGE = {
    "500": Fault.http(500),
    "429": Fault.http(429),
    "html": Fault.html(502),
    "no connection": Fault.refuse_connection(),
    "not json": Fault.http(200, "ok"),
    "not a link": Fault.http(200, '{"id": "plink_x"}'),
}


async def test_every_kind_of_outage(live: Live) -> None:
    for index, (name, fault) in enumerate(OUTAGE.items()):
        asha = live.customer(f"9198123456{index:02}")
        live.world.razorpay.fail_next("create_link", *[fault] * 2)
        assert await asha.order() == [], name
        for base in (1, 2):
            gap = await due_in(live)
            assert base <= gap <= base * 1.25 + 0.1, name
            await live.seconds(gap + 0.002)
        assert len(live.world.razorpay.links) == index + 1, name
        assert asha.heard("💳 Complete Payment") == 1, name
        await asha.pay()
        assert asha.heard(CONFIRMED) == 1, name
    assert await live.parked() == []


async def test_gaps_grow_and_the_customer_hears_why(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", *[Fault.http(500)] * 5)
    await asha.order()
    gaps = []
    for _ in range(5):
        gaps.append(await due_in(live))
        waited = sum(gaps[:-1])
        assert asha.heard("taking a little longer") == (waited >= 15)
        await live.seconds(gaps[-1] - 0.002)
        assert len(live.world.razorpay.links) == 0, "not before it is due"
        await live.seconds(0.004)
    assert all(base <= gap <= base * 1.26 for gap, base in zip(gaps, (1, 2, 4, 8, 16), strict=True))
    assert asha.heard("taking a little longer") == 1
    await link_arrives(live, asha)


async def test_as_long_as_razorpay_asks_for(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.http(429, headers={"Retry-After": "40"}))
    await asha.order()
    assert 40 <= await due_in(live) <= 50
    await live.seconds(50)
    await link_arrives(live, asha)


async def test_a_slow_answer_is_an_answer(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.slow(0.3))
    await asha.order()
    await link_arrives(live, asha)


async def test_a_lost_answer_is_looked_up(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.drop_after_accepting())
    assert await asha.order() == []
    assert len(live.world.razorpay.links) == 1
    live.world.razorpay.fail_next("list_links", Fault.http(500), Fault.drop_after_accepting())
    await live.seconds(2)
    await live.seconds(3)
    await live.seconds(6)
    await link_arrives(live, asha)


async def test_paid_though_the_answer_was_lost(live: Live) -> None:
    """Another channel showed the link; the webhook names our order, so the money finds it."""
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.drop_after_accepting())
    await asha.order()
    [paid] = await asha.pay()
    assert paid.text.startswith(CONFIRMED)
    await live.seconds(2)
    await live.wait(30)
    assert asha.heard(CONFIRMED) == 1
    assert asha.heard("💳 Complete Payment") == 0, "nobody is asked to pay what is paid"
    assert len(live.world.razorpay.links) == 1


async def test_refused_for_good_then_again(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.http(400, REFUSAL))
    [refused] = await asha.order()
    assert refused.text.startswith("Sorry, we cannot take an online payment for order #")
    [payment] = await asha.write("retry")
    assert payment.text.startswith("💳 Complete Payment")
    [link] = live.world.razorpay.links.values()
    assert ".2" in link.reference_id, "a reference id is never used twice"
    await link_arrives(live, asha)


async def test_a_wrong_key_keeps_the_order_until_it_is_mended(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", *[Fault.http(401)] * 2)
    await asha.order()
    for _ in range(2):
        gap = await due_in(live)
        assert gap >= 30
        await live.seconds(gap + 0.1)
    assert asha.heard("could not make a payment link") == 0
    assert asha.heard("cannot take an online payment") == 0
    await link_arrives(live, asha)


async def test_an_outage_too_long_for_the_link_s_life(live: Live) -> None:
    """Razorpay takes no link that ends within 15 minutes: the customer is asked, and gets a new one."""
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", *[Fault.http(401)] * 12)
    await asha.order()
    for _ in range(12):
        await live.seconds(await due_in(live) + 0.1)
    assert asha.heard("we could not make a payment link") == 1
    [payment] = await asha.tap("Try again")
    assert payment.text.startswith("💳 Complete Payment")
    await link_arrives(live, asha)


async def test_cancelled_while_the_link_was_being_made(live: Live) -> None:
    asha = live.customer()
    live.world.razorpay.fail_next("create_link", Fault.drop_after_accepting())
    await asha.order()
    await asha.write("cancel")
    await live.seconds(3)
    [link] = live.world.razorpay.links.values()
    assert link.status == "cancelled"
    assert asha.heard("💳 Complete Payment") == 0
    await live.wait(30)
    assert asha.heard("taking a little longer") == 0


async def test_each_call_under_way_has_a_thread_of_its_own(live: Live) -> None:
    """A call that waited for a thread would use up its lease."""
    assert live.context.gateway._pool._max_workers == ROOM[Lane.PAY] + ROOM[Lane.POLL]
