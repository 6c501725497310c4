"""Two conversations are merged: which one survives, what it takes over, and where later events go."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flows.engine.effects import Say, StartTimer
from flows.messages.kinds import Text
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from storage import Store
from storage.database.encoding import dumps
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Done
from storage.outbox.resend import Remedy
from tests.builders import change_set
from tests.storage.handwritten_rows import run_sql
from tests.storage.order_placement import place_order
from tests.storage.receipt_bodies import receipt_body

Chat = Callable[..., Arrival]
Step = Callable[[StepInput], ChangeSet]

PHONE = ("phone", "919800000001")
BSUID = ("bsuid", "IN.1")


async def rows(store: Store, sql: str) -> list[dict[str, Any]]:
    return await store._units.read(lambda tx: tx.fetch(sql))


async def two_conversations(store: Store, chat: Chat) -> tuple[str, str]:
    """The conversations of a phone number and of an id."""
    stored = await store.arrive([chat("p", aliases=(PHONE,)), chat("b", aliases=(BSUID,))], now=1000)
    return str(stored[0].conversation), str(stored[1].conversation)


async def merge(store: Store, chat: Chat, key: str = "both", now: int = 2000) -> str:
    """Store a message from both names. Return the conversation that both have from then on."""
    [stored] = await store.arrive([chat(key, aliases=(BSUID, PHONE))], now=now)
    return str(stored.conversation)


def number(conversation: str) -> int:
    return int(conversation.rpartition("-")[2])


def joins(given: StepInput) -> list[InboxEvent]:
    return [event for event in given.events if event.kind is EventKind.JOINED]


def do_nothing(given: StepInput) -> ChangeSet:
    return change_set(given)


async def test_who_was_heard_last_survives(store: Store, chat: Chat) -> None:
    by_phone, by_id = await two_conversations(store, chat)
    await store.arrive([chat("later", aliases=(BSUID,))], now=1500)
    await store.advance_due(do_nothing, now=1600)
    assert await merge(store, chat) == by_id != by_phone


async def test_of_two_who_were_never_heard_the_older_survives(store: Store, chat: Chat) -> None:
    by_phone, _ = await two_conversations(store, chat)
    assert await merge(store, chat) == by_phone


async def test_an_open_order_decides(store: Store, chat: Chat) -> None:
    by_phone, by_id = await two_conversations(store, chat)
    await store.advance_due(
        lambda c: place_order(c) if c.conversation.id == by_phone else do_nothing(c), now=1100
    )
    await store.arrive([chat("later", aliases=(BSUID,))], now=1500)
    await store.advance_due(do_nothing, now=1600)
    assert await merge(store, chat) == by_phone
    await run_sql(store, "UPDATE orders SET lifecycle = 'lapsed'")
    assert by_id != by_phone


async def test_all_goes_along_and_the_joining_is_stepped_first(store: Store, chat: Chat, echo: Step) -> None:
    by_phone, by_id = await two_conversations(store, chat)
    timer = StartTimer("shop", "tea", 1, 9_000)

    def first(given: StepInput) -> ChangeSet:
        return replace(echo(given), timers=[timer])

    await store.advance_due(first, now=1100)
    await store.arrive([chat("waits", aliases=(BSUID,), text="and me?")], now=1200)
    await store.arrive([chat("last", aliases=(PHONE,), text="here")], now=1300)
    seen: list[StepInput] = []

    def look(given: StepInput) -> ChangeSet:
        seen.append(given)
        return echo(given)

    survivor = await merge(store, chat)
    assert survivor == by_phone, "both were heard in one moment: the older"
    await store.advance_due(look, now=2000)
    [given] = seen
    assert [event.kind for event in given.events] == [
        EventKind.JOINED,
        EventKind.CHAT,
        EventKind.CHAT,
        EventKind.CHAT,
    ]
    assert [event.body.get("text") for event in given.events[1:]] == ["and me?", "here", "hi"]
    assert given.events[0].body["conversation"] == by_id
    waiting = await rows(store, "SELECT conversation_id AS id FROM outbox WHERE state = 'pending'")
    assert {row["id"] for row in waiting} == {number(survivor)}
    timers = await rows(
        store, "SELECT conversation_id AS id FROM inbox WHERE kind = 'timer' AND state = 'pending'"
    )
    assert [row["id"] for row in timers] == [number(survivor)], "the other's ended with its visits"
    assert await rows(store, f"SELECT id FROM inbox WHERE conversation_id = {number(by_id)}") == []
    [again] = await store.arrive([chat("b", aliases=(BSUID,))], now=2100)
    assert (again.new, again.conversation) == (False, survivor), "what had come came again"


async def test_what_came_twice_is_handled_once(store: Store, chat: Chat) -> None:
    await store.arrive([chat("same", aliases=(PHONE,)), chat("same", aliases=(BSUID,))], now=1000)
    await merge(store, chat)
    seen: list[str] = []

    def look(given: StepInput) -> ChangeSet:
        seen.extend(event.kind for event in given.events)
        return change_set(given)

    await store.advance_due(look, now=2000)
    assert seen == ["joined", "chat", "chat"]


async def test_whoever_is_named_by_an_order_or_a_message_of_the_other_is_the_survivor(
    store: Store, chat: Chat, echo: Step
) -> None:
    by_phone, by_id = await two_conversations(store, chat)
    await store.advance_due(echo, now=1100)
    sent = await store.claim_due(now=1100, limit=9, lease=60_000)
    await store.record([Done(one.claim, f"wamid.{one.id}") for one in sent], now=1200)
    survivor = await merge(store, chat)
    dead = ({by_phone, by_id} - {survivor}).pop()
    fact = Arrival("f", EventKind.FACTS, {"facts": []}, order_key=f"{dead}-1")
    [theirs] = [one for one in sent if one.conversation == dead]
    receipt = Arrival(
        "r", EventKind.RECEIPT, receipt_body("read", f"wamid.{theirs.id}", theirs.opaque),
        opaque=theirs.opaque,
    )  # fmt: skip
    stored = await store.arrive([fact, receipt], now=2100)
    assert [one.conversation for one in stored] == [survivor, survivor]
    await store.apply_receipts(now=2200)
    assert await rows(store, f"SELECT receipt FROM outbox WHERE id = {theirs.id}") == [{"receipt": "read"}]


async def test_a_receipt_of_what_was_on_its_way_finds_it(store: Store, chat: Chat, echo: Step) -> None:
    await two_conversations(store, chat)
    await store.advance_due(echo, now=1100)
    sent = await store.claim_due(now=1100, limit=9, lease=60_000)
    survivor = await merge(store, chat)
    receipts = [
        Arrival(
            f"r{one.id}", EventKind.RECEIPT, receipt_body("delivered", opaque=one.opaque), opaque=one.opaque
        )
        for one in sent
    ]
    await store.arrive(receipts, now=2100)
    await store.apply_receipts(now=2200)
    found = await rows(store, "SELECT conversation_id, receipt FROM outbox")
    assert [row["receipt"] for row in found] == ["delivered", "delivered"]
    assert {row["conversation_id"] for row in found} == {number(survivor)}
    forged = Arrival("x", EventKind.RECEIPT, receipt_body("read", opaque=f"{survivor}9.{sent[0].id}"))
    await store.arrive([forged], now=2300)
    await store.apply_receipts(now=2400)
    assert "read" not in [row["receipt"] for row in await rows(store, "SELECT receipt FROM outbox")]


async def test_what_comes_for_the_one_that_ended_goes_to_the_survivor(
    store: Store, chat: Chat, echo: Step
) -> None:
    """Another process looked the conversation up before the merge, and stored its event after it."""
    by_phone, by_id = await two_conversations(store, chat)
    survivor = await merge(store, chat)
    await store.advance_due(echo, now=2000)
    dead = number(({by_phone, by_id} - {survivor}).pop())
    body = dumps({"kind": "text", "text": "late"})
    for key in ("late", "both"):
        await run_sql(
            store,
            "INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at) "
            f"VALUES ({dead}, '{key}', 'chat', 'pending', 2500, '{body}', 2500)",
        )
    seen: list[tuple[str, Any]] = []

    def look(given: StepInput) -> ChangeSet:
        seen.extend((given.conversation.id, event.body["text"]) for event in given.events)
        return change_set(given)

    for _ in range(2):
        await store.advance_due(look, now=3000)
    assert seen == [(survivor, "late")], "and what was a message that had come before is none"
    assert (await store.counts(now=3000)).pending == 0


async def test_whoever_was_merged_before_follows(store: Store, chat: Chat) -> None:
    by_phone, by_id = await two_conversations(store, chat)
    survivor = await merge(store, chat)
    parent = ("parent_bsuid", "IN.ENT.1")
    [third] = await store.arrive([chat("3", aliases=(parent,))], now=3000)
    await store.advance_due(do_nothing, now=3100)
    [one] = await store.arrive([chat("4", aliases=(BSUID, parent))], now=4000)
    everybody = {by_phone, by_id, str(third.conversation)}
    assert one.conversation in everybody
    found = await rows(store, "SELECT id, merged_into FROM conversation ORDER BY id")
    last = number(str(one.conversation))
    assert [row["merged_into"] for row in found] == [None if row["id"] == last else last for row in found]
    for name in everybody | {survivor}:
        [fact] = await store.arrive(
            [Arrival(f"f{name}", EventKind.FACTS, {}, order_key=f"{name}-1")], now=5000
        )
        assert fact.conversation == one.conversation


@pytest.mark.parametrize("round", range(8))
async def test_a_process_steps_both_while_another_joins_them(
    store: Store, rival: Store, chat: Chat, echo: Step, round: int
) -> None:
    """Every message is answered once, by the survivor's steps or the other's earlier ones."""
    people = [(("phone", f"91980000{round}{n:03}"), ("bsuid", f"IN.{round}{n:03}")) for n in range(12)]
    await store.arrive([chat(f"p{n}", aliases=(phone,)) for n, (phone, _) in enumerate(people)], now=1000)
    await store.arrive([chat(f"b{n}", aliases=(id,)) for n, (_, id) in enumerate(people)], now=1000)

    async def steps(one: Store) -> None:
        for _ in range(30):
            await one.advance_due(echo, now=5000, limit=5)
            await asyncio.sleep(0)

    async def joins(one: Store, order: int) -> None:
        for n, (phone, id) in list(enumerate(people))[::order]:
            names = (id, phone)
            await one.arrive(
                [chat(f"both{n}", aliases=names), chat(f"{order}{n}", aliases=names[::order])], now=2000
            )

    await asyncio.gather(steps(store), joins(rival, 1), joins(store, -1), steps(rival))
    while await store.advance_due(echo, now=6000) or (await store.counts(now=6000)).pending:
        pass
    live = await rows(store, "SELECT id FROM conversation WHERE merged_into IS NULL")
    assert len(live) == len(people)
    said = await rows(store, "SELECT COUNT(*) AS n FROM inbox WHERE kind = 'chat' AND state = 'applied'")
    assert said == [{"n": 5 * len(people)}]
    owners = await rows(store, "SELECT DISTINCT conversation_id AS id FROM inbox")
    assert {row["id"] for row in owners} == {row["id"] for row in live}
    echoed = await rows(store, "SELECT COUNT(*) AS n FROM outbox WHERE name = 'echo'")
    joined = await rows(store, "SELECT COUNT(*) AS n FROM inbox WHERE kind = 'joined' AND state = 'applied'")
    assert echoed[0]["n"] == 5 * len(people) + joined[0]["n"]
    assert joined == [{"n": len(people)}]


async def test_a_message_that_fails_after_the_join_goes_to_who_they_are_now(store: Store, chat: Chat) -> None:
    """The message was accepted and finished before the merge."""
    by_phone, by_id = await two_conversations(store, chat)
    await store.advance_due(says_hello, now=1000)
    sent = {one.conversation: one for one in await store.claim_due(now=1000, limit=10, lease=1000)}
    await store.record([Done(one.claim, f"wamid.{one.id}") for one in sent.values()], now=1100)
    survivor = await merge(store, chat)
    [dead] = {by_phone, by_id} - {survivor}
    failed, code = sent[dead], {"code": 131000}
    body = receipt_body("failed", f"wamid.{failed.id}", failed.opaque, code, remedy=Remedy.LATER)
    await store.arrive([Arrival("f", EventKind.RECEIPT, body, opaque=sent[dead].opaque)], now=3000)
    await store.apply_receipts(now=3000)
    [one] = await store.claim_due(now=3_600_000, limit=10, lease=1000)
    assert (one.id, one.conversation, dict(one.to)["phone"]) == (sent[dead].id, survivor, PHONE[1])


def says_hello(given: StepInput) -> ChangeSet:
    return change_set(given, messages=(Say("hello", Text("Hello!")),))
