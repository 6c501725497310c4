"""A backup is restored that lacks cards which customers were shown: what was paid on them is found."""

from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.world import World
from tests.payments.card_shop import with_cards
from tests.world.running_bot import CONFIRMED, FLOW, Customer, Start
from tests.world.test_cards_in_chat import card_in
from tests.world.test_restore import Shop


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: PostgreSQL has its own backups."""
    return f"sqlite://{tmp_path}/munshi.db"


@pytest.fixture
def shop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> Shop:
    flow = tmp_path / "flows.yaml"
    flow.write_text(with_cards(FLOW.read_text()))
    world.razorpay.refund_delay_ms = 0
    return Shop(world, clock, start, tmp_path, flow)


async def shown_after_the_backup(shop: Shop) -> tuple[Customer, str, str]:
    """A customer, the backup of before their order, and the order's card."""
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.write("hi")
        backup = await shop.back_up()
        return asha, backup, card_in(await asha.order())


def order_of(shop: Shop, card: str) -> str:
    """Razorpay's order on which the card was paid."""
    order_id = shop.world.razorpay.links[f"card {card}"].order_id
    assert order_id
    return order_id


async def test_a_card_that_was_paid_is_listed_and_its_money_goes_back(shop: Shop) -> None:
    _, backup, card = await shown_after_the_backup(shop)
    await shop.world.pay_card(card)
    order, key = order_of(shop, card), card.rpartition(".")[0]
    restored = await shop.munshi("restore", backup)
    assert (restored.exit_code, f"{order}: ₹500 for {key}, paid, ₹500 captured" in restored.output) == (
        1,
        True,
    )
    assert card in restored.output
    assert (await shop.munshi("settle", "--refund", order)).exit_code == 0
    assert sum(refund.amount for refund in shop.world.razorpay.refunds.values()) == 50_000
    assert "No link is left" in (await shop.munshi("settle")).output
    assert await shop.balanced()


async def test_a_card_that_is_paid_after_the_restore_is_told_held_and_settled(shop: Shop) -> None:
    """Nobody can close it, because no book names it. It buys no goods, whichever order comes next."""
    asha, backup, card = await shown_after_the_backup(shop)
    assert (await shop.munshi("restore", backup)).exit_code == 0, "nobody has begun to pay it"
    async with shop.open() as live:
        await live.world.pay_card(card)
        await live.settle()
        [notice] = await live.rows("SELECT said FROM notice WHERE kind = 'stray money'")
        assert "₹500 was captured" in notice["said"]
        assert card.rpartition(".")[0] in notice["said"], "of which the conversation is the first part"
        assert "munshi settle" in notice["said"]
        assert asha.heard(CONFIRMED) == 0
        await asha.write("hi")
    assert not await shop.balanced()
    listed = await shop.munshi("settle")
    assert (listed.exit_code, card in listed.output) == (1, True)
    assert (await shop.munshi("settle", "--refund", order_of(shop, card))).exit_code == 0
    async with shop.open() as live:
        await live.settle()
        assert await live.rows("SELECT * FROM notice") == []
        assert await live.parked() == []
    assert await shop.balanced()


async def test_goods_that_are_given_by_hand_are_not_asked_about_again(shop: Shop) -> None:
    _, backup, card = await shown_after_the_backup(shop)
    await shop.world.pay_card(card)
    kept = await shop.munshi("restore", backup, "--keep", order_of(shop, card))
    assert (kept.exit_code, "kept, ₹500" in kept.output) == (0, True)
    assert "No link is left" in (await shop.munshi("settle")).output
    assert await shop.balanced()
