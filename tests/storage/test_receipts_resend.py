"""Messages that were accepted and then failed: sent once more where that may help, else a notice."""

import pytest

from flows.messages.kinds import (
    AddressForm,
    Buttons,
    Document,
    Image,
    Link,
    List,
    Message,
    Reply,
    Section,
    Text,
    Video,
    from_json,
)
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Delivery, Done
from storage.outbox.resend import GAPS, Remedy
from tests.storage.delivery_claims import Chat, claimed_delivery
from tests.storage.handwritten_rows import run_sql
from tests.storage.receipt_bodies import receipt_body

PICTURE = "https://shop.example/chai.jpg"
YES = (Reply("1|yes|", "Yes"),)


async def accepted(store: Store, chat: Chat, message: Message) -> Delivery:
    """The message, accepted by WhatsApp as `wamid.0`."""
    delivery = await claimed_delivery(store, chat, message)
    await store.record([Done(delivery.claim, "wamid.0")], now=3)
    return delivery


async def fails(store: Store, wamid: str, remedy: Remedy | None, now: int) -> None:
    body = receipt_body("failed", wamid, error={"code": 131000}, remedy=remedy)
    await store.arrive([Arrival(f"{wamid}:failed", EventKind.RECEIPT, body)], now=now)
    await store.apply_receipts(now=now)


async def notices(store: Store) -> list[tuple[str, str]]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT kind, said FROM notice"))
    return [(row["kind"], row["said"]) for row in rows]


@pytest.mark.parametrize("remedy", GAPS)
async def test_it_goes_again_after_ever_longer_gaps_then_an_operator_hears_of_it(
    remedy: Remedy, store: Store, chat: Chat
) -> None:
    await accepted(store, chat, Text("Paid!"))
    now = 10
    for n, gap in enumerate(GAPS[remedy]):
        await fails(store, f"wamid.{n}", remedy, now)
        assert await notices(store) == []
        assert await store.claim_due(now=now + gap - 1, limit=5, lease=60_000) == []
        now += gap
        [again] = await store.claim_due(now=now, limit=5, lease=60_000)
        assert from_json(again.payload) == Text("Paid!")
        await store.record([Done(again.claim, f"wamid.{n + 1}")], now=now)
    await fails(store, f"wamid.{len(GAPS[remedy])}", remedy, now)
    assert await store.claim_due(now=now + 10**9, limit=5, lease=60_000) == []
    [(kind, said)] = await notices(store)
    assert kind == "message"
    assert "131000" in said
    assert "template" not in said


async def test_a_late_word_on_the_copy_that_failed_sends_no_third(store: Store, chat: Chat) -> None:
    await accepted(store, chat, Text("Paid!"))
    await fails(store, "wamid.0", Remedy.SOON, 10)
    [again] = await store.claim_due(now=5_000, limit=5, lease=60_000)
    await store.record([Done(again.claim, "wamid.1")], now=5_001)
    body = receipt_body("failed", "wamid.0", again.opaque, remedy=Remedy.SOON)
    await store.arrive([Arrival("late", EventKind.RECEIPT, body, opaque=again.opaque)], now=5_002)
    await store.apply_receipts(now=5_002)
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == []
    assert await notices(store) == []


async def test_what_was_delivered_does_not_go_again(store: Store, chat: Chat) -> None:
    await accepted(store, chat, Text("Paid!"))
    body = receipt_body("delivered", "wamid.0")
    await store.arrive([Arrival("delivered", EventKind.RECEIPT, body)], now=9)
    await store.apply_receipts(now=9)
    await fails(store, "wamid.0", Remedy.SOON, 10)
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == []


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (Buttons("Chai?", YES, image=PICTURE), Buttons("Chai?", YES)),
        (
            Link("Pay", "Pay", "https://shop.example", image=PICTURE),
            Link("Pay", "Pay", "https://shop.example"),
        ),
        (Image(PICTURE, "Chai"), Text("Chai")),
        (Video(PICTURE, "How we make it"), Text("How we make it")),
        (Document(PICTURE, "Prices", "prices.pdf"), Text("Prices")),
        (AddressForm("Where?", "Asha"), Text("Where?")),
    ],
)
async def test_in_its_plain_form(message: Message, left: Message, store: Store, chat: Chat) -> None:
    await accepted(store, chat, message)
    await fails(store, "wamid.0", Remedy.PLAIN, 10)
    [again] = await store.claim_due(now=10, limit=5, lease=60_000)
    assert from_json(again.payload) == left
    await store.record([Done(again.claim, "wamid.1")], now=11)
    await fails(store, "wamid.1", Remedy.PLAIN, 12)
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == []
    assert [kind for kind, _ in await notices(store)] == ["message"]


@pytest.mark.parametrize(
    "message",
    [
        Image(PICTURE),
        Image(PICTURE, " "),
        Video(PICTURE),
        Document(PICTURE, None, "prices.pdf"),
        Text("Chai"),
        List("Chai?", "See", (Section("", YES),)),
    ],
)
async def test_what_has_no_picture_or_nothing_else_has_failed(
    message: Message, store: Store, chat: Chat
) -> None:
    await accepted(store, chat, message)
    await fails(store, "wamid.0", Remedy.PLAIN, 10)
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == []
    assert [kind for kind, _ in await notices(store)] == ["message"]


@pytest.mark.parametrize(
    "payload",
    [
        "{}",
        "[]",
        "no JSON",
        '{"kind": "of old"}',
        '{"kind": "text", "body": "Paid!", "failed_copies": 7}',
        '{"kind": "text", "body": "Paid!", "failed_copies": null}',
        '{"kind": "text", "body": "Paid!", "undelivered": "a"}',
    ],
)
@pytest.mark.parametrize("remedy", Remedy)
async def test_a_message_that_cannot_be_read_fails_alone(
    remedy: Remedy, payload: str, store: Store, chat: Chat
) -> None:
    await accepted(store, chat, Text("Paid!"))
    await run_sql(store, f"UPDATE outbox SET payload = '{payload}'")
    other = Arrival("other", EventKind.RECEIPT, receipt_body("delivered", "wamid.none"))
    await store.arrive([other], now=9)
    await fails(store, "wamid.0", remedy, 10)
    assert len(await notices(store)) == 1
    assert await store.claim_due(now=10**9, limit=5, lease=60_000) == []
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT receipt FROM outbox"))
    assert row["receipt"] == "failed"
