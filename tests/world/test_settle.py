"""`munshi settle` finishes: no error or odd answer of Razorpay about one link stops another link."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import CONFIRMED, Start
from tests.world.test_restore import Shop


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: PostgreSQL has its own backups."""
    return f"sqlite://{tmp_path}/munshi.db"


@pytest.fixture
def shop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> Shop:
    return Shop(world, clock, start, tmp_path)


def refusal(description: str) -> str:
    return json.dumps({"error": {"code": "BAD_REQUEST_ERROR", "description": description}})


async def lost(shop: Shop, *names: str) -> list[str]:
    """Links of orders that customers with these names paid, and that the backup lacks."""
    async with shop.open() as live:
        people = [shop.customer(live, name) for name in names]
        for person in people:
            await person.write("hi")
        backup = await shop.back_up()
        links = []
        for person in people:
            await person.order()
            links.append(person.link)
            await person.pay()
    await shop.munshi("restore", backup)
    return links


async def test_a_second_link_of_an_order_that_the_books_have_is_taken_over(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.order()
        first = asha.link
        backup = await shop.back_up()
        await live.wait(40)
        await razorpay.expire_due()
        await live.settle()
        await asha.write("retry")
        await live.settle()
        second = next(link for link in razorpay.links if link != first)
        await razorpay.pay(second)
        await live.settle()
        assert asha.heard(CONFIRMED) == 1
    restored = await shop.munshi("restore", backup)
    assert restored.exit_code == 0, restored.output
    assert f"{second}: of an order that the books have" in restored.output
    async with shop.open() as live:
        await live.settle()
        assert (await live.order(razorpay.links[second])).lifecycle == "fulfilled"
        await live.wait(60)
        await asha.write("retry")
        await live.settle()
        assert len(razorpay.links) == 2, "nothing is left to pay"
        assert await live.parked() == []
    assert await shop.balanced()
    assert "No link is left" in (await shop.munshi("settle")).output


async def test_an_open_link_of_an_order_that_the_books_have_is_cancelled(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.order()
        first = asha.link
        backup = await shop.back_up()
        await live.wait(40)
        await razorpay.expire_due()
        await live.settle()
        await asha.write("retry")
        await live.settle()
        second = next(link for link in razorpay.links if link != first)
    assert (await shop.munshi("restore", backup)).exit_code == 0
    async with shop.open() as live:
        await live.settle()
        assert razorpay.links[second].status == "cancelled"
        await live.wait(1)
        await asha.write("retry")
        await live.settle()
        third = next(link for link in razorpay.links if link not in (first, second))
        await razorpay.pay(third)
        await live.settle()
        assert (await live.order(razorpay.links[third])).lifecycle == "fulfilled"
    assert await shop.balanced()


async def test_at_a_terminal_it_asks_of_each_link(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.settle._asks", lambda: True)
    links = await lost(shop, "Asha", "Ravi", "Mina")
    said = await shop.munshi("settle", typed="send it\nkeep\nrefund\n\n")
    assert said.exit_code == 1, said.output
    assert "is not one of 'refund', 'keep', 'later'" in said.output
    assert len(shop.world.razorpay.refunds) == 1
    left = (await shop.munshi("settle", typed="\n\n")).output
    assert sum(f"{link}: ₹" in left for link in links) == 2, "one goes back, one was put off"


async def test_a_refund_that_razorpay_refuses_stops_no_other(shop: Shop) -> None:
    shop.world.razorpay.refund_delay_ms = 0
    links = await lost(shop, "Asha", "Ravi", "Mina")
    balance = refusal("Your account does not have enough balance to carry out the refund operation.")
    shop.world.razorpay.fail_next("refund", Fault.http(400, balance))
    said = await shop.munshi("settle", *(word for link in links for word in ("--refund", link)))
    assert said.exit_code == 1
    assert "enough balance" in said.output
    assert "Of 1 link Razorpay did not do what was asked" in said.output
    assert len(shop.world.razorpay.refunds) == 2, said.output
    again = await shop.munshi("settle", *(word for link in links for word in ("--refund", link)))
    assert len(shop.world.razorpay.refunds) == 3
    assert "not lacking" not in again.output


async def test_one_link_that_cannot_be_read_now_loses_no_word_on_the_others(shop: Shop) -> None:
    links = await lost(shop, "Asha", "Ravi")
    shop.world.razorpay.fail_next("fetch_order_payments", Fault.http(429, refusal("Too many requests")))
    said = await shop.munshi("settle", *(word for link in links for word in ("--keep", link)))
    assert (said.exit_code, said.output.count("kept, ₹500")) == (1, 1), said.output
    said = await shop.munshi("settle", *(word for link in links for word in ("--keep", link)))
    assert (said.exit_code, said.output.count("kept, ₹500")) == (0, 1)


async def test_long_links_of_other_systems_are_in_nobody_s_way(shop: Shop) -> None:
    [link] = await lost(shop, "Asha")
    razorpay = shop.world.razorpay
    for n in range(100):
        other = f"plink_other{n:09}"
        notes = {f"note {k}": "x" * 256 for k in range(15)}
        razorpay.links[other] = replace(
            razorpay.links[link], id=other, reference_id=f"web-{n}", notes=notes, short_url=f"https://r/{n}"
        )
    said = await shop.munshi("settle", "--keep", link)
    assert (said.exit_code, "kept, ₹500" in said.output) == (0, True)


async def test_a_word_on_a_link_that_is_not_lacking_is_no_word(shop: Shop) -> None:
    await lost(shop)
    said = await shop.munshi("settle", "--refund", "plink_typo")
    assert said.exit_code == 1
    assert "not lacking: plink_typo" in said.output
    said = await shop.munshi("settle", "--refund", "plink_1", "--keep", "plink_1")
    assert said.exit_code == 1
    assert "plink_1: either --refund or --keep" in said.output
