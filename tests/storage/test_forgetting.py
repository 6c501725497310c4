"""Forgetting a person: who they are is gone from every table, and their orders and money stay."""

import asyncio
from typing import Any, Final

import pytest

from bot.ingest import from_desk, from_operator_forget
from bot.whatsapp.channel import WHATSAPP
from flows.engine import events
from payments.processing.bodies import StaffAction
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import arrive
from storage.outbox.deliveries import Done
from storage.reports.customers import find
from storage.reports.ledger import books
from storage.reports.timeline import Subject, story
from tests.storage.handwritten_rows import run_sql
from tests.storage.purchases import LEASE, Shop, names
from tests.storage.receipt_bodies import receipt_body

_START: Final = 1_790_000_000_000
_PHONE: Final = names(0)[1][1]
_BSUID: Final = names(0)[0][1]
_TABLES: Final = ("conversation", "alias", "inbox", "outbox", "orders", "attempt", "fact", "refund", "notice")


@pytest.fixture
async def shop(store: Store) -> Shop:
    """A shop in which customer 0 bought and paid."""
    shop = Shop(store, _START, account="acc_1")
    await shop.order([0])
    await shop.pay()
    await delivered(shop)
    await shop.write([0], "hi")
    await shop.step()
    await shop.deliver()
    return shop


async def delivered(shop: Shop) -> None:
    """What customers bought was handed over."""
    await run_sql(shop.store, "UPDATE orders SET stage = 'delivered' WHERE stage IS NOT NULL")


async def forget(shop: Shop, key: str = "1") -> str:
    """Ask to forget customer 0; return what became of that."""
    shop.now += 1
    [stored] = await shop.store.arrive([from_operator_forget(_PHONE, key)], shop.now)
    await shop.step()
    event = await shop.store.event(stored.number)
    assert event is not None
    return str(event.state)


async def rows(store: Store, table: str, where: str = "") -> list[dict[str, Any]]:
    return await store._units.read(lambda tx: tx.fetch(f"SELECT * FROM {table} {where}"))


async def test_nothing_in_any_table_names_the_person(shop: Shop) -> None:
    async def traces() -> list[str]:
        cells = [
            (table, name, str(value))
            for table in _TABLES
            for row in await rows(shop.store, table)
            for name, value in row.items()
        ]
        return [
            f"{t}.{n}" for t, n, value in cells if any(w in value for w in (_PHONE, _BSUID, "Asha", '"hi"'))
        ]

    assert await traces()
    assert await forget(shop) == "applied"
    assert await traces() == []


async def test_the_money_is_proved_as_before(shop: Shop, database_url: str) -> None:
    async with reading(database_url) as records:
        before = await books(records)
    await forget(shop)
    async with reading(database_url) as records:
        after = await books(records)
        [order] = await rows(shop.store, "orders")
        told = await story(records, Subject(order["conversation_id"], order["key"]))
        assert await find(records, _PHONE, [_PHONE]) == []
    assert after == before
    assert after.figures.orders == 1
    assert told.forgotten_at is not None
    assert "forget" in [moment.what for moment in told.moments]


async def test_an_order_under_way_refuses_and_changes_nothing(store: Store) -> None:
    shop = Shop(store, _START, account="acc_1")
    await shop.order([0])
    before = {t: await rows(store, t) for t in ("alias", "outbox", "orders")}
    assert await forget(shop) == "ignored"
    assert {t: await rows(store, t) for t in before} == before
    await shop.pay()
    assert await forget(shop, "2") == "ignored", "its goods are on their way"
    await delivered(shop)
    assert await forget(shop, "3") == "applied"


async def test_forgets_and_buys_again(shop: Shop, database_url: str) -> None:
    await shop.write([0], "1")
    await shop.step()
    [old] = await rows(shop.store, "conversation")
    await forget(shop)
    await shop.order([0])
    await shop.pay()
    first, second = await rows(shop.store, "conversation", "ORDER BY id")
    assert first["id"] == old["id"]
    assert first["forgotten_at"] is not None
    assert second["forgotten_at"] is None
    orders = await rows(shop.store, "orders", "ORDER BY placed_by")
    assert [order["conversation_id"] for order in orders] == [first["id"], second["id"]]
    assert orders[1]["total"] == orders[0]["total"], "nothing of the old cart"
    async with reading(database_url) as records:
        [found] = await find(records, "asha", [])
    assert [order.key for order in found.orders] == [orders[1]["key"]]


async def test_refund_to_a_forgotten_customer(shop: Shop) -> None:
    await forget(shop)
    [link] = shop.razorpay.links.values()
    again = shop.razorpay.try_to_pay(link, link.amount)
    shop.razorpay.move(again, "captured")
    await shop.hear()
    await shop.finish()
    [refund] = await rows(shop.store, "refund")
    assert refund["status"] == "processed"
    assert await rows(shop.store, "outbox", "WHERE lane = 'chat'") == []
    assert await rows(shop.store, "inbox", "WHERE state IN ('pending', 'parked') AND kind <> 'poll'") == []


