"""The queue of events out, on both databases: numbered by order, claimed in order, and sent again."""

import pytest

from payments.processing.changes import ChangeSet
from payments.processing.events_out import EventType, HookEvent
from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.hooks import HookState, StoredHook, Tried
from tests.builders import change_set

LEASE = 60


async def stored(store: Store, *streams: str, customer: int = 1, now: int = 1) -> None:
    """Store one event of each of `streams`, in one step of this customer."""

    def tell(given: StepInput) -> ChangeSet:
        number = given.events[0].number
        hooks = [HookEvent(f"{number}.{n}", one, EventType.STAGE, {"n": n}) for n, one in enumerate(streams)]
        return change_set(given, hooks=hooks)

    said = Arrival(f"{customer}.{now}", EventKind.CHAT, {}, aliases=(("phone", f"9198000000{customer:02}"),))
    await store.arrive([said], now)
    assert await store.advance_due(tell, now) == 1


async def claimed(store: Store, now: int) -> list[StoredHook]:
    found = await store.hooks.claim(now, 10, LEASE)
    return sorted(found, key=lambda one: one.stream)


def places(hooks: list[StoredHook]) -> list[tuple[str, int]]:
    return [(one.stream, one.sequence) for one in hooks]


async def test_each_stream_is_numbered_and_sent_in_order(store: Store) -> None:
    """Only a database keeps them, so that no store in memory is asked. `happened` is not stored."""
    await stored(store, "x", "y", "x")
    await stored(store, "x", customer=2, now=2)
    first = await claimed(store, 3)
    assert places(first) == [("x", 1), ("y", 1)]
    assert await claimed(store, 3) == []
    await stored(store, "y", now=4)
    for one in first:
        await store.hooks.record(Tried(one, HookState.DONE), 5)
    second = await claimed(store, 5)
    assert places(second) == [("x", 2), ("y", 2)]
    assert [one.data for one in second] == [{"n": 2}, {"n": 0}]
    counts = await store.hooks.counts()
    assert (counts.waiting, counts.failed, counts.last_done) == (3, 0, 5)


async def test_what_is_tried_again_holds_up_its_own_stream_alone(store: Store) -> None:
    await stored(store, "x", "y", "x", "y")
    x, y = await claimed(store, 2)
    await store.hooks.record(Tried(x, HookState.WAITING, 50, "busy"), 3)
    await store.hooks.record(Tried(y, HookState.DONE), 3)
    assert places(await claimed(store, 4)) == [("y", 2)]
    [again] = await claimed(store, 50)
    assert (again.key, again.sequence, again.attempts) == (x.key, 1, 2)


async def test_a_lease_that_has_ended_records_nothing(store: Store) -> None:
    await stored(store, "x", "x")
    [late] = await claimed(store, 1)
    [again] = await claimed(store, 1 + LEASE)
    await store.hooks.record(Tried(late, HookState.DONE), 70)
    assert await claimed(store, 70) == []
    await store.hooks.record(Tried(again, HookState.DONE), 70)
    assert places(await claimed(store, 70)) == [("x", 2)]


async def test_what_was_given_up_is_sent_again_before_what_waits(store: Store) -> None:
    await stored(store, "x", "x", "x")
    await store.hooks.record(Tried((await claimed(store, 1))[0], HookState.FAILED, error="no"), 2)
    await store.hooks.record(Tried((await claimed(store, 2))[0], HookState.WAITING, 900, "no"), 3)
    assert await store.hooks.retry("y") == 0
    assert await store.hooks.retry("x") == 2
    for sequence in (1, 2, 3):
        [one] = await claimed(store, 5)
        assert (one.sequence, one.state) == (sequence, HookState.WAITING)
        await store.hooks.record(Tried(one, HookState.DONE), 5)
    assert await store.hooks.retry(None) == 0


async def test_what_waits_for_a_later_try_can_be_sent_at_once(store: Store) -> None:
    await stored(store, "x", "x", "y")
    x, y = await claimed(store, 1)
    await store.hooks.record(Tried(x, HookState.WAITING, 900, "no"), 2)
    await store.hooks.record(Tried(y, HookState.WAITING, 900, "no"), 2)
    assert await claimed(store, 3) == []
    assert await store.hooks.retry("x") == 1
    [again] = await claimed(store, 3)
    assert (again.key, again.attempts) == (x.key, 1)
    counts = await store.hooks.counts()
    assert (counts.waiting, counts.waiting_since) == (3, 1)
    assert counts.errors == {"no"}


async def test_only_what_waits_because_sending_had_ended_is_resumed(store: Store) -> None:
    await stored(store, "x", "y", "y")
    x, y = await claimed(store, 1)
    await store.hooks.record(Tried(x, HookState.WAITING, 900, "busy"), 2)
    await store.hooks.record(Tried(y, HookState.WAITING, 900, "gone", counts=False), 4)
    await store.hooks.resume("gone", 4, LEASE)
    assert (await store.hooks.counts()).errors == {"busy"}
    again = await claimed(store, 5)
    assert [(one.stream, one.sequence, one.attempts) for one in again] == [("y", 1, 1)]


@pytest.mark.parametrize("error", ["busy", "gone"])
async def test_what_another_process_is_sending_is_not_resumed(store: Store, error: str) -> None:
    """Its last try failed, and the next one is in flight: it is sent once, and its success counts."""
    await stored(store, "x", "y")
    for one in await claimed(store, 1):
        again = 100 if one.stream == "x" else 900
        failed = error if one.stream == "x" else "gone"
        await store.hooks.record(Tried(one, HookState.WAITING, again, failed), 2)
    [sending] = await claimed(store, 100)
    await store.hooks.resume("gone", 101, LEASE)
    assert places(await claimed(store, 101)) == [("y", 1)]
    await store.hooks.record(Tried(sending, HookState.DONE), 102)
    assert (await store.hooks.counts()).waiting == 1


async def test_the_count_goes_on_after_pruning(store: Store) -> None:
    await stored(store, "x")
    await store.hooks.record(Tried((await claimed(store, 1))[0], HookState.DONE), 2)
    lease = await store.begin_pruning(100_000_000)
    assert lease is not None
    pruned = await store.prune(lease, 3, 100_000_000, 10)
    assert pruned is not None
    assert pruned.told == 1
    await stored(store, "x", now=5)
    assert places(await claimed(store, 5)) == [("x", 2)]


async def test_who_follows_misses_no_event_that_was_stored_under_an_earlier_time(store: Store) -> None:
    """Two processes store at once: the higher number may have the earlier time."""
    await stored(store, "x", now=20)
    await stored(store, "y", customer=2, now=19)
    assert places(await store.hooks.page(0, 0, 20, 10)) == []
    assert places(await store.hooks.page(0, 0, 21, 10)) == [("x", 1), ("y", 1)]
