"""Receipts of a message and of its replacement, in any order: it arrives once and is never lost."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from flows.messages.kinds import TemplateMessage, Text
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Done
from storage.outbox.resend import Remedy
from tests.storage.delivery_claims import Chat, claimed_delivery
from tests.storage.receipt_bodies import receipt_body

HOUR = 3_600_000
PAID = Text("Paid!", fallback=TemplateMessage("order_paid", "en", ("#10001",)))


async def hear(
    store: Store, wamid: str, status: str, opaque: str | None, now: int, remedy: Remedy = Remedy.SOON
) -> None:
    failed = status == "failed"
    error = {"code": 131000} if failed else None
    body = receipt_body(status, wamid, opaque, error, **({"remedy": remedy} if failed else {}))
    arrival = Arrival(f"{wamid}:{status}", EventKind.RECEIPT, body, opaque=opaque)
    await store.arrive([arrival], now=now)
    await store.apply_receipts(now=now)


async def state(store: Store) -> tuple[str, str | None]:
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT state, receipt FROM outbox"))
    return row["state"], row["receipt"]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("remedy", [Remedy.SOON, Remedy.LATER, Remedy.TEMPLATE])
@pytest.mark.parametrize("order", list(permutations(("sent", "failed", "delivered", "read"))), ids="-".join)
async def test_what_came_after_all_is_not_sent_again(
    order: Sequence[str], remedy: Remedy, named: bool, store: Store, chat: Chat
) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    for n, status in enumerate(order):
        await hear(store, "wamid.A", status, delivery.opaque if named else None, 10 + n, remedy)
    assert await store.claim_due(now=100 * HOUR, limit=5, lease=60_000) == []
    assert await state(store) == ("done", "read")


@pytest.mark.parametrize("outcome", ["accepted", "cut off"])
async def test_what_comes_while_the_second_is_on_its_way_is_the_end_of_it(
    outcome: str, store: Store, chat: Chat
) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "failed", None, 10)
    [again] = await store.claim_due(now=HOUR, limit=5, lease=60_000)
    await hear(store, "wamid.A", "delivered", None, HOUR + 1)
    second = Done(again.claim, "wamid.B") if outcome == "accepted" else Again(again.claim, HOUR + 9, "cut")
    await store.record([second], now=HOUR + 2)
    await hear(store, "wamid.B", "failed", again.opaque, HOUR + 3)
    assert await store.claim_due(now=100 * HOUR, limit=5, lease=60_000) == []
    assert await state(store) == ("done", "delivered")


ORDERS = sorted(
    order
    for order in permutations(("sent A", "failed A", "sent B", "failed B"))
    if order.index("failed A") < min(order.index("sent B"), order.index("failed B"))
)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
async def test_what_never_came_goes_again(
    order: Sequence[str], named: bool, store: Store, chat: Chat
) -> None:
    """However late the receipt `sent` of a failed copy comes."""
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    for n, (status, copy) in enumerate(word.split() for word in order):
        await hear(store, f"wamid.{copy}", status, delivery.opaque if named else None, 10 + n)
        if (status, copy) == ("failed", "A"):
            [again] = await store.claim_due(now=HOUR, limit=5, lease=60_000)
            await store.record([Done(again.claim, "wamid.B")], now=HOUR)
    [third] = await store.claim_due(now=2 * HOUR, limit=5, lease=60_000)
    assert third.attempts == 3


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
async def test_what_came_before_may_come_again_at_any_time(
    order: Sequence[str], store: Store, chat: Chat
) -> None:
    """A receipt that is applied leaves no row by which it would be known again."""
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    ends = []
    for n, word in enumerate(order):
        for said in (word, *order[: n + 1]):
            status, copy = said.split()
            await hear(store, f"wamid.{copy}", status, delivery.opaque, 10 + n)
            ends.append(await _entry(store))
        assert ends[-n - 2 :] == [ends[-1]] * (n + 2), "what came again changed nothing"
        if word == "failed A":
            [again] = await store.claim_due(now=HOUR, limit=5, lease=60_000)
            await hear(store, "wamid.A", "failed", delivery.opaque, HOUR)
            await store.record([Done(again.claim, "wamid.B")], now=HOUR)
            sent = await _entry(store)
            await store.apply_receipts(now=2 * HOUR)
            assert await _entry(store) == sent, "it is of the copy before"


async def _entry(store: Store) -> dict[str, Any]:
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT * FROM outbox"))
    return row


async def test_a_second_whose_answer_was_lost_is_settled_by_its_own_word(store: Store, chat: Chat) -> None:
    delivery = await claimed_delivery(store, chat, PAID)
    await store.record([Done(delivery.claim, "wamid.A")], now=3)
    await hear(store, "wamid.A", "failed", None, 10)
    [again] = await store.claim_due(now=HOUR, limit=5, lease=60_000)
    await store.record([Again(again.claim, HOUR + 30_000, "no answer")], now=HOUR)
    await hear(store, "wamid.A", "sent", again.opaque, HOUR + 1)
    assert (await state(store))[0] == "pending"
    await hear(store, "wamid.B", "sent", again.opaque, HOUR + 2)
    assert await state(store) == ("done", "sent")
