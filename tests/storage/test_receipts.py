"""Receipts move a message only forward, in whatever order they come, and decide ambiguous sends."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.database.queues import OutboxState, Urgency
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Delivery, Done
from storage.outbox.entry import entry_of
from storage.outbox.receipts import Applied, Undelivered
from tests.storage.next_due import next_due
from tests.storage.receipt_bodies import receipt_body

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]


async def sending(store: Store, chat: Chat, echo: Echo, key: str = "1") -> Delivery:
    await store.arrive([chat(key)], now=1)
    await store.advance_due(echo, now=1)
    [delivery] = await store.claim_due(now=1, limit=1, lease=60_000)
    return delivery


def receipt(wamid: str, status: str, opaque: str | None = None, error: Any = None, *, n: int = 0) -> Arrival:
    body = receipt_body(status, wamid, opaque, error)
    return Arrival(f"receipt:{wamid}:{status}:{n}", EventKind.RECEIPT, body, opaque=opaque)


async def entry(store: Store, id: int) -> dict[str, Any]:
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT * FROM outbox WHERE id = $1", id))
    return row


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
async def test_receipts_move_forward_only(
    order: tuple[str, ...], store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    for n, status in enumerate(order):
        await store.arrive([receipt("wamid.A", status, n=n)], now=3 + n)
        assert (await store.apply_receipts(now=3 + n)).looked_at == 1
    row = await entry(store, delivery.id)
    assert (row["receipt"], row["state"], row["error"]) == ("read", "done", None)
    assert await next_due(store) is None


async def test_what_a_receipt_said_is_kept_with_its_message_alone(
    store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    said = [receipt("wamid.A", status) for status in ("sent", "delivered", "read")]
    for time in (3, 4):
        stored = await store.arrive(said, now=time)
        assert all(one.new for one in stored)
        assert (await store.apply_receipts(now=time)).looked_at == 3
        left = await store._units.read(lambda tx: tx.fetch("SELECT id FROM inbox WHERE kind = 'receipt'"))
        assert left == []
        row = await entry(store, delivery.id)
        assert (row["receipt"], row["state"], row["finished_at"]) == ("read", "done", 2)


async def test_one_batch_may_hold_all_receipts_of_a_message(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    statuses = ["read", "sent", "delivered"]
    opaque = [delivery.opaque, None, delivery.opaque]
    await store.arrive([receipt("wamid.A", s, o) for s, o in zip(statuses, opaque, strict=True)], now=3)
    assert (await store.apply_receipts(now=3)).looked_at == 3
    assert (await entry(store, delivery.id))["receipt"] == "read"


@pytest.mark.parametrize("order", [("sent", "failed"), ("failed", "sent")])
async def test_a_failure_is_kept_with_its_error(
    order: tuple[str, ...], store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    for status in order:
        error = {"code": 131047} if status == "failed" else None
        await store.arrive([receipt("wamid.A", status, error=error)], now=3)
    await store.apply_receipts(now=3)
    row = await entry(store, delivery.id)
    assert (row["receipt"], row["state"], row["error"]) == ("failed", "done", '{"code":131047}')


async def test_a_receipt_settles_a_send_in_doubt(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Again(delivery.claim, at=50_000, error="time-out")], now=2)
    await store.arrive([receipt("wamid.A", "delivered", delivery.opaque)], now=3)
    await store.apply_receipts(now=3)
    row = await entry(store, delivery.id)
    assert (row["state"], row["provider_id"], row["receipt"]) == ("done", "wamid.A", "delivered")
    assert row["finished_at"] == 3
    assert await store.claim_due(now=99_999, limit=5, lease=1) == []


async def test_a_failed_receipt_settles_as_failed(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await sending(store, chat, echo)
    await store.arrive([receipt("wamid.A", "failed", delivery.opaque, "131026")], now=3)
    await store.apply_receipts(now=3)
    await store.record([Done(delivery.claim, "wamid.A")], now=4)
    row = await entry(store, delivery.id)
    assert (row["state"], row["error"], row["receipt"]) == ("failed", "131026", "failed")


async def test_a_receipt_that_overtakes_the_answer_is_tried_again(
    store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await sending(store, chat, echo)
    await store.arrive([receipt("wamid.A", "sent")], now=1000)
    assert (await store.apply_receipts(now=1000)).looked_at == 1
    assert (await store.apply_receipts(now=1001)).looked_at == 0
    await store.record([Done(delivery.claim, "wamid.A")], now=1500)
    later = await next_due(store)
    assert later is not None
    assert (await store.apply_receipts(now=later)).looked_at == 1
    assert (await entry(store, delivery.id))["receipt"] == "sent"


async def test_a_receipt_of_nothing_of_ours_is_ignored_in_the_end(store: Store) -> None:
    [stored] = await store.arrive([receipt("wamid.unknown", "sent", "not ours")], now=0)
    tries = 0
    while (due := await next_due(store)) is not None:
        tries += (await store.apply_receipts(now=due)).looked_at
        assert tries < 10
    assert tries == 5
    event = await store.event(stored.number)
    assert event is not None
    assert event.state == "ignored"


async def test_an_unknown_status_is_ignored(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await sending(store, chat, echo)
    bodies: list[dict[str, Any]] = [
        {},
        receipt_body("warming", opaque=delivery.opaque),
        {"status": 7, "provider_id": []},
    ]
    arrivals = [
        Arrival(f"r{n}", EventKind.RECEIPT, body, opaque=delivery.opaque) for n, body in enumerate(bodies)
    ]
    stored = await store.arrive(arrivals, now=3)
    assert (await store.apply_receipts(now=3)).looked_at == 3
    events = [await store.event(s.number) for s in stored]
    assert [e.state for e in events if e] == ["ignored"] * 3
    assert (await entry(store, delivery.id))["state"] == "sending"


async def test_two_processes_share_the_receipts(store: Store, rival: Store, chat: Chat, echo: Echo) -> None:
    import asyncio

    deliveries = []
    for n in range(20):
        delivery = await sending(store, chat, echo, key=f"m{n}")
        await store.record([Done(delivery.claim, f"wamid.{n}")], now=2)
        deliveries.append(delivery)
    for status in ("read", "sent", "delivered"):
        await store.arrive([receipt(f"wamid.{n}", status) for n in range(20)], now=3)
    done = await asyncio.gather(
        *(s.apply_receipts(now=3, limit=10) for s in (store, rival) for _ in range(5))
    )
    while (more := await store.apply_receipts(now=3)).looked_at:
        done.append(more)
    assert sum(applied.looked_at for applied in done) == 60
    assert {(await entry(store, d.id))["receipt"] for d in deliveries} == {"read"}


async def test_a_message_that_failed_after_all_is_told_once(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    error = {"code": 131049, "title": "not to 919800000001", "details": None}
    failed = [receipt("wamid.A", "failed", error=error, n=n) for n in range(3)]
    await store.arrive([receipt("wamid.A", "sent"), *failed], now=3)
    applied = await store.apply_receipts(now=3)
    assert applied == Applied(4, (Undelivered(delivery.id, "echo", 131049),))


@pytest.mark.parametrize("body", ["{", "7", "[]"])
async def test_a_receipt_that_cannot_be_read_is_parked_alone(
    body: str, store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await sending(store, chat, echo)
    await store.record([Done(delivery.claim, "wamid.A")], now=2)
    spoilt, _ = await store.arrive([receipt("wamid.A", "sent"), receipt("wamid.A", "read")], now=3)
    spoil = "UPDATE inbox SET body = $1 WHERE id = $2"
    await store._units.run(lambda tx: tx.fetch(spoil, body, spoilt.number))
    assert (await store.apply_receipts(now=3)).looked_at == 2
    event = await store._units.read(
        lambda tx: tx.fetch("SELECT state FROM inbox WHERE id = $1", spoilt.number)
    )
    assert event == [{"state": "parked"}]
    assert (await entry(store, delivery.id))["receipt"] == "read"
    assert (await store.apply_receipts(now=3)).looked_at == 0


def test_an_entry_is_read_with_its_state_as_an_enum() -> None:
    columns = (
        "id",
        "conversation_id",
        "order_key",
        "name",
        "provider_id",
        "receipt",
        "receipt_rank",
        "error",
    )
    entry = entry_of(
        {
            **dict.fromkeys(columns),
            "error": None,
            "state": "sending",
            "urgency": 2,
            "finished_at": None,
            "attempts": 1,
        }
    )
    assert entry.state is OutboxState.SENDING
    assert entry.urgency is Urgency.OFFER
    assert (entry.payload, entry.goes_again) == (None, False)
