"""After a clock is set back, what it put off is due again; what may be due so late stays."""

from typing import Any

import pytest

from bot.whatsapp.channel import WHATSAPP
from bot.workers.hooks import GAPS, LONGEST_WAIT, again_after
from storage import Store
from storage.operations import clock
from tests.storage.handwritten_rows import NOW, insert, run_sql

MINUTE, HOUR = 60_000, 3_600_000


def event(number: int, kind: str, after: int) -> dict[str, Any]:
    return {
        "id": number, "conversation_id": 1, "key": str(number), "kind": kind, "state": "pending", "body": {},
        "due_at": NOW + after, "handled_at": None,
    }  # fmt: skip


def entry(number: int, state: str, attempts: int, after: int) -> dict[str, Any]:
    return {
        "id": number, "conversation_id": 1, "name": "hello", "payload": {}, "caused_by": 1, "state": state,
        "attempts": attempts, "due_at": NOW + after, "finished_at": None,
    }  # fmt: skip


async def due(store: Store, table: str) -> dict[int, int]:
    rows = await store._units.read(lambda tx: tx.fetch(f"SELECT id, due_at FROM {table}"))
    return {row["id"]: row["due_at"] - NOW for row in rows}


@pytest.mark.parametrize("kind", ["chat", "facts", "result", "request", "joined"])
async def test_an_event_that_came_is_due(store: Store, kind: str) -> None:
    await insert(store, "inbox", **event(1, kind, 5 * HOUR))
    await insert(store, "inbox", **event(2, kind, 2))
    assert await store.rewind(NOW) == 2
    assert await due(store, "inbox") == {1: 0, 2: 0}


@pytest.mark.parametrize("kind", ["timer", "poll"])
async def test_what_is_for_later_stays(store: Store, kind: str) -> None:
    await insert(store, "inbox", **event(1, kind, 5 * HOUR))
    assert await store.rewind(NOW) == 0
    assert await due(store, "inbox") == {1: 5 * HOUR}


async def test_receipts_and_leases_of_the_dead_wait_no_longer_than_they_may(store: Store) -> None:
    await insert(store, "inbox", **event(1, "receipt", 5 * HOUR))
    await insert(store, "inbox", **event(2, "receipt", MINUTE))
    for row in (
        entry(1, "pending", 0, 5 * HOUR), entry(2, "pending", 0, 5),
        entry(3, "sending", 1, 5 * HOUR), entry(4, "sending", 1, MINUTE),
    ):  # fmt: skip
        await insert(store, "outbox", **row)
    await store.rewind(NOW)
    assert await due(store, "inbox") == {1: 0, 2: MINUTE}
    assert await due(store, "outbox") == {1: 0, 2: 0, 3: 0, 4: MINUTE}


async def test_a_lease_of_who_is_at_work_is_left_alone(store: Store) -> None:
    """Its outcome would not count any more, and the message would be sent twice."""
    await insert(store, "outbox", **entry(1, "sending", 1, 5 * HOUR + MINUTE))
    assert await store.rewind(NOW, back=5 * HOUR) == 0
    assert await due(store, "outbox") == {1: 5 * HOUR + MINUTE}


TRIED = {1: HOUR, 2: 5 * HOUR, 3: 31 * HOUR + 1}
"""How long a retried entry waits: by our own schedule, on the provider's request, and too long."""


async def tried(store: Store, **more: Any) -> None:
    for number, after in TRIED.items():
        await insert(store, "outbox", **entry(number, "pending", 2, after))
    # An account that is refused is not held against the entry.
    await insert(store, "outbox", **entry(4, "pending", 0, 24 * HOUR), error="401", **more)


async def test_unless_the_clock_was_set_back_what_may_wait_so_long_does(store: Store) -> None:
    await tried(store, created_at=NOW + MINUTE)
    assert await store.rewind(NOW) == 1
    assert await store.rewind(NOW, back=MINUTE - 1) == 0
    assert await due(store, "outbox") == TRIED | {3: 0, 4: 24 * HOUR}


