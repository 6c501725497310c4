"""Failures in a chat on the whole system that no other test shows; see docs/reliability.md."""

import pytest

from bot.clock import ShiftedClock
from sandbox.world import World
from tests.world.running_bot import CONFIRMED, Live, Start
from tests.world.test_scenarios_money import edited

HOUR = 3_600_000


async def test_messages_that_came_in_the_wrong_order(live: Live) -> None:
    """What came first is answered first, whenever it was written; each finds the cart as it is by then."""
    asha = live.customer()
    [products] = await asha.write("hi")
    live.world.courier.delay_next("meta", 60_000)
    await asha.person.tap("Masala chai 250 g", products)
    live.clock.put_forward(1_000)
    [empty, _] = await asha.write("cart")
    assert empty.text == "Your cart is empty."
    await live.wait(1)
    assert asha.texts[-1].startswith("🛒 Your cart\n1 × Masala chai 250 g")
    assert await live.parked() == []


@pytest.mark.parametrize("gone", ["review", "awaiting_payment"])
async def test_the_state_of_a_customer_was_edited_away(
    gone: str, world: World, clock: ShiftedClock, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay with the version that has it; what they had in hand goes on, and so does their money."""
    async with start(world, clock) as live:
        asha = live.customer()
        await asha.checkout()
        if gone == "awaiting_payment":
            await asha.tap("Confirm order")
    new = edited(gone, "renamed")
    monkeypatch.setattr("bot.app.load_flow", lambda path: new)
    async with start(world, clock) as live:
        asha = live.customer()
        if gone == "review":
            [asked] = await asha.tap("Confirm order")
            assert asked.text.startswith("💳 Complete Payment")
        [url] = await asha.tap("Pay Now")
        assert "Click here" in url.text
        [paid] = await asha.pay()
        assert paid.text.startswith(CONFIRMED)
        assert await live.parked() == []


async def test_what_was_tapped_while_nobody_was_there(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    """Hours later all messages come at once: one order, and a link with its whole life left."""
    async with start(world, clock) as live:
        asha = live.customer()
        await asha.checkout()
    for _ in range(3):
        await asha.person.tap("Confirm order")
    await asha.person.write("hello?")
    await world.quiet()
    clock.put_forward(5 * HOUR)
    async with start(world, clock) as live:
        asha = live.customer()
        await live.settle()
        [link] = world.razorpay.links.values()
        assert link.expire_by * 1000 > clock.now() + 15 * 60_000
        assert len(await live.rows("SELECT key FROM orders")) == 1
        assert asha.heard("That button is from an earlier message.") == 2
        [paid] = await asha.pay()
        assert paid.text.startswith(CONFIRMED)


async def test_what_was_written_the_day_before_opens_no_window(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    """The 24 hours count from when the message was written: nothing is tried that WhatsApp must refuse."""
    async with start(world, clock) as live:
        asha = live.customer()
        await asha.write("hi")
    await asha.person.write("cart")
    await world.quiet()
    clock.put_forward(25 * HOUR)
    async with start(world, clock) as live:
        asha, before = live.customer(), len(asha.texts)
        await live.settle()
        assert await live.parked() == []
        assert len(asha.texts) == before
        assert [row["kind"] for row in await live.rows("SELECT DISTINCT kind FROM notice")] == ["window"]
        assert len(await asha.write("hi")) == 1


async def test_one_who_floods_holds_up_nobody(live: Live) -> None:
    asha, ravi = live.customer(), live.customer("919812345602", "Ravi")
    for _ in range(300):
        await asha.person.write("help")
    await ravi.person.write("hi")
    await live.world.quiet()
    await live.workers.step()
    await live.workers.perform()
    await live.workers._wait_until_idle()
    assert len(ravi.texts) == 1
    assert 0 < len(asha.texts) < 50
    [row] = await live.rows("SELECT COUNT(*) AS n FROM inbox WHERE state = 'pending' AND kind = 'chat'")
    assert row["n"] >= 250, "most of the flood waits"
