"""The demo's stage: several people, a real bot that is killed in a process beside it, troubles, the books.

One bot plays all of it, one test after the other: each test has customers of its own.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.bot_process import BotFailed, BotProcess, BotState
from bot.demo.handset import Handset
from bot.demo.phone import NotPossible
from bot.demo.stage import Stage, stage
from bot.flow_file import load_flow
from bot.workers.executor import LEASE
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from storage import Store
from tests.world.running_bot import CONFIRMED, FLOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Stage]:
    async with stage(FLOW, 0) as demo:
        yield demo


async def says(phone: Handset, text: str) -> list[str]:
    await phone.write(text)
    return [message.text for message in await phone.answers(PATIENCE)]


async def taps(phone: Handset, title: str) -> list[str]:
    await phone.tap(title)
    return [message.text for message in await phone.answers(PATIENCE)]


async def until(phone: Handset, begins: str, *, waits: int = 0, stage: Stage | None = None) -> str:
    """Wait for a message; meanwhile put the clock forward by `waits` milliseconds again and again."""
    for _ in range(60):
        for message in await phone.answers(1):
            if message.text.startswith(begins):
                return message.text
        if stage is not None:
            await stage.wait(waits)
    raise AssertionError(f"{begins!r} did not come; came: {[one.text for one in phone.person.messages]}")


def state(demo: Stage) -> BotState:
    return demo.bot.state


async def orders(phone: Handset) -> None:
    """Chat up to the link."""
    await says(phone, "hi")
    await taps(phone, "Masala chai 250 g")
    await taps(phone, "Proceed to Checkout")
    assert (await taps(phone, "Confirm order"))[-1].startswith("💳 Complete Payment")


async def test_a_whole_purchase_with_crashes_in_the_middle(demo: Stage) -> None:
    asha = demo.newcomer("Asha")
    await says(asha, "hi")
    await taps(asha, "Masala chai 250 g")
    await taps(asha, "Proceed to Checkout")

    await asha.tap("Confirm order")
    await demo.bot.crash()
    assert state(demo) is BotState.DOWN
    standing = await demo.books.standing(asha.number)
    assert standing is not None, "the books can be read while the bot is down"
    assert await demo.waiting() == 0
    took, second = await asyncio.gather(demo.bot.recover(), demo.bot.recover(), return_exceptions=True)
    assert isinstance(second, NotPossible), "who presses twice has one bot"
    assert state(demo) is BotState.RUNNING
    assert demo.bot.recovered_in == took
    await until(asha, "💳 Complete Payment", waits=LEASE // 4, stage=demo)

    url, process = demo.url, demo.bot._process
    process.kill()
    await process.wait()
    assert state(demo) is BotState.DOWN, "also if it ends by itself"
    with pytest.raises(NotPossible, match="down already"):
        await demo.bot.crash()
    await asha.pay()
    await asha.write("thanks")
    await demo.world.quiet()
    assert asha.status(asha.person.sent[-1]) == "sent"
    await demo.bot.recover()
    with pytest.raises(NotPossible, match="the bot is running"):
        await demo.bot.recover()
    assert demo.url == url, "both providers know where it is"
    await until(asha, CONFIRMED, waits=7_000, stage=demo)
    await demo.wait(60_000)
    await asha.answers(5)
    assert asha.status(asha.person.sent[-1]) == "delivered"
    assert sum(one.text.startswith(CONFIRMED) for one in asha.person.messages) == 1
    story = await asha.lifecycle()
    assert story is not None
    [order] = story.orders
    assert (order["payment"], order["lifecycle"]) == ("paid", "fulfilled")


async def test_a_link_lapses_when_the_clock_is_wound_and_is_paid_late(demo: Stage) -> None:
    bilal = demo.newcomer("Bilal")
    await orders(bilal)
    with pytest.raises(NotPossible, match="can still be paid"):
        await bilal.payer.pay_late()
    before = demo.clock.now()
    await bilal.wait(21 * 60_000)
    assert demo.clock.now() - before >= 21 * 60_000
    await until(bilal, "The payment link for order")
    with pytest.raises(NotPossible, match="is expired"):
        await bilal.pay()
    await bilal.payer.pay_late()
    await until(bilal, CONFIRMED)


async def test_several_customers_and_the_owner_side_by_side(demo: Stage) -> None:
    chitra, dev = demo.newcomer("Chitra"), demo.newcomer("Dev")
    [owner] = demo.staff
    await owner.take()
    assert len({chitra.number, dev.number, owner.number, demo.customer.number}) == 4
    await orders(chitra)
    assert (await says(dev, "hi"))[0].startswith("Namaste Dev!")
    with pytest.raises(NotPossible, match="no payment link"):
        await dev.pay()
    await chitra.pay()
    await until(chitra, CONFIRMED)
    notice = await until(owner, "🛎️ Order #")
    assert "Chitra" in notice
    assert await dev.take() == []

    await owner.tap("Accept")
    await owner.answers(PATIENCE)
    [order] = (await chitra.lifecycle()).orders  # type: ignore[union-attr]
    assert order["stage"] == "accepted"
    with pytest.raises(NotPossible, match="needs a name"):
        demo.newcomer(" ")


async def test_a_doubled_webhook_changes_nothing(demo: Stage) -> None:
    esther = demo.newcomer("Esther")
    await says(esther, "hi")
    demo.troubles.double("meta")
    came = len(demo.world.deliveries)
    [cart] = await taps(esther, "Masala chai 250 g")
    assert [one.event for one in demo.world.deliveries[came:]].count("message") == 2
    assert "1 × Masala chai 250 g: ₹180" in cart


async def test_lost_late_and_mixed_up_webhooks_are_overcome(demo: Stage) -> None:
    farhan = demo.newcomer("Farhan")
    await orders(farhan)
    demo.troubles.reordering = True
    assert demo.troubles.reordering
    demo.troubles.lose("razorpay", 2)
    demo.troubles.delay("razorpay", 30_000)
    lost = len(demo.world.courier.lost)
    await farhan.pay()
    assert len(demo.world.courier.lost) == lost + 2
    assert [one.provider for one in demo.world.courier.scheduled] == ["razorpay"]
    demo.troubles.reordering = False
    assert not demo.troubles.reordering
    await until(farhan, CONFIRMED, waits=20_000, stage=demo)


async def test_meta_down_and_up_again(demo: Stage) -> None:
    gauri = demo.newcomer("Gauri")
    demo.troubles.take_down("meta")
    assert demo.troubles.down == {"meta"}
    await gauri.write("hi")
    assert await gauri.answers(1.5) == []
    assert await demo.waiting() == 1
    demo.troubles.mend("meta")
    assert demo.troubles.down == set()
    await until(gauri, "Namaste Gauri!", waits=10_000, stage=demo)
    with pytest.raises(NotPossible, match="--with shopify"):
        demo.troubles.slow_down("shopify", 3)


async def test_what_is_decided_is_told_in_words_with_its_lines(demo: Stage) -> None:
    imran = demo.newcomer("Imran")
    assert await demo.books.standing(imran.number) is None
    assert await demo.books.scenario(imran.number) is None
    assert await imran.trace() == []
    await orders(imran)
    standing = await demo.books.standing(imran.number)
    assert standing is not None
    assert standing.story.state == "awaiting_payment"
    assert standing.flow.version == demo.flow.version
    tap = next(one for one in standing.decisions if "Confirm order" in one.came)
    assert tap.came == 'customer tapped "Confirm order" (confirm)'
    [words], [took] = tap.words, tap.acting
    assert words.startswith("took    checkout.review: confirm, line")
    assert words.endswith("checkout.review → awaiting_payment; did order.place, payment.request")
    assert took.took
    lines = standing.source[took.file].splitlines()
    assert "order.place" in lines[took.line - 1]
    assert re.search(r'<g id="here"><rect [^>]+stroke="#0a7d32"', standing.picture)
    last = standing.decisions[-1]
    assert last.came.startswith("Razorpay answered payment_link.created")
    [passed, _] = last.acting
    assert not passed.took
    assert passed.because == "not order.status == 'short' (order.status is 'unpaid')"
    assert "if: order.status == 'short'" in lines[passed.line - 1]


async def test_a_chat_is_kept_as_a_scenario(demo: Stage) -> None:
    jaya = demo.newcomer("Jaya")
    await orders(jaya)
    await jaya.pay()
    await until(jaya, CONFIRMED)
    kept, standing = await demo.books.scenario(jaya.number), await demo.books.standing(jaya.number)
    assert kept is not None
    assert standing is not None
    told = [one.words[0] for one in standing.ledger]
    assert re.fullmatch(r"order #\d+ \(.+\) placed: 1 × Masala chai 250 g, ₹180", told[0])
    assert told[1].startswith("asked Razorpay: CreateLink")
    assert any(re.match(r"learned: payment pay_\w+ captured, ₹180", words) for words in told)
    assert ": paid, fulfilled, placed, ₹180 fulfilled" in standing.orders[0]
    assert kept.warnings == ()
    played = play(load_flow(FLOW), parse(kept.text, "kept.yaml"))
    assert played.mismatch is None, str(played)
    assert "  - tap: Confirm order\n" in kept.text


async def test_ticks_go_from_sent_to_read(demo: Stage) -> None:
    kabir = demo.newcomer("Kabir")
    await kabir.write("hi")
    [written] = kabir.person.sent
    assert kabir.status(written) == "sent"
    await kabir.answers(PATIENCE)
    assert kabir.status(written) == "delivered"
    [answer] = kabir.person.messages
    assert kabir.status(answer) == "delivered"
    await kabir.read()
    assert kabir.status(answer) == "read"
    await kabir.answers(PATIENCE)
    told = await demo.books.standing(kabir.number)
    assert told is not None
    [message] = [one for one in told.story.moments if one.what == "message"]
    assert message.about["receipt"] == "read"


async def test_money_comes_short_twice_and_in_vain(demo: Stage) -> None:
    lata, mohan = demo.newcomer("Lata"), demo.newcomer("Mohan")
    await orders(lata)
    with pytest.raises(NotPossible, match="short is less than the 18000 paise"):
        await lata.payer.pay_short(18_000)
    await lata.payer.pay_short(10_000)
    await lata.answers(PATIENCE)
    [order] = (await lata.lifecycle()).orders  # type: ignore[union-attr]
    assert order["payment"] == "short"

    await orders(mohan)
    await mohan.fail("Your bank is asleep")
    assert "Your bank is asleep" in await until(mohan, "❌")
    await mohan.payer.pay_twice()
    await until(mohan, CONFIRMED)
    [offer] = await mohan.payer.offers()
    payments = [one for one in demo.world.razorpay.payments.values() if one.link_id == offer.link]
    assert sorted(one.status for one in payments) == ["captured", "failed", "refunded"]
    [order] = (await mohan.lifecycle()).orders  # type: ignore[union-attr]
    assert (order["payment"], order["held"]) == ("paid", 0)


async def test_a_bot_that_can_not_start_says_why(demo: Stage, tmp_path: Path) -> None:
    database = f"sqlite://{tmp_path}/other.db"
    await Store.migrate(database)
    async with BotProcess.spawned(demo.clock) as other:
        assert other.state is BotState.STARTING
        with pytest.raises(BotFailed, match="address already in use"):
            await other.start({**demo.bot._settings, "database_url": database})
