"""The outbox: in order, by one worker at a time, until the outcome is known."""

import asyncio
from collections.abc import Callable, Sequence

from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.ledger.calls import CancelLink
from payments.processing import results
from payments.processing.changes import ChangeSet
from payments.processing.results import LinkCreated, LinkRefused
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import LinkStatus
from storage import Store
from storage.database.queues import Lane
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Delivery, Done, Failed
from tests.builders import change_set
from tests.storage.next_due import next_due

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]

MADE = LinkCreated("c-1-1.1", "plink_1", "https://rzp.io/1", LinkStatus.CREATED)
MINUTE = 60_000


async def say(
    store: Store, chat: Chat, echo: Echo, texts: Sequence[str], *, phone: str = "91981", now: int = 1
) -> None:
    key = f"{phone}.{now}"
    arrivals = [chat(f"{key}.{n}", phone=phone, text=text) for n, text in enumerate(texts)]
    await store.arrive(arrivals, now=now)
    await store.advance_due(echo, now=now)


def bodies(claimed: Sequence[Delivery]) -> list[str]:
    return [d.payload["body"] for d in claimed]


async def test_a_claim_names_whom_and_what(store: Store, chat: Chat, echo: Echo) -> None:
    aliases = (("bsuid", "IN.1"), ("phone", "919800000001"))
    [stored] = await store.arrive([chat("1", aliases=aliases)], now=1000)
    await store.advance_due(echo, now=1000)
    [sent] = await store.claim_due(now=1000, limit=5, lease=MINUTE)
    assert (sent.conversation, sent.lane, sent.name) == (stored.conversation, Lane.CHAT, "echo")
    assert (dict(sent.to), sent.attempts) == ({"phone": "919800000001", "bsuid": "IN.1"}, 1)
    assert sent.opaque == f"{stored.conversation}.{sent.id}"
    assert sent.payload == {"kind": "text", "body": "hi"}


async def test_the_newest_number_is_used(store: Store, chat: Chat, echo: Echo) -> None:
    await store.arrive([chat("1", aliases=(("bsuid", "IN.1"), ("phone", "91981")))], now=1)
    await store.arrive([chat("2", aliases=(("bsuid", "IN.1"), ("phone", "91982")))], now=1)
    await store.advance_due(echo, now=1)
    assert {dict(d.to)["phone"] for d in await store.claim_due(now=1, limit=5, lease=1)} == {"91982"}


async def test_a_claimed_entry_is_nobody_elses_until_its_lease_ends(
    store: Store, chat: Chat, echo: Echo
) -> None:
    await say(store, chat, echo, ["a"])
    [first] = await store.claim_due(now=10, limit=5, lease=MINUTE)
    assert await store.claim_due(now=9 + MINUTE, limit=5, lease=MINUTE) == []
    assert await next_due(store) == 10 + MINUTE
    [again] = await store.claim_due(now=10 + MINUTE, limit=5, lease=MINUTE)
    assert (again.id, again.attempts) == (first.id, 2)


