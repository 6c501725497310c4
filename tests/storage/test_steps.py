"""Claim, decide, save: nothing is lost or done twice, and one bad event harms no other."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from tortoise.exceptions import IntegrityError

from flows.engine.effects import Say, StartTimer
from flows.messages.kinds import Text
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.nonces import LETTERS
from storage.outbox.deliveries import Done
from tests.builders import change_set, order
from tests.storage.next_due import next_due
from tests.storage.order_placement import place_order
from tests.storage.step_stores import HI, StepStore

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]


SAME = order("same-1-1", lines=(), number="1")
"""Every customer gets this order key: the first may keep it."""


async def state(store: Store, number: int) -> str:
    event = await store.event(number)
    assert event is not None
    return event.state


async def test_due_events_are_stepped_oldest_first(store: Store, chat: Chat, echo: Echo) -> None:
    stored = await store.arrive([chat(f"m{n}", text=f"word {n}") for n in range(5)], now=1000)
    assert await store.advance_due(echo, now=1000) == 5
    assert await store.advance_due(echo, now=1000) == 0
    sent = await store.claim_due(now=1000, limit=10, lease=1000)
    assert [d.payload["body"] for d in sent] == [f"word {n}" for n in range(5)]
    event = await store.event(stored[2].number)
    assert event is not None
    assert (event.state, event.trace) == ("applied", ({"seen": event.number},))


async def test_no_two_steps_have_the_same_letters(store: Store, chat: Chat) -> None:
    """Also of steps of one conversation, and of an event that is stepped again after a restore."""
    seen: list[str] = []

    def look(given: StepInput) -> ChangeSet:
        seen.append(given.nonce)
        return change_set(given)

    for n in range(5):
        await store.arrive([chat(f"m{n}"), chat(f"x{n}", phone=f"91980000001{n}")], now=n)
        await store.advance_due(look, now=n)
    assert len(set(seen)) == len(seen) == 10
    assert {len(nonce) for nonce in seen} == {LETTERS}


async def test_the_conversation_survives(steps: StepStore) -> None:
    def count(given: StepInput) -> ChangeSet:
        data = {"count": given.conversation.data.get("count", 0) + len(given.events)}
        return change_set(given, conversation=replace(given.conversation, state="browsing", data=data))

    first = (await steps.look(HI)).conversation
    await steps.step(count, HI)
    await steps.step(count, HI, HI)
    seen = (await steps.look(HI)).conversation
    assert (seen.id, seen.state, seen.data) == (first.id, "browsing", {"count": 3})


async def test_a_long_queue_is_taken_in_order_over_several_rounds(
    store: Store, chat: Chat, echo: Echo
) -> None:
    await store.arrive([chat(f"m{n}", text=str(n)) for n in range(120)], now=1)
    assert [await store.advance_due(echo, now=1) for _ in range(4)] == [50, 50, 20, 0]
    said: list[str] = []
    while sent := await store.claim_due(now=1 + len(said) * 6_000, limit=100, lease=1):
        said += [d.payload["body"] for d in sent]
        await store.record([Done(d.claim, f"wamid.{d.id}") for d in sent], now=1)
    assert said == [str(n) for n in range(120)]


async def test_timers_wait_until_they_are_due(store: Store, chat: Chat, echo: Echo) -> None:
    def start(given: StepInput) -> ChangeSet:
        return change_set(given, timers=(StartTimer("cart", "10 min", 3, due=60_000),))

    await store.arrive([chat("1")], now=1000)
    await store.advance_due(start, now=1000)
    assert await next_due(store) == 60_000
    assert await store.advance_due(echo, now=59_999) == 0
    assert await store.advance_due(echo, now=60_000) == 1
    [sent] = await store.claim_due(now=60_000, limit=1, lease=1)
    assert sent.payload["body"] == "10 min"


async def test_the_same_timer_of_one_visit_starts_once(store: Store, chat: Chat) -> None:
    def start(given: StepInput) -> ChangeSet:
        return change_set(given, timers=(StartTimer("cart", "10 min", 3, due=5_000 + len(given.events)),))

    await store.arrive([chat("1")], now=1)
    await store.advance_due(start, now=1)
    await store.arrive([chat("2"), chat("3")], now=2)
    await store.advance_due(start, now=2)
    assert await next_due(store) == 5_001
    assert (await store.counts(now=9_999)).pending == 1


async def test_an_event_that_came_before_a_timer_was_due_goes_first(
    store: Store, chat: Chat, echo: Echo
) -> None:
    def start(given: StepInput) -> ChangeSet:
        return change_set(given, timers=(StartTimer("cart", "later", 1, due=5000),))

    await store.arrive([chat("1")], now=1000)
    await store.advance_due(start, now=1000)
    await store.arrive([chat("2", text="sooner")], now=2000)
    assert await store.advance_due(echo, now=9000) == 2
    sent = await store.claim_due(now=9000, limit=5, lease=1)
    assert [d.payload["body"] for d in sent] == ["sooner", "later"]


async def test_a_failing_event_is_parked_and_the_rest_goes_on(store: Store, chat: Chat) -> None:
    def fragile(given: StepInput) -> ChangeSet:
        if any(e.body["text"] == "poison" for e in given.events):
            raise RuntimeError("cannot digest")
        said = tuple(Say("ok", Text(e.body["text"])) for e in given.events)
        return change_set(given, messages=said)

    texts = ["before", "poison", "after"]
    stored = await store.arrive(
        [chat(f"a{t}", text=t, raw=f"how {t} came") for t in texts]
        + [chat("b", phone="919811111111", text="other")],
        now=1,
    )
    while await store.advance_due(fragile, now=1):
        pass
    assert [await state(store, s.number) for s in stored] == ["applied", "parked", "applied", "applied"]
    parked = await store.event(stored[1].number)
    assert parked is not None
    assert parked.error is not None
    assert "cannot digest" in parked.error
    rows = await store._units.read(lambda tx: tx.fetch("SELECT raw FROM inbox ORDER BY id"))
    kept = [row["raw"] for row in rows]
    assert kept == [None, "how poison came", None, None], "what was handled needs no evidence"
    sent = await store.claim_due(now=1, limit=10, lease=1)
    assert sorted(d.payload["body"] for d in sent) == ["after", "before", "other"]
    assert (await store.counts(now=1)).parked == 1


async def test_what_cannot_be_stored_is_parked(store: Store, chat: Chat) -> None:
    def unstorable(given: StepInput) -> ChangeSet:
        words = {"nul": "a\x00b", "half": "\ud83d", "big": "fine"}[given.events[0].body["text"]]
        timer = StartTimer("s", words, 1, due=2**70 if words == "fine" else 5)
        return change_set(given, timers=(timer,))

    texts = ["nul", "half", "big"]
    stored = await store.arrive([chat(t, phone=f"9198{n:08}", text=t) for n, t in enumerate(texts)], now=1)
    assert await store.advance_due(unstorable, now=1) == 3
    assert [await state(store, s.number) for s in stored] == ["parked"] * 3


async def test_an_unanswered_event_is_parked_instead_of_coming_back_for_ever(
    store: Store, chat: Chat
) -> None:
    [stored] = await store.arrive([chat("1")], now=1)
    assert await store.advance_due(lambda given: ChangeSet(given.conversation), now=1) == 1
    assert await state(store, stored.number) == "parked"


async def test_what_only_the_database_refuses_is_parked_alone(store: Store, chat: Chat) -> None:
    def place(given: StepInput) -> ChangeSet:
        number, id = str(given.next_number), given.conversation.id
        placed = replace(SAME, number=number, conversation=id, placed_by=given.events[0].number)
        return change_set(given, placed=(placed,))

    stored = await store.arrive([chat(f"m{n}", phone=f"9198{n:08}") for n in range(4)], now=1)
    while await store.advance_due(place, now=1):
        pass
    states = [await state(store, s.number) for s in stored]
    assert sorted(states) == ["applied", "parked", "parked", "parked"]


async def test_only_the_event_that_the_database_refuses_is_parked(store: Store, chat: Chat) -> None:
    def place(given: StepInput) -> ChangeSet:
        orders = tuple(
            replace(
                SAME,
                number=str(given.next_number + n),
                conversation=given.conversation.id,
                placed_by=e.number,
            )
            for n, e in enumerate(e for e in given.events if e.body["text"] == "order")
        )
        return change_set(given, placed=orders)

    texts = ["order", "before", "order", "after"]
    stored = await store.arrive([chat(f"m{n}", text=text) for n, text in enumerate(texts)], now=1)
    while await store.advance_due(place, now=1):
        pass
    states = [await state(store, s.number) for s in stored]
    assert states == ["applied", "applied", "parked", "applied"]


@pytest.mark.parametrize("snapshot", ["{", "[]]", '{"state": 1}', "7"])
async def test_a_conversation_that_cannot_be_read_harms_nobody_else(
    snapshot: str, store: Store, chat: Chat, echo: Echo
) -> None:
    first, second, other = await store.arrive([chat("1"), chat("2"), chat("3", phone="91982")], now=1)
    spoil = "UPDATE conversation SET snapshot = $1 WHERE id = (SELECT MIN(id) FROM conversation)"
    await store._units.run(lambda tx: tx.fetch(spoil, snapshot))
    assert await store.advance_due(echo, now=1) == 2
    states = [await state(store, s.number) for s in (first, second, other)]
    assert states == ["parked", "pending", "applied"]


@pytest.mark.parametrize("body", ["{", '{"facts": [7]}', '{"facts": 7}', "7"])
async def test_an_event_that_cannot_be_read_is_parked_alone(
    body: str, store: Store, chat: Chat, echo: Echo
) -> None:
    stored = await store.arrive([chat("1"), chat("2"), chat("3"), chat("4", phone="91982")], now=1)
    spoil = "UPDATE inbox SET body = $1, kind = 'facts' WHERE id = $2"
    await store._units.run(lambda tx: tx.fetch(spoil, body, stored[1].number))
    assert await store.advance_due(echo, now=1) == 4
    rows = await store._units.read(lambda tx: tx.fetch("SELECT state, error FROM inbox ORDER BY id"))
    assert [row["state"] for row in rows] == ["applied", "parked", "applied", "applied"]
    assert "Error" in rows[1]["error"]


async def test_an_order_that_cannot_be_read_is_its_customers_alone(
    store: Store, chat: Chat, echo: Echo
) -> None:
    mine, other = await store.arrive([chat("1"), chat("2", phone="91982")], now=1)
    await store.advance_due(place_order, now=1)
    await store._units.run(lambda tx: tx.fetch("UPDATE orders SET lines = '{'"))
    key = f"{mine.conversation}-1"
    told = Arrival("f", EventKind.FACTS, {"order_key": key, "facts": []}, order_key=key)
    facts, word = await store.arrive([told, chat("3", phone="91982")], now=2)
    assert facts.conversation == mine.conversation != other.conversation
    assert await store.advance_due(echo, now=2) == 2
    assert [await state(store, s.number) for s in (facts, word)] == ["parked", "applied"]


async def test_a_crash_before_commit_loses_nothing(store: Store, chat: Chat, echo: Echo) -> None:
    class Crash(BaseException):
        pass

    def crash(given: StepInput) -> ChangeSet:
        raise Crash

    [stored] = await store.arrive(
        [
            chat("1"),
        ],
        now=1,
    )
    with pytest.raises(Crash):
        await store.advance_due(crash, now=1)
    await store.ping()
    assert await state(store, stored.number) == "pending"
    assert await store.advance_due(echo, now=1) == 1


async def test_two_processes_step_every_event_once_and_in_order(
    store: Store, rival: Store, chat: Chat
) -> None:
    def remember(given: StepInput) -> ChangeSet:
        seen = [*given.conversation.data.get("seen", ()), *(e.body["text"] for e in given.events)]
        said = tuple(Say("once", Text(e.body["text"])) for e in given.events)
        conversation = replace(given.conversation, data={"seen": seen})
        return change_set(given, conversation=conversation, messages=said)

    for round in range(6):
        await store.arrive(
            [chat(f"{round}.{n}", phone=f"9198{n:08}", text=str(round)) for n in range(40)], now=round
        )
        await asyncio.gather(
            *(s.advance_due(remember, now=round, limit=7) for s in (store, rival) for _ in range(4))
        )
    while await store.advance_due(remember, now=10) + await rival.advance_due(remember, now=10):
        pass
    seen = []

    def look(given: StepInput) -> ChangeSet:
        seen.append(given.conversation.data["seen"])
        return change_set(given)

    await store.arrive([chat(f"last.{n}", phone=f"9198{n:08}") for n in range(40)], now=11)
    await store.advance_due(look, now=11)
    assert seen == [[str(round) for round in range(6)]] * 40
    assert (await store.counts(now=11)).unfinished == 240


async def test_states_and_times_are_tied_together(store: Store, chat: Chat) -> None:
    await store.arrive([chat("1")], now=1)
    for change in ("state = 'applied'", "state = 'nonsense'", "state = 'parked', handled_at = 1"):
        with pytest.raises(IntegrityError):
            await store._units.run(lambda tx, change=change: tx.fetch(f"UPDATE inbox SET {change}"))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("sent_at", "heard_at"),
    [
        (None, 10**12),
        (0, 10**12),
        (10**12 - 3_600_000, 10**12 - 3_600_000),
        (10**12 + 5, 10**12),
    ],
)
async def test_the_customers_last_word_counts_from_when_it_was_written(
    store: Store, chat: Chat, sent_at: int | None, heard_at: int
) -> None:
    arrival = chat("1")
    await store.arrive([replace(arrival, body={**arrival.body, "sent_at": sent_at})], now=10**12)
    await store.advance_due(lambda given: change_set(given, messages=(Say("a", Text("a")),)), now=10**12)
    [sent] = await store.claim_due(now=10**12, limit=1, lease=1)
    assert sent.last_inbound_at == heard_at
    # An older word that comes later changes nothing.
    old = replace(chat("2"), body={"text": "x", "sent_at": 10**12 - 7_200_000})
    await store.arrive([old], now=10**12 + 1)
    await store.advance_due(lambda given: change_set(given, messages=(Say("b", Text("b")),)), now=10**12 + 1)
    [again] = await store.claim_due(now=10**12 + 1, limit=1, lease=1)
    assert again.last_inbound_at == heard_at


async def test_who_leaves_a_state_is_not_reminded_of_it(store: Store, chat: Chat) -> None:
    def remind(given: StepInput) -> ChangeSet:
        said = (Say("pay", Text("pay")), Say("reminder", Text("r"), reminder=True))
        return change_set(given, messages=said)

    def leave(given: StepInput) -> ChangeSet:
        said = (Say("paid", Text("p")), Say("later", Text("l"), reminder=True))
        return change_set(given, conversation=replace(given.conversation, visits=(9,)), messages=said)

    for n, step in enumerate((remind, leave)):
        await store.arrive([chat(str(n))], now=n)
        await store.advance_due(step, now=n)
    sent = [d.name for d in await store.claim_due(now=9, limit=9, lease=1)]
    sent += [d.name for d in await store.claim_due(now=999, limit=9, lease=1)]
    assert "reminder" not in sent
    assert sent[:2] == ["pay", "paid"]
    rows = await store._units.read(lambda tx: tx.fetch("SELECT name, state, error FROM outbox"))
    assert {row["name"]: row["error"] for row in rows if row["state"] == "failed"} == {
        "reminder": "the customer had moved on"
    }
