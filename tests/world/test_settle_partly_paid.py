"""`munshi settle` on a link of lost books that is partly paid and can still be paid."""

from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import Start
from tests.world.test_restore import Shop
from tests.world.test_settle import refusal

PART = 10_000


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: PostgreSQL has its own backups."""
    return f"sqlite://{tmp_path}/munshi.db"


@pytest.fixture
def shop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> Shop:
    return Shop(world, clock, start, tmp_path)


async def partly_paid(shop: Shop) -> str:
    """A link of which ₹100 of ₹500 came after its order was lost."""
    shop.world.razorpay.refund_delay_ms = 0
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.write("hi")
        backup = await shop.back_up()
        await asha.order()
        link = asha.link
    listed = await shop.munshi("restore", backup)
    assert (listed.exit_code, f"{link}: ₹500" in listed.output) == (1, True)
    await shop.world.razorpay.pay(link, amount=PART)
    assert shop.world.razorpay.links[link].status == "created"
    return link


def went_back(shop: Shop) -> list[int]:
    return [refund.amount for refund in shop.world.razorpay.refunds.values()]


async def test_it_is_cancelled_first_and_then_the_part_goes_back(shop: Shop) -> None:
    link = await partly_paid(shop)
    listed = await shop.munshi("settle")
    assert f"{link}: ₹500" in listed.output
    assert ", created, ₹100 captured" in listed.output
    assert (listed.exit_code, shop.world.razorpay.links[link].status) == (1, "created"), "nobody has decided"
    assert went_back(shop) == []
    settled = await shop.munshi("settle", "--refund", link)
    assert (settled.exit_code, "refunded, ₹100" in settled.output) == (0, True), settled.output
    assert (shop.world.razorpay.links[link].status, went_back(shop)) == ("cancelled", [PART])
    assert "No link is left" in (await shop.munshi("settle")).output
    assert await shop.balanced()


async def test_while_razorpay_does_not_cancel_it_nothing_goes_back_and_why_is_said(shop: Shop) -> None:
    """The link is cancelled first: otherwise the rest could be paid after the refund of the part."""
    link = await partly_paid(shop)
    words = "Payment links are being moved. Please try after some time."
    shop.world.razorpay.fail_next("cancel_link", Fault.http(400, refusal(words)))
    refused = await shop.munshi("settle", "--refund", link)
    assert (refused.exit_code, words in refused.output) == (1, True), refused.output
    assert "Of 1 link Razorpay did not do what was asked" in refused.output
    assert (shop.world.razorpay.links[link].status, went_back(shop)) == ("created", [])
    again = await shop.munshi("settle", "--refund", link)
    assert (again.exit_code, went_back(shop)) == (0, [PART])
    assert shop.world.razorpay.links[link].status == "cancelled"


async def test_one_that_takes_parts_and_cannot_be_cancelled_is_told_until_it_can_be_paid_no_more(
    shop: Shop,
) -> None:
    """Somebody allowed part payments in the dashboard; of such a link Razorpay cancels none with money."""
    link = await partly_paid(shop)
    shop.world.razorpay.links[link].status = "partially_paid"
    for words in (("--refund", link), ("--refund", link), ()):
        said = await shop.munshi("settle", *words)
        assert (said.exit_code, "Razorpay Dashboard > Payment Links" in said.output) == (1, True), said.output
        assert "1 link can still be paid, and Razorpay does not cancel" in said.output
        assert went_back(shop) == [PART], "what was paid goes back, once"
    shop.world.razorpay.links[link].status = "cancelled"
    assert "No link is left" in (await shop.munshi("settle")).output
    assert await shop.balanced()
    assert went_back(shop) == [PART]


async def test_the_rest_that_is_paid_after_the_part_went_back_goes_back_as_well(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    link = await partly_paid(shop)
    razorpay.links[link].status = "partially_paid"
    await shop.munshi("settle", "--refund", link)
    razorpay.links[link].status = "created"
    await razorpay.pay(link, amount=50_000 - PART)
    razorpay.links[link].status = "paid"
    listed = await shop.munshi("settle")
    assert (listed.exit_code, "₹400 captured" in listed.output) == (1, True), listed.output
    assert (await shop.munshi("settle", "--refund", link)).exit_code == 0
    assert went_back(shop) == [PART, 50_000 - PART]
    assert await shop.balanced()
