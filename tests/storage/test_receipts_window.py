"""Messages that failed because the 24 hours were over: sent once as their template, else a notice."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from flows.messages.kinds import TemplateMessage, Text, from_json
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.encoding import loads
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Done, Failed
from storage.outbox.receipts import Undelivered
from tests.storage.delivery_claims import Chat, claimed_delivery
from tests.storage.receipt_bodies import receipt_body

TEMPLATE = TemplateMessage("order_paid", "en", ("#10001",))
PAID = Text("Paid!", fallback=TEMPLATE)


async def hear(
    store: Store, wamid: str, *statuses: str, opaque: str | None = None, now: int = 5
) -> Sequence[Undelivered]:
    """Receipts of a copy of the message. A failure says that the 24 hours were over."""
    bodies: list[dict[str, Any]] = [
        receipt_body(status, wamid, opaque, {"code": 131047} if status == "failed" else None)
        for status in statuses
    ]
    arrivals = [Arrival(f"{wamid}:{b['status']}:{now}", EventKind.RECEIPT, b, opaque=opaque) for b in bodies]
    await store.arrive(arrivals, now=now)
    return (await store.apply_receipts(now=now)).undelivered


async def entry(store: Store) -> dict[str, Any]:
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT * FROM outbox"))
    return row


async def notices(store: Store) -> list[tuple[str, str]]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT kind, subject FROM notice"))
    return [(row["kind"], row["subject"]) for row in rows]


async def test_it_is_sent_again_as_its_template(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    assert await hear(store, "wamid.A", "sent", "failed") == ()
    [again] = await store.claim_due(now=5, limit=5, lease=60_000)
    assert from_json(again.payload) == TEMPLATE
    assert (again.id, again.opaque) == (delivery.id, delivery.opaque)
    await store.record([Done(again.claim, "wamid.B")], now=6)
    await hear(store, "wamid.B", "sent", "delivered", now=7)
    row = await entry(store)
    assert (row["state"], row["provider_id"], row["receipt"]) == ("done", "wamid.B", "delivered")
    assert await notices(store) == []


async def test_once(store: Store, chat: Chat) -> None:
    """A template that is refused in the same way has failed."""
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "failed")
    [again] = await store.claim_due(now=5, limit=5, lease=60_000)
    await store.record([Done(again.claim, "wamid.B")], now=6)
    assert await hear(store, "wamid.B", "failed", now=7) == (Undelivered(delivery.id, "paid", 131047),)
    row = await entry(store)
    assert (row["state"], row["receipt"]) == ("done", "failed")
    assert await store.claim_due(now=99_999_999, limit=5, lease=1) == []


async def test_without_a_template_an_operator_hears_of_it(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, Text("Paid!"))
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    assert await hear(store, "wamid.A", "failed") == (Undelivered(delivery.id, "paid", 131047),)
    assert await notices(store) == [("window", f"paid to {delivery.conversation}")]
    assert (await entry(store))["receipt"] == "failed"
    assert await store.claim_due(now=99_999_999, limit=5, lease=1) == []


@pytest.mark.parametrize("late", list(permutations(["sent", "failed"])))
async def test_late_word_on_the_refused_copy_counts_no_more(
    late: tuple[str, ...], store: Store, chat: Chat
) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque)
    assert await hear(store, "wamid.A", *late, opaque=delivery.opaque, now=6) == ()
    assert (await entry(store))["state"] == "pending"
    [again] = await store.claim_due(now=70_000, limit=5, lease=60_000)
    await hear(store, "wamid.A", *late, opaque=delivery.opaque, now=70_001)
    await store.record([Done(again.claim, "wamid.B")], now=70_002)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque, now=70_003)
    await hear(store, "wamid.B", "sent", opaque=delivery.opaque, now=70_004)
    row = await entry(store)
    assert (row["state"], row["provider_id"], row["receipt"]) == ("done", "wamid.B", "sent")


async def test_a_template_in_doubt_is_settled_by_its_own_word(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque)
    [again] = await store.claim_due(now=5, limit=5, lease=60_000)
    await store.record([Again(again.claim, at=35_000, error="no answer")], now=6)
    await hear(store, "wamid.B", "sent", opaque=delivery.opaque, now=7)
    row = await entry(store)
    assert (row["state"], row["provider_id"], row["receipt"]) == ("done", "wamid.B", "sent")


async def test_the_word_may_come_before_the_answer(store: Store, chat: Chat) -> None:
    """A worker that is sending it may get the same error and send the template: the receipt waits."""
    delivery = await claimed_delivery(store, chat, PAID)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque)
    assert (await entry(store))["state"] == "sending"
    await store.record([Done(delivery.claim, "wamid.B")], now=6)  # the template
    assert (await store.apply_receipts(now=10_000)).looked_at == 1
    row = await entry(store)
    assert (row["state"], row["provider_id"], row["receipt"]) == ("done", "wamid.B", None)
    assert await store.claim_due(now=99_999_999, limit=5, lease=1) == []


async def test_the_word_before_the_answer_of_an_accepted_one(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque)
    await store.record([Done(delivery.claim, "wamid.A")], now=6)
    assert (await store.apply_receipts(now=10_000)).looked_at == 1
    [again] = await store.claim_due(now=10_000, limit=5, lease=60_000)
    assert from_json(again.payload) == TEMPLATE


async def test_the_word_is_taken_in_the_end(store: Store, chat: Chat) -> None:
    """The outcome of the send was never recorded."""
    delivery = await claimed_delivery(store, chat, PAID)
    for now in (5, 2_005, 10_005, 60_001, 300_005):
        await hear(store, "wamid.A", "failed", opaque=delivery.opaque, now=5)
        await store.apply_receipts(now=now)
        if now == 60_001:
            await store.claim_due(now=60_002, limit=5, lease=900_000)
    row = await entry(store)
    assert from_json(loads(row["payload"])) == TEMPLATE
    assert row["state"] == "pending"


async def test_what_was_delivered_after_all_was_delivered(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "delivered")
    await hear(store, "wamid.A", "failed", now=6)
    assert (await entry(store))["state"] == "done"
    assert await store.claim_due(now=99_999_999, limit=5, lease=1) == []


async def test_what_failed_as_a_template_too_is_not_raised_again(store: Store, chat: Chat) -> None:
    """Both copies were refused in the call itself; a receipt repeats it."""
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Failed(delivery.claim, "132001: no such template")], now=3)
    await hear(store, "wamid.A", "failed", opaque=delivery.opaque)
    assert (await entry(store))["state"] == "failed"
    assert await notices(store) == []
