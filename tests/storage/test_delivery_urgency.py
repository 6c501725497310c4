"""Confirmations leave before reminders; unreadable entries and background polls hold up nobody."""

from collections.abc import Callable

import pytest

from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.ledger.calls import CancelLink, FetchPayments
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Delivery, Done
from tests.builders import change_set

Chat = Callable[..., Arrival]

MINUTE = 60_000


def speak(given: StepInput) -> ChangeSet:
    """Says each text back; one that begins with ? is a reminder."""
    texts = [event.body["text"] for event in given.events]
    return change_set(
        given, messages=[Say("echo", Text(text), reminder=text.startswith("?")) for text in texts]
    )


async def say(store: Store, chat: Chat, *texts: str, phone: str = "91981", now: int = 1) -> None:
    await store.arrive([chat(f"{phone}.{text}", phone=phone, text=text) for text in texts], now=now)
    await store.advance_due(speak, now=now)


async def claim(store: Store, limit: int = 10, now: int = 10) -> list[Delivery]:
    return await store.claim_due(now=now, limit=limit, lease=MINUTE)


def bodies(claimed: list[Delivery]) -> list[str]:
    return [d.payload["body"] for d in claimed]


async def test_a_customers_reminders_come_last(store: Store, chat: Chat) -> None:
    await say(store, chat, "?1", "a", "?2", "b")
    claimed = await claim(store)
    assert bodies(claimed) == ["a", "b"]
    assert await claim(store) == [], "and not before the others were accepted"
    await store.record([Done(d.claim, None) for d in claimed], now=10)
    assert bodies(await claim(store)) == ["?1", "?2"]


async def test_across_customers_too(store: Store, chat: Chat) -> None:
    for n in range(6):
        await say(store, chat, f"?{n}", phone=f"9198{n}")
    for n in range(6, 9):
        await say(store, chat, str(n), phone=f"9198{n}", now=9)
    assert bodies(await claim(store, limit=4)) == ["6", "7", "8", "?0"]


async def test_a_reminder_under_way_is_overtaken(store: Store, chat: Chat) -> None:
    await say(store, chat, "?1")
    [reminder] = await claim(store)
    await say(store, chat, "a")
    assert bodies(await claim(store)) == ["a"]
    await store.record([Again(reminder.claim, at=50_000, error="busy")], now=11)
    await say(store, chat, "b")
    assert await claim(store) == [], "and nothing else is: b waits for a"


async def test_a_confirmation_that_waits_holds_up_the_reminders(store: Store, chat: Chat) -> None:
    await say(store, chat, "a", "?1")
    [first] = await claim(store)
    await store.record([Again(first.claim, at=5_000, error="busy")], now=10)
    assert await claim(store, now=4_999) == []
    assert bodies(await claim(store, now=5_000)) == ["a"]


async def test_many_reminders_do_not_hide_a_confirmation(store: Store, chat: Chat) -> None:
    for n in range(40):
        await say(store, chat, f"?{n}", phone=f"9198{n}")
    await say(store, chat, "paid", phone="91970", now=9)
    assert bodies(await claim(store, limit=1)) == ["paid"]


async def test_reminders_that_must_wait_do_not_hide_one_that_may_go(store: Store, chat: Chat) -> None:
    for n in range(30):
        await say(store, chat, "?waits", "a", phone=f"9198{n}")
    held = await claim(store, limit=100)
    await store.record([Again(d.claim, at=MINUTE, error="busy") for d in held], now=10)
    await say(store, chat, "?goes", phone="91970", now=9)
    assert bodies(await claim(store, limit=1)) == ["?goes"]


async def test_what_nobody_waits_for_has_a_lane_of_its_own(store: Store, chat: Chat) -> None:
    def ask(given: StepInput) -> ChangeSet:
        calls = (FetchPayments("a-1.1", None), CancelLink("a-1.1", None), FetchPayments("a-1.1", None, True))
        return change_set(given, calls=calls)

    await store.arrive([chat("1")], now=1)
    await store.advance_due(ask, now=1)
    claimed = await claim(store)
    assert [(d.lane, d.name) for d in claimed] == [
        ("pay", "CancelLink"),
        ("pay", "FetchPayments"),
        ("poll", "FetchPayments"),
    ]


@pytest.mark.parametrize("spoilt", ["{", "7", '["text"]', ""])
async def test_an_entry_that_cannot_be_read_fails_alone(store: Store, chat: Chat, spoilt: str) -> None:
    await say(store, chat, "a", "b")
    await say(store, chat, "c", phone="91982")
    spoil = """UPDATE outbox SET payload = $1 WHERE payload = '{"kind":"text","body":"a"}'"""
    await store._units.run(lambda tx: tx.fetch(spoil, spoilt))
    assert bodies(await claim(store)) == ["b", "c"]
    read = "SELECT state, error, finished_at FROM outbox WHERE state = 'failed'"
    [failed] = await store._units.read(lambda tx: tx.fetch(read))
    assert failed["error"].startswith("its payload cannot be read: ")
    assert failed["finished_at"] == 10
    [notice] = await store._units.read(lambda tx: tx.fetch("SELECT kind, said FROM notice"))
    assert notice["kind"] == "outbox"
    assert "'echo'" in notice["said"]
