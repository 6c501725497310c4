"""Receipts of what shows or closes an order card: they are told to its order, and nothing is sent again."""

import pytest

from flows.messages.kinds import CardUpdate, Message, Payment
from payments.processing import results
from payments.processing.results import CardArrived, LinkKept, LinkRefused, LinkWithdrawn, Result
from payments.processing.step_input import EventKind
from payments.shop.orders import LinkStatus
from storage import Store
from storage.database.encoding import loads
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Done
from storage.outbox.resend import Remedy
from tests.payments.card_bills import bill
from tests.storage.delivery_claims import Chat, claimed_delivery
from tests.storage.receipt_bodies import receipt_body

CARD = "c-1-1.c1"
SHOWN = Payment("Order #1", CARD, bill=bill())
CLOSED = CardUpdate("Closed", CARD, "canceled")


async def told(
    store: Store, chat: Chat, message: Message, *statuses: str, code: int = 131009, tries: int = 1
) -> list[Result]:
    """What the order hears once a try of the message was accepted, and these statuses of it came."""
    delivery = await claimed_delivery(store, chat, message)
    for _ in range(1, tries):
        await store.record([Again(delivery.claim, 3, "the answer was lost")], now=3)
        [delivery] = await store.claim_due(now=3, limit=5, lease=60_000)
    await store.record([Done(delivery.claim, "wamid.0")], now=3)
    for at, status in enumerate(statuses, 10):
        error = {"code": code} if status == "failed" else None
        body = receipt_body(status, "wamid.0", error=error, remedy=Remedy.PLAIN if error else None)
        await store.arrive([Arrival(f"wamid.0:{status}", EventKind.RECEIPT, body)], now=at)
        await store.apply_receipts(now=at)
    sql = "SELECT body, order_key FROM inbox WHERE kind = 'result' ORDER BY id"
    rows = await store._units.read(lambda tx: tx.fetch(sql))
    assert all(row["order_key"] == "c-1-1" for row in rows)
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == [], "nothing is sent again"
    return [results.from_json(loads(row["body"])) for row in rows]


async def test_a_card_that_arrives_is_no_news(store: Store, chat: Chat) -> None:
    assert await told(store, chat, SHOWN, "sent", "delivered", "read") == []


async def test_a_card_that_failed_was_not_shown(store: Store, chat: Chat) -> None:
    [refused] = await told(store, chat, SHOWN, "sent", "failed")
    assert isinstance(refused, LinkRefused)
    assert (refused.reference_id, refused.certain) == (CARD, True)


async def test_a_card_of_which_an_earlier_copy_may_have_arrived_is_not_certainly_refused(
    store: Store, chat: Chat
) -> None:
    [refused] = await told(store, chat, SHOWN, "failed", tries=2)
    assert isinstance(refused, LinkRefused)
    assert not refused.certain


async def test_a_card_that_arrives_after_it_failed_is_told(store: Store, chat: Chat) -> None:
    refused, arrived = await told(store, chat, SHOWN, "failed", "delivered")
    assert isinstance(refused, LinkRefused)
    assert arrived == CardArrived(CARD)


@pytest.mark.parametrize("arrived", ["delivered", "read"])
async def test_a_card_is_closed_when_the_customer_has_it_and_not_when_meta_took_the_message(
    store: Store, chat: Chat, arrived: str
) -> None:
    assert await told(store, chat, CLOSED, "sent", arrived) == [
        LinkWithdrawn(CARD, CARD, LinkStatus.CANCELLED)
    ]


async def test_taken_alone_closes_nothing(store: Store, chat: Chat) -> None:
    assert await told(store, chat, CLOSED, "sent") == []


async def test_a_card_that_was_paid_meanwhile_is_kept(store: Store, chat: Chat) -> None:
    [kept] = await told(store, chat, CLOSED, "sent", "failed", code=2047)
    assert isinstance(kept, LinkKept)
    assert kept.reference_id == CARD


@pytest.mark.parametrize(("tries", "meant"), [(1, LinkKept), (2, LinkWithdrawn)])
async def test_a_card_that_is_over_was_closed_by_an_earlier_try_if_there_was_one(
    store: Store, chat: Chat, tries: int, meant: type[Result]
) -> None:
    [result] = await told(store, chat, CLOSED, "failed", code=2046, tries=tries)
    assert isinstance(result, meant)
