"""A backup is restored while the world went on: no rupee is lost, and nothing given away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.clock import ShiftedClock
from sandbox.world import World
from tests.world.running_bot import API_TOKEN, CONFIRMED, FLOW, Customer, Live, Start


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: PostgreSQL has its own backups."""
    return f"sqlite://{tmp_path}/munshi.db"


@dataclass
class Shop:
    """A shop that is stopped and started, backed up and restored."""

    world: World
    clock: ShiftedClock
    start: Start
    folder: Path
    flow: Path = FLOW
    customers: dict[str, Customer] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Live]:
        """Serve, and do everything that is due."""
        async with self.start(self.world, self.clock, self.flow) as live:
            for customer in self.customers.values():
                customer.live = live
            await live.settle()
            yield live

    def customer(self, live: Live, name: str) -> Customer:
        number = f"9198123456{len(self.customers):02}"
        self.customers[name] = live.customer(number, name)
        return self.customers[name]

    async def munshi(self, *words: str, typed: str | None = None) -> Result:
        """Run a command in the shop's folder, as another process would. `typed` is its standard input."""
        settings = {name.upper(): value for name, value in self.world.settings().items()}
        settings |= {
            "DATABASE_URL": f"sqlite://{self.folder}/munshi.db",
            "MUNSHI_API_TOKEN": API_TOKEN,
            "MUNSHI_FLOW": str(self.flow),
        }
        return await asyncio.to_thread(CliRunner().invoke, app(), list(words), typed, settings)

    async def back_up(self) -> str:
        file = str(self.folder / "backup.db")
        done = await self.munshi("backup", file)
        assert done.exit_code == 0, done.output
        return file

    async def balanced(self) -> bool:
        return "The books balance." in (await self.munshi("ledger")).output


@pytest.fixture
def shop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> Shop:
    return Shop(world, clock, start, tmp_path)


async def test_who_orders_after_a_restore_pays_for_what_they_get(shop: Shop) -> None:
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.write("hi")
        backup = await shop.back_up()
        await asha.order()
        await asha.pay()
        assert asha.heard(CONFIRMED) == 1
        hers = shop.world.razorpay.links[asha.link]
    restored = await shop.munshi("restore", backup)
    assert restored.exit_code == 1, "her link is not settled yet"
    assert f"{hers.id}: ₹500 for {hers.notes['munshi_order']}, paid, ₹500 captured" in restored.output
    async with shop.open() as live:
        ravi = shop.customer(live, "Ravi")
        await ravi.order()
        his = shop.world.razorpay.links[ravi.link]
        assert his.id != hers.id
        assert his.reference_id != hers.reference_id
        assert his.notes["munshi_order"] != hers.notes["munshi_order"]
        await live.wait(10)
        assert ravi.heard(CONFIRMED) == 0
        assert not any(hers.short_url in str(message) for message in ravi.person.messages)
        await ravi.pay()
        assert ravi.heard(CONFIRMED) == 1
    kept = await shop.munshi("settle", "--keep", hers.id)
    assert kept.exit_code == 0, kept.output
    assert "No link is left" in (await shop.munshi("settle")).output
    assert await shop.balanced()


