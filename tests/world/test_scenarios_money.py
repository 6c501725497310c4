"""Failures with money on the whole system that no other test shows; see docs/reliability.md."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import orjson
import pytest
from structlog.testing import capture_logs

from bot.clock import ShiftedClock
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.holds import Hold, HoldReason
from payments.processing.actions import SHOP
from sandbox.faults import Fault
from sandbox.razorpay_entities import Link
from sandbox.world import World
from storage.database.postgres import PostgresUnits
from storage.database.sqlite import SqliteUnits
from storage.database.transaction import Transaction
from storage.inbox import steps
from storage.inbox.nonces import draw
from tests.world.running_bot import CONFIRMED, FLOW, Customer, Live, Start

T = TypeVar("T")

CUPS, ALL_CUPS = "kulhad-6", 12


def edited(old: str, new: str) -> Flow:
    """The shop that ships, with an edit."""
    text = FLOW.read_text(encoding="utf-8")
    assert old in text
    return load(text.replace(old, new), "flows.yaml", SHOP, limits=LIMITS)


@asynccontextmanager
async def standing_still(live: Live) -> AsyncIterator[None]:
    """Lock the inbox against writes until the end of the block."""
    if not on_sqlite(live):
        async with held_open(live, lambda tx: tx.fetch("LOCK TABLE inbox IN EXCLUSIVE MODE")):
            yield
        return
    end = threading.Event()

    async def hold(_: Transaction) -> None:
        end.wait()

    holding = asyncio.create_task(live.context.store._units.run(hold))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        end.set()
        await holding


def on_sqlite(live: Live) -> bool:
    return isinstance(live.context.store._units, SqliteUnits)


@asynccontextmanager
async def held_open(live: Live, work: Callable[[Transaction], Awaitable[T]]) -> AsyncIterator[T]:
    """Run `work` in a PostgreSQL transaction that commits at the end of the block; yield its result."""
    begun: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    end = asyncio.Event()

    async def unit(tx: Transaction) -> None:
        begun.set_result(await work(tx))
        await end.wait()

    running = asyncio.create_task(live.context.store._units.run(unit))
    either: set[asyncio.Future[Any]] = {running, begun}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield begun.result()
    finally:
        end.set()
        await running


def told_again(live: Live, link: str, name: str, **changes: Any) -> Any:
    """A webhook about `link` as another event: with other bytes and another id."""
    [event] = [event for event in live.world.razorpay.events_of(link) if event.name == name]
    body = orjson.loads(event.body)
    return live.world.razorpay.signed({**body, "created_at": body["created_at"] + 1, **changes})


async def test_a_tap_in_the_moment_of_the_payment(live: Live) -> None:
    """Both are handled, whichever is first: neither stops the other."""
    for index, first in enumerate(("tap", "payment")):
        asha = live.customer(f"9198123456{index:02}")
        await asha.order()
        link = live.world.razorpay.links[asha.link]
        await asha.tap("Pay Now")
        deeds = [asha.person.write("menu"), live.world.razorpay.pay(link.id)]
        await asyncio.gather(*(deeds if first == "tap" else reversed(deeds)))
        await live.settle()
        assert (await live.order(link)).lifecycle == "fulfilled", first
        assert (asha.heard(CONFIRMED), asha.heard("Welcome to")) == (1, 2), first
    assert await live.parked() == []
    assert await live.rows("SELECT id FROM inbox WHERE state = 'pending' AND kind = 'chat'") == []


async def paid_late_and_sold_out(live: Live) -> tuple[Customer, Link]:
    """The payment is authorised after the link has ended and others have bought all pieces."""
    asha = live.customer()
    body = {"phone": asha.person.wa_id, "items": [{"sku": CUPS, "quantity": 1}]}
    await asha.write("hi")
    await live.until(live.api("POST", "/payments/create", body))
    link = live.world.razorpay.links[asha.link]
    payment = await live.world.razorpay.fail(link.id)
    await live.wait(21)
    ravi = live.customer("919812345602", "Ravi")
    body = {"phone": ravi.person.wa_id, "items": [{"sku": CUPS, "quantity": ALL_CUPS}]}
    await live.until(live.api("POST", "/payments/create", body))
    await ravi.pay()
    await live.world.razorpay.settle_late(payment)
    await live.settle()
    return asha, link


async def test_what_goes_back_is_not_sold_after_all(live: Live) -> None:
    """The capture's webhook comes again during its refund, when there are goods again."""
    asha, link = await paid_late_and_sold_out(live)
    assert (await live.order(link)).lifecycle == "returned"
    [refund] = live.world.razorpay.refunds.values()
    assert refund.status == "pending"
    await live.context.store.declare({CUPS: 5 * ALL_CUPS})
    for name in ("payment.captured", "order.paid"):
        assert await live.razorpay(told_again(live, link.id, name)) == 200
    await live.settle()
    await live.wait(3 * 60)
    view = await live.order(link)
    assert (view.lifecycle, view.payment, view.held_for) == ("returned", "refunded", None)
    assert [refund.amount for refund in live.world.razorpay.refunds.values()] == [link.amount]
    assert (asha.heard(CONFIRMED), asha.heard("does not go ahead")) == (0, 1)
    [row] = await live.rows(f"SELECT sold, reserved FROM stock WHERE sku = '{CUPS}'")
    assert row == {"sold": 0, "reserved": 0}, "counted from the new number on"


