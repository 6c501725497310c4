"""The webhooks of one payment in every order, any number of times, before and after all others."""

import asyncio
from itertools import permutations

import orjson
import pytest

from sandbox.delivery import SignedEvent
from sandbox.faults import Fault
from sandbox.razorpay_entities import Link
from tests.world.running_bot import CONFIRMED, Customer, Live

PARCEL = [{"sku": "masala-250", "quantity": 2}, {"sku": "ginger-250", "quantity": 1}]


async def ordered(live: Live, count: int) -> list[tuple[Customer, Link]]:
    """Customers with an unpaid order of ₹500 each."""
    customers = [live.customer(f"9198123456{index:02}") for index in range(count)]
    bodies = [{"phone": customer.person.wa_id, "items": PARCEL} for customer in customers]
    answers = await live.until(asyncio.gather(*(live.api("POST", "/payments/create", b) for b in bodies)))
    assert [status for status, _ in answers] == [200] * count
    return [
        (customer, live.world.razorpay.links[answer["razorpay_id"]])
        for customer, (_, answer) in zip(customers, answers, strict=True)
    ]


async def check_paid_once(live: Live, customer: Customer, link: Link, paid_at: int | None = None) -> None:
    view = await live.order(link)
    assert view.payment == "paid"
    assert view.paid_at == (paid_at or live.clock.now())
    assert customer.heard(CONFIRMED) == 1
    captured = await live.rows(
        f"SELECT COUNT(*) AS n FROM fact WHERE order_key = '{view.order.key}' AND state = 'captured'"
    )
    assert captured == [{"n": 1}]


async def test_every_order_of_the_four_events_doubled(live: Live) -> None:
    orders = list(permutations(range(4)))
    waiting = await ordered(live, len(orders))
    for (customer, link), order in zip(waiting, orders, strict=True):
        events = live.world.razorpay.success_events(link.id)
        names = ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"]
        assert [event.name for event in events] == names
        first_paid = None
        for place, index in enumerate(order):
            assert await live.razorpay(events[index]) == 200
            assert await live.razorpay(events[index]) == 200
            assert await live.razorpay(events[index], event_id=f"forged{place}") == 200
            if order[0] % 2:  # half of them are handled one by one, the others in one step
                await live.settle()
                view = await live.order(link)
                assert first_paid in (None, view.paid_at), "paid_at is set once"
                first_paid = view.paid_at
                live.clock.put_forward(1000)
        await live.settle()
        await check_paid_once(live, customer, link, first_paid)
    [row] = await live.rows("SELECT COUNT(*) AS n FROM inbox WHERE kind = 'facts'")
    assert row["n"] == 4 * len(orders), "the same bytes are the same event, whatever its unsigned id says"
    assert await live.parked() == []


async def test_all_deliveries_at_once(live: Live) -> None:
    [(asha, link)] = await ordered(live, 1)
    events = live.world.razorpay.success_events(link.id)
    posts = [live.razorpay(event, id) for event in events for id in (None, "another")]
    statuses = await live.until(asyncio.gather(*posts))
    assert statuses == [200] * 8
    await live.settle()
    await check_paid_once(live, asha, link)


async def test_a_failure_told_after_the_success(live: Live) -> None:
    [(asha, link)] = await ordered(live, 1)
    [failed] = live.world.razorpay.failure_events(link.id)
    for event in live.world.razorpay.success_events(link.id):
        await live.razorpay(event)
    await live.settle()
    heard = len(asha.texts)
    await live.razorpay(failed)
    await live.settle()
    assert len(asha.texts) == heard
    await check_paid_once(live, asha, link)


async def test_an_event_of_the_day_before_yesterday(live: Live) -> None:
    [(asha, link)] = await ordered(live, 1)
    events = live.world.razorpay.success_events(link.id)
    await live.razorpay(events[1])
    await live.settle()
    paid_at = live.clock.now()
    await live.wait(2 * 24 * 60)
    for event in reversed(events):
        await live.razorpay(event)
    await live.settle()
    await check_paid_once(live, asha, link, paid_at)