async def test_a_late_report_does_not_make_the_person_known_again(shop: Shop) -> None:
    await shop.write([0], "hi")
    await shop.step()
    [delivery, *_] = await shop.store.claim_due(shop.now, 256, LEASE)
    await forget(shop)
    await shop.store.record([Done(delivery.claim, "wamid.x", recipient=names(0))], shop.now)
    told = receipt_body("read", opaque=delivery.opaque)
    late = Arrival("late", EventKind.RECEIPT, told, opaque=delivery.opaque, recipient=names(0))
    await shop.store.arrive([late], shop.now)
    await shop.store.apply_receipts(shop.now)
    shop.now += 3_600_000
    await shop.store.apply_receipts(shop.now)
    assert await rows(shop.store, "alias") == []
    assert await rows(shop.store, "inbox", "WHERE state IN ('pending', 'parked') AND kind = 'receipt'") == []


async def test_a_conversation_that_was_joined_is_forgotten_too(shop: Shop, chat: Any) -> None:
    await shop.write([1], "hi")
    await shop.step()
    both = (*names(0), ("parent_bsuid", "IN.ENT.1"))
    changed = Arrival("joins", EventKind.CHAT, {}, aliases=names(1), formerly=both, told_at=shop.now)
    await shop.store.arrive([changed], shop.now)
    await shop.step()
    assert len(await rows(shop.store, "conversation", "WHERE merged_into IS NOT NULL")) == 1
    await forget(shop)
    for row in await rows(shop.store, "conversation"):
        assert "Asha" not in row["snapshot"]
        assert row["forgotten_at"] is not None
    assert await rows(shop.store, "outbox", "WHERE lane = 'chat'") == []


async def _waits_for(shop: Shop) -> list[tuple[str, int]]:
    found = await rows(shop.store, "inbox", "WHERE state = 'pending' AND kind <> 'poll' ORDER BY id")
    return [(row["kind"], row["conversation_id"]) for row in found]


@pytest.mark.parametrize("held_open", [False, True])
async def test_what_is_written_after_the_wish_is_a_new_customers(shop: Shop, held_open: bool) -> None:
    """Be it stored before the step of the forgetting, or in the middle of it by another process."""
    shop.now += 1
    [wish] = await shop.store.arrive([from_operator_forget(_PHONE, "1")], shop.now)
    if held_open:
        if "sqlite" in type(shop.store._units).__name__.lower():
            pytest.skip("SQLite has one writer")
        await _while_an_arrival_is_held_open(shop)
    else:
        await shop.write([0], "hi again")
        await shop.step()
    event = await shop.store.event(wish.number)
    assert event is not None
    assert event.state == "applied"
    await shop.step()
    old, new = await rows(shop.store, "conversation", "ORDER BY id")
    assert (old["forgotten_at"] is None, new["forgotten_at"] is None) == (False, True)
    assert {row["conversation_id"] for row in await rows(shop.store, "alias")} == {new["id"]}
    [said] = await rows(shop.store, "outbox", "WHERE lane = 'chat'")
    assert said["conversation_id"] == new["id"], "they are answered"
    assert await _waits_for(shop) == []


async def _while_an_arrival_is_held_open(shop: Shop) -> None:
    """Step the forgetting while a message of the customer is stored and not committed."""
    stored, go_on = asyncio.Event(), asyncio.Event()

    async def hold(tx: Any) -> None:
        body = {"event": events.to_json(events.TextReceived("hi again")), "name": "Asha"}
        late = Arrival("late", EventKind.CHAT, body, aliases=names(0), told_at=shop.now)
        await arrive(tx, [late], shop.now, WHATSAPP.naming)
        stored.set()
        await go_on.wait()

    arriving = asyncio.create_task(shop.store._units.run(hold))
    await stored.wait()
    stepping = asyncio.create_task(shop.step())
    await asyncio.sleep(0.2)
    assert not stepping.done(), "it waits for the arrival"
    go_on.set()
    await asyncio.gather(arriving, stepping)


async def test_what_the_staff_want_behind_the_forgetting_is_stepped(shop: Shop) -> None:
    [order] = await rows(shop.store, "orders")
    shop.now += 1
    wish = from_operator_forget(_PHONE, "1")
    changes = [
        from_desk(StaffAction(order["key"], "Meena", "allowance", "1", money=True), str(n)) for n in range(60)
    ]
    stored = await shop.store.arrive([wish, *changes], shop.now)
    await shop.step()
    states = [await shop.store.event(one.number) for one in stored[1:]]
    assert [event and event.state for event in states] == ["applied"] * 60
    assert len(await rows(shop.store, "amendment")) == 60