async def test_a_run_is_claimed_together_and_in_order(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a", "b", "c"])
    assert bodies(await store.claim_due(now=1, limit=2, lease=1)) == ["a", "b"]
    # c stands behind two that are under way.
    assert await store.claim_due(now=1, limit=5, lease=1) == []


async def test_what_waits_holds_up_what_stands_behind_it(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a", "b"])
    await say(store, chat, echo, ["other"], phone="91982")
    sent = await store.claim_due(now=1, limit=5, lease=MINUTE)
    await store.release([d.claim for d in sent if d.payload["body"] == "b"])
    first = next(d for d in sent if d.payload["body"] == "a")
    await store.record([Again(first.claim, at=5000, error="131056")], now=2)
    assert await store.claim_due(now=4999, limit=5, lease=1) == []
    assert await next_due(store) == 5000
    assert bodies(await store.claim_due(now=5000, limit=5, lease=1)) == ["a", "b"]


async def test_a_run_ends_before_the_first_that_waits(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a", "b", "c"])
    a, b, c = await store.claim_due(now=1, limit=5, lease=MINUTE)
    await store.release([a.claim, c.claim])
    await store.record([Again(b.claim, at=5000, error="131056")], now=2)
    assert bodies(await store.claim_due(now=3, limit=5, lease=MINUTE)) == ["a"]


async def test_many_that_wait_do_not_hide_one_that_is_due(store: Store, chat: Chat, echo: Echo) -> None:
    for n in range(30):
        await say(store, chat, echo, ["head", "behind"], phone=f"9198{n}")
    heads = await store.claim_due(now=1, limit=100, lease=1)
    await store.record([Again(d.claim, at=MINUTE, error="later") for d in heads[::2]], now=1)
    await store.release([d.claim for d in heads[1::2]])
    await say(store, chat, echo, ["due"], phone="91999", now=2)
    assert bodies(await store.claim_due(now=3, limit=3, lease=1)) == ["due"]


async def test_a_finished_entry_lets_the_next_go(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a", "b", "c"])
    for expected in ("a", "b", "c"):
        [sent] = await store.claim_due(now=1, limit=1, lease=MINUTE)
        assert bodies([sent]) == [expected]
        done = expected != "b"
        await store.record([Done(sent.claim, "wamid.1") if done else Failed(sent.claim, "131026")], now=1)
    assert await next_due(store) is None


async def test_released_entries_are_due_at_once_and_not_counted(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a"])
    [sent] = await store.claim_due(now=1, limit=1, lease=MINUTE)
    await store.release([sent.claim])
    [again] = await store.claim_due(now=1, limit=1, lease=MINUTE)
    assert again.attempts == 1


async def test_what_another_process_claimed_meanwhile_is_not_released(
    store: Store, chat: Chat, echo: Echo
) -> None:
    await say(store, chat, echo, ["a"])
    [sent] = await store.claim_due(now=1, limit=1, lease=10)
    assert await store.claim_due(now=11, limit=1, lease=MINUTE)
    await store.release([sent.claim])
    assert await store.claim_due(now=12, limit=1, lease=MINUTE) == []


async def test_a_lane_is_claimed_for_itself(store: Store, chat: Chat) -> None:
    def both(given: StepInput) -> ChangeSet:
        [event] = given.events
        call = CancelLink("abcdefgh-1-1.1", None)
        said = (Say("echo", Text(event.body["text"])),)
        return change_set(given, messages=said, calls=[call])

    for n in range(12):
        await store.arrive([chat(f"m{n}", phone=f"9198{n:08}")], now=1)
    await store.advance_due(both, now=1)
    assert [d.lane for d in await store.claim_due(1, 2, MINUTE, (Lane.PAY,))] == ["pay"] * 2
    assert [d.lane for d in await store.claim_due(1, 20, MINUTE, (Lane.CHAT,))] == ["chat"] * 12
    assert [d.lane for d in await store.claim_due(1, 20, MINUTE)] == ["pay"] * 10


async def test_a_result_becomes_an_event_once(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a"])
    [sent] = await store.claim_due(now=1, limit=1, lease=MINUTE)
    outcome = Done(sent.claim, "plink_1", MADE)
    await store.record([outcome], now=5)
    await store.record([outcome], now=6)
    await store.record([Failed(sent.claim, "too late", LinkRefused("c-1-1.1", "no"))], now=7)
    seen: list[object] = []

    def look(given: StepInput) -> ChangeSet:
        seen.extend((e.kind, e.body) for e in given.events)
        return change_set(given)

    await store.advance_due(look, now=10)
    assert seen == [(EventKind.RESULT, results.to_json(MADE))]


async def test_a_failure_may_have_a_result_too(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a"])
    [sent] = await store.claim_due(now=1, limit=1, lease=MINUTE)
    await store.record([Failed(sent.claim, "no\x00pe", LinkRefused("c-1-1.1", "no"))], now=5)
    assert await store.advance_due(echo, now=5) == 1


async def test_two_processes_never_claim_the_same_or_out_of_order(
    store: Store, rival: Store, chat: Chat, echo: Echo
) -> None:
    for n in range(25):
        await say(store, chat, echo, [str(i) for i in range(8)], phone=f"9198{n:08}")
    sent: dict[str, list[str]] = {}
    seen: set[int] = set()
    under_way: dict[str, int] = {}

    async def work(me: int, which: Store) -> None:
        for _ in range(400):
            claimed = await which.claim_due(now=1, limit=3 + me, lease=MINUTE)
            for delivery in claimed:
                assert delivery.id not in seen
                # Nobody may hold a later entry of a lane while another still performs an earlier one.
                assert under_way.setdefault(delivery.conversation, me) == me
                seen.add(delivery.id)
                sent.setdefault(delivery.conversation, []).append(delivery.payload["body"])
            await which.ping()
            for conversation in {d.conversation for d in claimed}:
                del under_way[conversation]
            await which.record([Done(d.claim, f"wamid.{d.id}") for d in claimed], now=1)
            if len(seen) == 200:
                return

    await asyncio.gather(*(work(n, s) for n, s in enumerate((store, rival, store, rival))))
    assert len(seen) == 200
    assert all(said == [str(i) for i in range(8)] for said in sent.values())


async def test_counts_say_what_waits(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, ["a", "b"])
    await store.arrive([chat("x", phone="91982")], now=1000)
    counts = await store.counts(now=1500)
    assert (counts.pending, counts.parked, counts.unfinished, counts.oldest_due_ms) == (1, 0, 2, 500)


async def test_a_try_that_does_not_count_is_not_held_against_the_entry(
    store: Store, chat: Chat, echo: Echo
) -> None:
    await say(store, chat, echo, ["a"])
    for _ in range(3):
        [delivery] = await store.claim_due(now=1, limit=10, lease=MINUTE)
        assert delivery.attempts == 1
        await store.record([Again(delivery.claim, at=1, error="190", counts=False)], now=1)
    [delivery] = await store.claim_due(now=1, limit=10, lease=MINUTE)
    await store.record([Again(delivery.claim, at=1, error="131056")], now=1)
    [delivery] = await store.claim_due(now=1, limit=10, lease=MINUTE)
    assert delivery.attempts == 2
