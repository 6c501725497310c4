"""A message that may have been sent is not sent again before its receipt had time to come."""

from collections.abc import Callable

from payments.processing.changes import ChangeSet
from payments.processing.results import LinkRefused
from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Delivery, Done, Failed
from tests.storage.receipt_bodies import receipt_body

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


async def cut_off(store: Store, chat: Chat, echo: Echo) -> Delivery:
    """A message whose sender died before it recorded the outcome."""
    await store.arrive([chat("1")], now=1)
    await store.advance_due(echo, now=1)
    [delivery] = await store.claim_due(now=1, limit=5, lease=MINUTE)
    return delivery


def receipt(delivery: Delivery) -> Arrival:
    body = receipt_body("sent", "wamid.A", delivery.opaque)
    return Arrival("receipt:A", EventKind.RECEIPT, body, opaque=delivery.opaque)


async def claim(store: Store, now: int) -> list[Delivery]:
    return await store.claim_due(now=now, limit=5, lease=MINUTE)


async def test_whoever_was_there_takes_over_when_the_lease_ends(store: Store, chat: Chat, echo: Echo) -> None:
    await cut_off(store, chat, echo)
    assert len(await claim(store, MINUTE + SECOND)) == 1


async def test_after_a_time_with_nobody_there_the_word_gets_its_time(
    store: Store, chat: Chat, echo: Echo
) -> None:
    """The receipt could not be delivered either; Meta delivers it again."""
    delivery = await cut_off(store, chat, echo)
    assert await claim(store, HOUR) == []
    assert await claim(store, HOUR + 29 * SECOND) == []
    await store.arrive([receipt(delivery)], now=HOUR + 29 * SECOND)
    await store.apply_receipts(now=HOUR + 29 * SECOND)
    assert await claim(store, 2 * HOUR) == [], "it was sent"


async def test_without_a_word_it_is_sent_again_however_late(store: Store, chat: Chat, echo: Echo) -> None:
    await cut_off(store, chat, echo)
    assert await claim(store, HOUR) == []
    [again] = await claim(store, 2 * HOUR)
    assert again.attempts == 2


async def test_a_receipt_that_is_stored_is_applied_first(store: Store, chat: Chat, echo: Echo) -> None:
    delivery = await cut_off(store, chat, echo)
    await store.record([Again(delivery.claim, at=30 * SECOND, error="no answer")], now=2)
    await store.arrive([receipt(delivery)], now=29 * SECOND)
    assert await claim(store, 30 * SECOND) == []
    await store.apply_receipts(now=31 * SECOND)
    assert await claim(store, HOUR) == []


async def test_a_receipt_that_nobody_can_apply_holds_up_nobody_for_long(
    store: Store, chat: Chat, echo: Echo
) -> None:
    delivery = await cut_off(store, chat, echo)
    await store.record([Again(delivery.claim, at=30 * SECOND, error="no answer")], now=2)
    await store.arrive([receipt(delivery)], now=29 * SECOND)
    assert await claim(store, 88 * SECOND) == []
    assert len(await claim(store, 89 * SECOND)) == 1


async def test_a_message_that_was_never_tried_waits_for_no_receipt(
    store: Store, chat: Chat, echo: Echo
) -> None:
    earlier = await cut_off(store, chat, echo)
    await store.record([Done(earlier.claim, "wamid.A")], now=2)
    await store.arrive([receipt(earlier), chat("2")], now=3)
    await store.advance_due(echo, now=3)
    assert len(await claim(store, 3)) == 1


async def test_what_comes_of_an_old_claim_does_not_count(store: Store, chat: Chat, echo: Echo) -> None:
    old = await cut_off(store, chat, echo)
    [new] = await claim(store, MINUTE + 1)
    for late in (
        Again(old.claim, at=MINUTE + 2, error="late"),
        Again(old.claim, at=MINUTE + 2, error="late", counts=False),
        Failed(old.claim, "late", LinkRefused("c-1-1.1", "no")),
        Done(old.claim, "wamid.old"),
    ):
        await store.record([late], now=MINUTE + 2)
    await store.release([old.claim])
    assert await claim(store, MINUTE + 3) == [], "it is another's"
    await store.record([Done(new.claim, "wamid.new")], now=MINUTE + 4)
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT state, provider_id, attempts FROM outbox"))
    assert row == {"state": "done", "provider_id": "wamid.new", "attempts": 2}
    assert await store.advance_due(echo, now=HOUR) == 0, "and it gave no result"
