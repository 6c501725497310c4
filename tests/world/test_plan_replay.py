"""`munshi plan --replay`: what customers of the last days would have been told otherwise."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.cli import retelling
from bot.clock import ShiftedClock
from bot.flow_file import load_flow
from sandbox.world import World
from storage.database.records import reading
from tests.bot.command_line import run_munshi
from tests.world.running_bot import FLOW, Live, Start

_EDITS = (
    ("Your cart is empty.", "Your basket is empty."),
    ("title: {en: Confirm order,", "title: {en: Place order,"),
    ("price: 180,", "price: 190,"),
)


async def replayed(live: Live, tmp_path: Path, *edits: tuple[str, str], back: str = "365 days") -> str:
    text = FLOW.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file = tmp_path / "edited.yaml"
    file.write_text(text, "utf-8")
    url = live.context.settings.database_url
    result = await run_munshi(url, "plan", "--no-proof", "--replay", back, str(file))
    assert result.exit_code == 0, result.output
    _, _, told = result.output.partition("\nWhat would have been said otherwise, in the last ")
    return told


async def test_a_plan_says_what_customers_would_have_been_told(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock) as live:
        buyer, other = live.customer(), live.customer("919812345602", "Ravi")
        await buyer.order()
        await buyer.pay()
        await other.write("cart")
        said = await replayed(live, tmp_path, *_EDITS)
        when = f"{datetime.fromtimestamp(clock.now() / 1000, ZoneInfo('Asia/Kolkata')):%Y-%m-%d %H:%M}"
        for part in (
            "365 days\n  'cart' in other words: 3 times, to 1 customer\n",
            f"  'cart_empty' in other words: 1 time, to 1 customer\n    {when}, Ravi …5602, customer: cart\n"
            "      said     Your cart is empty.\n      would be Your basket is empty.\n",
            "Total: ₹520 Shall we place it? [Place order]",
            "      said     💳 Complete Payment Order #… Total: ₹500 [Pay Now] [Help]\n",
        ):
            assert part in said
        assert said.endswith("  2 chats told again, 2 of them as they were\n")
        assert "98123" not in said
        assert (await replayed(live, tmp_path)).splitlines()[1:] == [
            "  nothing",
            "  2 chats told again, 2 of them as they were",
        ]
        long_ago = await replayed(live, tmp_path, *_EDITS, back="1 s")
        assert long_ago == "1 s\n  nothing\n  0 chats told again, 0 of them as they were\n"


async def test_who_could_not_do_what_they_did_is_told(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock) as live:
        customer = live.customer()
        await customer.write("hi")
        await customer.tap("Ginger chai 250 g")
        said = await replayed(
            live, tmp_path, ("sku: ginger-250", "sku: adrak-250"), ("Ginger chai", "Adrak chai")
        )
        assert "  what customers did, they could not do any more: 1 time, to 1 customer\n" in said
        assert "Asha …5601, tap: Ginger chai 250 g\n      would be nothing is called" in said


async def test_what_went_another_way_is_compared_up_to_there(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock) as live:
        buyer = live.customer()
        await buyer.order()
        await buyer.pay()
        renamed = "UPDATE outbox SET name = 'thanks' WHERE name = 'payment_successful'"
        await live.context.store._units.run(lambda tx: tx.fetch(renamed))
        said = await replayed(live, tmp_path, *_EDITS)
        assert "'complete_payment' in other words" in said
        assert "'payment_successful' in other words" not in said
        assert said.endswith(
            "  1 chat told again, 0 of them as they were\n"
            "    1 only in part: it went another way then: the version, the stock or the staff were others\n"
        )


async def test_what_was_said_earlier_is_not_compared(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock) as live:
        customer = live.customer()
        await customer.write("cart")
        await live.wait(3 * 24 * 60)
        await customer.write("cart")
        file = tmp_path / "edited.yaml"
        file.write_text(FLOW.read_text("utf-8").replace(*_EDITS[0]), "utf-8")
        old, new, since = live.context.flow, load_flow(file), clock.now() - 3_600_000
        async with reading(live.context.settings.database_url) as records:
            found = await retelling.replayed(records, old, new, since, lambda: False)
        [(message, [seen])] = found.seen.items()
        assert message == "'cart_empty' in other words"
        assert abs(seen.at - clock.now()) < 60_000


async def test_no_chat_is_told_again_after_the_time_is_over(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    async with start(world, clock) as live:
        await live.customer().write("hi")
        async with reading(live.context.settings.database_url) as records:
            found = await retelling.replayed(records, live.context.flow, live.context.flow, 0, lambda: True)
        assert (found.whole, found.unread) == (0, 1)