async def test_in_the_middle_of_everything_no_rupee_is_lost_and_nothing_given_away(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    async with shop.open() as live:
        names = ("paid", "open", "unheard", "generous", "lost", "lost unpaid", "later")
        people = {name: shop.customer(live, name) for name in names}
        links = {}
        for name in ("paid", "open", "unheard", "generous"):
            await people[name].order()
            links[name] = people[name].link
        await razorpay.pay(links["paid"])
        await live.settle()
        razorpay.refund_delay_ms = 10**9
        await razorpay.pay(links["generous"], amount=60_000)
        await live.settle()
        await razorpay.pay(links["unheard"])  # its webhooks are on their way
        backup = await shop.back_up()
        await live.settle()
        await razorpay.pay(links["open"])
        for name in ("lost", "lost unpaid"):
            await people[name].order()
            links[name] = people[name].link
        await razorpay.pay(links["lost"])
        await live.settle()
        await razorpay.settle_due()
    restored = await shop.munshi("restore", backup, "--cancel-unpaid", "--refund", links["lost"])
    assert restored.exit_code == 1, "the bank has not given back yet what the lost one paid"
    assert razorpay.links[links["lost unpaid"]].status == "cancelled"
    async with shop.open() as live:
        await people["later"].order()
        links["later"] = people["later"].link
        await razorpay.pay(links["later"])
        await live.settle()
        await live.wait(24 * 60)
        for name in ("paid", "open", "unheard", "generous", "later"):
            assert people[name].heard(CONFIRMED) >= 1, name
            assert (await live.order(razorpay.links[links[name]])).lifecycle == "fulfilled", name
        assert len({link.reference_id for link in razorpay.links.values()}) == len(razorpay.links) == 7
        orders = await live.rows("SELECT SUM(fulfilled) AS fulfilled, SUM(held) AS held FROM orders")
        assert await live.parked() == []
    for refund in razorpay.refunds.values():
        await razorpay.settle_refund(refund.id, "processed")
    settled = await shop.munshi("settle")
    assert (settled.exit_code, "refunded, ₹500" in settled.output) == (0, True)
    captured = sum(payment.amount for payment in razorpay.payments.values() if payment.captured)
    back = sum(refund.amount for refund in razorpay.refunds.values())
    assert (captured - back, orders) == (250_000, [{"fulfilled": 250_000, "held": 0}])
    assert await shop.balanced()


async def test_a_restore_is_refused_while_a_server_runs(shop: Shop) -> None:
    async with shop.open() as live:
        await shop.customer(live, "Asha").write("hi")
        backup = await shop.back_up()
        for words in (("restore", backup), ("restore",), ("settle",)):
            refused = await shop.munshi(*words)
            assert refused.exit_code == 1
            assert "is in use by process" in refused.output
        await shop.customers["Asha"].order()


async def test_money_for_an_order_that_the_books_lack_is_told_once_and_settled(shop: Shop) -> None:
    shop.world.razorpay.refund_delay_ms = 0
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        backup = await shop.back_up()
        await asha.order()
        link = asha.link
    await shop.munshi("restore", backup)
    async with shop.open() as live:
        await live.world.razorpay.pay(link)
        await live.settle()
        [notice] = await live.rows("SELECT subject, said FROM notice WHERE kind = 'stray money'")
        assert shop.world.razorpay.links[link].notes["munshi_order"] in notice["said"]
        assert "₹500 was captured" in notice["said"]
        told = (await shop.munshi("doctor")).output
        assert "munshi settle" in told
    assert not await shop.balanced()
    assert (await shop.munshi("settle", "--refund", link)).exit_code == 0
    async with shop.open() as live:
        await live.settle()
        assert await live.rows("SELECT * FROM notice") == []
        assert await live.parked() == []
    assert await shop.balanced()
    assert sum(refund.amount for refund in shop.world.razorpay.refunds.values()) == 50_000


async def test_what_the_bank_could_not_give_back_is_listed_again_though_nobody_told_of_it(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    razorpay.refund_delay_ms = 1_000
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        backup = await shop.back_up()
        await asha.order()
        link = asha.link
        await asha.pay()
    said = await shop.munshi("restore", backup, "--refund", link)
    assert (said.exit_code, "run 'munshi settle' again" in said.output) == (1, True)
    await razorpay.settle_refund(list(razorpay.refunds)[-1], "failed")
    said = await shop.munshi("settle")
    assert (said.exit_code, f"{link}: ₹500" in said.output, "1 link to settle" in said.output) == (
        1,
        True,
        True,
    )
    assert "the books were put back" in (await shop.munshi("doctor")).output
    await shop.munshi("settle", "--refund", link)
    await razorpay.settle_refund(list(razorpay.refunds)[-1], "processed")
    said = await shop.munshi("settle")
    assert (said.exit_code, "refunded, ₹500" in said.output) == (0, True)
    assert await shop.balanced()
    assert [refund.status for refund in razorpay.refunds.values()] == ["failed", "processed"]


async def test_money_on_a_second_link_is_told_after_a_word_on_the_first(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    razorpay.refund_delay_ms = 0
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.write("hi")
        backup = await shop.back_up()
        await asha.order()
        first = asha.link
        await razorpay.pay(first, amount=10_000)
        await live.settle()
        second = next(code for code, link in razorpay.links.items() if link.status == "created")
        late = await razorpay.authorize(second)
    await shop.munshi("restore", backup, "--cancel-unpaid", "--refund", first)
    async with shop.open() as live:
        await razorpay.capture(late)
        await live.settle()
        notices = await live.rows("SELECT subject FROM notice WHERE kind = 'stray money'")
        assert [notice["subject"] for notice in notices] == [late]
        assert len(await live.parked()) >= 1
    assert not await shop.balanced()
    listed = await shop.munshi("settle")
    assert (listed.exit_code, f"{razorpay.links[second].id}: ₹400" in listed.output) == (1, True)
    assert (await shop.munshi("settle", "--refund", second)).exit_code == 0
    assert await shop.balanced()
    assert "No link is left" in (await shop.munshi("settle")).output
    assert sum(refund.amount for refund in razorpay.refunds.values()) == 50_000