async def test_once_it_was_nothing_waits_longer_than_by_our_own_gaps(store: Store) -> None:
    await tried(store)
    assert await store.rewind(NOW, back=MINUTE) == 3
    assert await due(store, "outbox") == {1: HOUR, 2: 0, 3: 0, 4: 0}


@pytest.mark.parametrize(
    ("table", "witness"),
    [
        ("inbox", event(9, "timer", MINUTE) | {"received_at": NOW + MINUTE + 1}),
        ("outbox", entry(9, "pending", 0, 0) | {"created_at": NOW + MINUTE + 1}),
    ],
)
async def test_at_a_start_what_waits_tells_it(store: Store, table: str, witness: dict[str, Any]) -> None:
    await tried(store)
    await insert(store, table, **witness)
    assert await store.rewind(NOW) == 3


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 300_000), (2, HOUR // 2), (4, 6 * HOUR), (5, 15 * HOUR)]
)
async def test_what_failed_after_it_was_accepted_keeps_its_own_gap(
    store: Store, failures: int, longest: int
) -> None:
    gap = max(longest, HOUR + HOUR // 2)
    for number, after in ((1, gap), (2, gap + 1)):
        row = entry(number, "pending", 1, after) | {"payload": {"undelivered": failures}}
        await insert(store, "outbox", **row)
    await store.rewind(NOW, back=20 * HOUR)
    assert await due(store, "outbox") == {1: gap, 2: 0}


@pytest.mark.parametrize("back", [0, 30 * 24 * HOUR])
async def test_events_out_wait_no_longer_than_they_may(store: Store, back: int) -> None:
    """What waits behind another of its stream is due when that is finished."""
    waits = {
        1: (0, None, 5 * HOUR), 2: (0, "410", HOUR), 3: (7, "503", 47 * HOUR), 4: (8, "503", 48 * HOUR + 1),
        5: (0, None, None),
    }  # fmt: skip
    for id, (attempts, error, after) in waits.items():
        where = {"id": id, "conversation_id": 1, "key": f"1.{id}", "stream": str(min(id, 4)), "sequence": id}
        at = None if after is None else NOW + after
        await insert(store, "hook", **where, attempts=attempts, error=error, due_at=at)
    assert await store.rewind(NOW, back) == 2
    rows = await store._units.read(lambda tx: tx.fetch("SELECT id, due_at FROM hook"))
    found = {row["id"]: row["due_at"] for row in rows}
    assert found == {1: NOW, 2: NOW + HOUR, 3: NOW + 47 * HOUR, 4: NOW, 5: None}


def test_no_event_out_may_wait_longer() -> None:
    for attempts in range(1, len(GAPS) + 1):
        for retry_after in (None, 2 * LONGEST_WAIT):
            gap = again_after(attempts, retry_after, 1.0)
            assert gap is not None
            assert gap < clock._LONGEST_TELLING


async def test_what_cannot_be_read_stops_no_start(store: Store) -> None:
    for number in (1, 2):
        await insert(store, "outbox", **entry(number, "pending", 1, 5 * HOUR) | {"payload": []})
    await run_sql(store, "UPDATE outbox SET payload = '{' WHERE id = 1")
    assert await store.rewind(NOW, back=5 * HOUR) == 2


@pytest.mark.parametrize("back", [MINUTE, 10 * MINUTE, 5 * HOUR, 365 * 24 * HOUR])
def test_a_customers_pace_is_no_longer_than_it_can_be(back: int) -> None:
    """Nobody waits longer than five minutes, whenever they write after the clock is set back."""
    pace = WHATSAPP.pace
    spent = pace.after(0, NOW + back, 45)
    for later in (0, MINUTE, 5 * MINUTE, 9 * MINUTE, HOUR):
        assert pace.opens_at(pace.after(spent, NOW + later, 0)) - (NOW + later) <= 5 * MINUTE
