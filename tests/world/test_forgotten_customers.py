"""A customer is forgotten while the whole bot runs, by an operator and by a word in the flow."""

from bot.clock import ShiftedClock
from sandbox.world import World
from storage.inbox.forgetting import FAREWELL
from tests.world.running_bot import FLOW, Live, Start
from tests.world.test_operators import munshi


async def _delivered(live: Live) -> None:
    """What customers bought was handed over."""
    sql = "UPDATE orders SET stage = 'delivered' WHERE stage IS NOT NULL"
    await live.context.store._units.run(lambda tx: tx.fetch(sql))


async def test_an_operator_forgets_a_customer_once_the_order_is_delivered(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    phone = asha.person.wa_id
    found = await munshi(live, "customers", "find", phone)
    assert phone in found.output
    early = await live.until(munshi(live, "customers", "forget", phone, "--yes"))
    assert early.exit_code == 1
    assert ": open order." in early.output
    await asha.pay()
    view = await live.order(live.world.razorpay.links[asha.link])
    shown = await munshi(live, "customers", "show", f"#{view.order.number}")
    assert f"order #{view.order.number} ({view.order.key}): ₹500, paid, fulfilled" in shown.output
    early = await live.until(munshi(live, "customers", "forget", phone, "--yes"))
    assert ": goods on their way." in early.output
    await _delivered(live)
    asked = await munshi(live, "customers", "forget", phone)  # nobody answers: there is no input
    assert f"order #{view.order.number} ({view.order.key})" in asked.output
    assert f"+{phone}? Nothing brings that back. [y/N]" in asked.output
    assert asked.exit_code == 1
    part = await munshi(live, "customers", "forget", asha.person.name[:3], "--yes")
    assert (part.exit_code, "--yes does not ask, so name the customer" in part.output) == (1, True)
    done = await live.until(munshi(live, "customers", "forget", phone, "--yes"))
    assert done.exit_code == 0, done.output
    assert f"+{phone} is forgotten" in done.output
    assert (await munshi(live, "customers", "forget", phone, "--yes")).exit_code == 1
    told = (await munshi(live, "why", view.order.key)).output
    assert "this customer was forgotten on " in told
    assert "the operator asked that this customer be forgotten" in told
    assert "captured, ₹500" in told
    assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
    assert await live.parked() == []


async def test_the_api_forgets_nobody_for_strangers_and_no_strangers(live: Live) -> None:
    path = "/customers/919800000001/forget"
    assert (await live.api("POST", path, token="another-token-0123456789"))[0] == 401
    assert (await live.api("POST", path))[0] == 404


async def test_a_customer_asks_to_be_forgotten_and_hears_a_goodbye(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    async with start(world, clock, FLOW) as live:
        asha = live.customer()
        await asha.order()
        await asha.write("delete my data")
        assert asha.texts[-1].startswith("We cannot erase your data yet, because of order #")
        await asha.pay()
        await asha.write("delete my data")
        assert asha.texts[-1].startswith("We cannot erase your data yet, because of order #")
        await _delivered(live)
        await asha.write("delete my data")
        assert asha.texts[-1].startswith("We are erasing what we know of you.")
        assert await live.rows("SELECT value FROM alias")
        clock.put_forward(FAREWELL)
        await live.settle()
        assert await live.rows("SELECT value FROM alias") == []
        heard = len(asha.texts)
        [payment] = live.world.razorpay.payments
        await live.world.razorpay.refund(payment)
        await live.settle()
        assert await live.rows("SELECT status FROM refund") != []
        assert len(asha.texts) == heard
        assert await live.parked() == []
        await asha.write("hi")
        assert len(asha.texts) > heard, "a new customer"


async def test_a_request_of_a_forgotten_customer_is_not_done_again(live: Live) -> None:
    """The shop's program repeats its request: nobody is known anew, and nothing is ordered twice."""
    body = {"phone": "919812345601", "items": [{"sku": "masala-250"}]}
    key = {"Idempotency-Key": "web-1042"}
    first = await live.until(live.api("POST", "/payments/create", body, **key))
    await live.customer().pay()
    await _delivered(live)
    done = await live.until(live.api("POST", "/customers/919812345601/forget"))
    assert done[0] == 200
    again = await live.until(live.api("POST", "/payments/create", body, **key))
    assert again == (200, {**first[1], "status": "paid", "paid_at": again[1]["paid_at"]})
    assert len(await live.rows("SELECT key FROM orders")) == 1
    assert await live.rows("SELECT value FROM alias") == []