async def test_paid_before_the_answer_about_the_link_came(live: Live) -> None:
    asha = live.customer()
    await asha.checkout()
    live.world.razorpay.fail_next("create_link", Fault.slow(0.4))
    await asha.person.tap("Confirm order")
    settling = asyncio.create_task(live.settle())
    while not live.world.razorpay.links:
        await asyncio.sleep(0.01)
    link = live.world.razorpay.links[asha.link]
    for event in live.world.razorpay.success_events(link.id):
        assert await live.razorpay(event) == 200
    await live.workers.step()
    assert (await live.order(link)).payment == "held", "it may be of other keys than ours"
    assert (await live.order(link)).attempts[0].link_id is None, "the answer is not there yet"
    await settling
    await live.settle()
    await check_paid_once(live, asha, link)
    assert (await live.order(link)).attempts[0].link_id == link.id
    assert await live.parked() == []
    [answer] = await asha.write("what now?")
    assert "is paid, and we are on it" in answer.text


async def test_an_event_that_names_our_order_only_by_its_link(live: Live) -> None:
    """The order of a payment.* event without notes is found by the link in its description."""
    [(asha, link)] = await ordered(live, 1)
    event = live.world.razorpay.success_events(link.id)[1]
    body = orjson.loads(event.body)
    body["payload"]["payment"]["entity"]["notes"] = []
    bare: SignedEvent = live.world.razorpay.signed(body)
    assert await live.razorpay(bare) == 200
    await live.settle()
    await check_paid_once(live, asha, link)


async def test_a_stranger_s_payment_changes_nothing(live: Live) -> None:
    """A signed event about another system's order is stored, and nobody is told."""
    [(asha, link)] = await ordered(live, 1)
    event = live.world.razorpay.success_events(link.id)[1]
    body = orjson.loads(event.body)
    entity = body["payload"]["payment"]["entity"]
    entity |= {"notes": {"munshi_order": "zzzzzzzz-1-1"}, "description": "#plinkOfAnother"}
    assert await live.razorpay(live.world.razorpay.signed(body)) == 200
    await live.settle()
    assert (await live.order(link)).payment == "unpaid"
    assert asha.heard(CONFIRMED) == 0
    assert [r["state"] for r in await live.rows("SELECT state FROM inbox WHERE conversation_id = 0")] == [
        "kept"
    ]


async def test_too_little_brings_a_link_for_the_rest(live: Live) -> None:
    [(asha, link)] = await ordered(live, 1)
    await live.world.razorpay.pay(link.id, amount=40_000)
    await live.settle()
    assert ((await live.order(link)).payment, asha.heard(CONFIRMED)) == ("short", 0)
    rest = live.world.razorpay.links[asha.link]
    assert (rest.amount, link.status) == (10_000, "cancelled")
    assert rest.notes["munshi_order"] == link.notes["munshi_order"]
    await asha.tap("Pay the rest")
    await asha.pay()
    assert ((await live.order(link)).lifecycle, asha.heard(CONFIRMED)) == ("fulfilled", 1)


async def test_a_fee_that_the_payer_bears_is_no_surplus(live: Live) -> None:
    live.world.razorpay.bear_fee("customer")
    [(asha, link)] = await ordered(live, 1)
    payment = await live.world.razorpay.pay(link.id)
    await live.settle()
    assert live.world.razorpay.payments[payment].amount == 50_000 + 1180
    await check_paid_once(live, asha, link)
    assert await live.rows("SELECT * FROM refund") == []


async def test_too_much_is_given_back(live: Live) -> None:
    [(asha, link)] = await ordered(live, 1)
    payment = await live.world.razorpay.pay(link.id, amount=51_000)
    await live.settle()
    assert ((await live.order(link)).payment, asha.heard(CONFIRMED)) == ("paid", 1)
    assert asha.heard("You paid ₹10 more") == 1
    await live.wait(3 * 60)
    [refund] = live.world.razorpay.refunds.values()
    assert (refund.payment_id, refund.amount, refund.status) == (payment, 1_000, "processed")
    assert ((await live.order(link)).payment, asha.heard("₹10 for order #")) == ("paid", 1)


@pytest.mark.parametrize("then", ["cancel", "the timer"])
async def test_every_webhook_was_lost_and_the_link_is_withdrawn(live: Live, then: str) -> None:
    """Razorpay answers that it is paid: its payments are fetched, and the customer is told the truth."""
    asha = live.customer()
    await asha.order()
    live.world.razorpay.success_events(asha.link)  # paid, and nobody is told
    if then == "cancel":
        await asha.write("cancel")
    else:
        await live.wait(26)
    assert asha.heard(CONFIRMED) == 1
    assert len(live.world.razorpay.links) == 1
    await asha.write("try again")
    assert asha.heard("💳 Complete Payment") == 1
    assert await live.parked() == []