async def test_two_part_payments_in_one_moment_are_added_up(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    for amount in (20_000, 30_000):
        await live.world.razorpay.pay(link.id, amount=amount)
    await live.settle()
    books = await live.rows("SELECT lifecycle, fulfilled, held FROM orders")
    assert books == [{"lifecycle": "fulfilled", "fulfilled": 50_000, "held": 0}]
    assert asha.heard(CONFIRMED) == 1
    assert live.world.razorpay.refunds == {}
    assert len(await live.rows("SELECT id FROM fact WHERE state = 'captured' AND entity = 'payment'")) == 2


async def test_a_refund_that_failed_after_it_was_called_done(live: Live) -> None:
    """The money is still ours: it is held for a person, and the customer hears of it."""
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    await live.world.razorpay.pay(link.id, amount=51_000)
    await live.settle()
    await live.wait(3 * 60)
    assert ((await live.order(link)).payment, asha.heard("₹10 for order #")) == ("paid", 1)
    [done] = [e for e in live.world.razorpay.events_of(link.id) if e.name == "refund.processed"]
    body = orjson.loads(done.body)
    body["payload"]["refund"]["entity"]["status"] = "failed"
    assert await live.razorpay(live.world.razorpay.signed({**body, "event": "refund.failed"})) == 200
    await live.settle()
    view = await live.order(link)
    assert (view.lifecycle, view.payment) == ("fulfilled", "paid")
    assert view.held_for == Hold(HoldReason.REFUND_FAILED)
    assert await live.rows("SELECT held FROM orders") == [{"held": 1_000}]
    assert (asha.heard("could not give you back ₹10"), asha.heard(CONFIRMED)) == (1, 1)
    assert len(live.world.razorpay.refunds) == 1, "it is not asked for again"


async def test_a_price_that_changes_after_the_link(
    world: World, clock: ShiftedClock, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A placed order keeps its price; a cart that is not ordered gets the new one."""
    async with start(world, clock) as live:
        await live.customer().order()
        ravi = live.customer("919812345602", "Ravi")
        await ravi.write("hi")
        await ravi.tap("Masala chai 250 g")
    dearer = edited("masala-250, category: tea, price: 180,", "masala-250, category: tea, price: 900,")
    monkeypatch.setattr("bot.app.load_flow", lambda path: dearer)
    async with start(world, clock) as live:
        asha = live.customer()
        [paid] = await asha.pay()
        assert "Total Paid: ₹500\n" in paid.text
        view = await live.order(world.razorpay.links[asha.link])
        assert (view.lifecycle, view.payment, view.order.total) == ("fulfilled", "paid", 50_000)
        [summary] = await live.customer("919812345602", "Ravi").write("checkout")
        assert "Total: ₹900" in summary.text


async def test_what_is_written_first_and_committed_last_still_leaves(live: Live) -> None:
    """An entry of the outbox with a number below those that were sent already."""
    if on_sqlite(live):
        pytest.skip("SQLite has one writer: what is written first is committed first")
    asha, ravi = live.customer(), live.customer("919812345602", "Ravi")
    await asha.person.write("hi")
    await live.world.quiet()
    now = live.clock.now()
    step = partial(live.workers._advance, now)
    async with held_open(
        live, lambda tx: steps.advance_due(tx, step, now, 10, 10, draw, WHATSAPP.naming, {})
    ) as answered:
        assert answered == (1, {})
        assert len(await ravi.write("hi")) == 1
    assert asha.texts == []
    await live.settle()
    assert len(asha.texts) == 1
    rows = await live.rows("SELECT id, conversation_id FROM outbox ORDER BY id")
    assert [row["conversation_id"] for row in rows] == [1, 2]


def text_message(live: Live, wamid: str, text: str = "hi") -> Any:
    message = {"id": wamid, "from": "919812345601", "timestamp": "1", "type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": live.world.secrets.phone_number_id}, "messages": [message]}
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


async def test_more_than_can_be_written_is_refused_and_not_acknowledged(live: Live) -> None:
    """The database stands still: what may wait, waits; the rest is told to come again, at once."""
    live.context.inbox._most = 5
    bodies = {f"wamid.{n}": text_message(live, f"wamid.{n}") for n in range(20)}
    async with standing_still(live):
        posts = {wamid: asyncio.create_task(live.whatsapp(body)) for wamid, body in bodies.items()}
        done, _ = await asyncio.wait(posts.values(), timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result() for task in done} == {503}
    statuses = {wamid: await task for wamid, task in posts.items()}
    assert set(statuses.values()) == {200, 503}
    stored = {row["key"] for row in await live.rows("SELECT key FROM inbox")}
    assert stored == {wamid for wamid, status in statuses.items() if status == 200}
    assert [await live.whatsapp(body) for body in bodies.values()] == [200] * 20
    assert len(await live.rows("SELECT key FROM inbox")) == 20


async def test_a_full_disk_acknowledges_nothing(live: Live) -> None:
    """Existing data can be read all the time; when there is space again, everything goes on."""
    if not on_sqlite(live):
        pytest.skip("SQLite can be told that the disk is full")
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    [pages] = await live.rows("PRAGMA page_count")
    await live.rows(f"PRAGMA max_page_count = {pages['page_count']}")
    large = text_message(live, "wamid.large", "x" * 200_000)
    with capture_logs():
        assert await live.whatsapp(large) == 500
    assert await live.rows("SELECT id FROM inbox WHERE key = 'wamid.large'") == []
    assert (await live.api("GET", f"/payments/{link.notes['munshi_order']}"))[0] == 200
    assert (await live.api("GET", "/readyz"))[0] == 503
    await live.rows("PRAGMA max_page_count = 1000000")
    assert await live.whatsapp(large) == 200
    await asha.pay()
    assert (asha.heard("💳 Complete Payment"), asha.heard(CONFIRMED)) == (2, 1)


async def test_while_razorpay_is_slow_no_connection_is_held(live: Live) -> None:
    """No call is made inside a transaction: the database is free for everybody else."""
    asha = live.customer()
    await asha.checkout()
    live.world.razorpay.fail_next("create_link", Fault.slow(0.4))
    await asha.person.tap("Confirm order")
    settling = asyncio.create_task(live.settle())
    while not live.world.razorpay.links:
        await asyncio.sleep(0.01)
    units = live.context.store._units
    if isinstance(units, PostgresUnits):
        client: Any = units.orm.client()
        assert client._pool.get_idle_size() == client._pool.get_size()
    assert await live.whatsapp(text_message(live, "wamid.1")) == 200
    assert not settling.done(), "Razorpay had answered already"
    await settling
