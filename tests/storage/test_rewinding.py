"""What a clock that was set back has put off is due again; what may be due so late stays."""

from typing import Any

import pytest

from storage import Store
from storage.outbox import pace
from tests.storage.written import NOW, write

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
    rows = await store._units.outside(lambda tx: tx.fetch(f"SELECT id, due_at FROM {table}"))
    return {row["id"]: row["due_at"] - NOW for row in rows}


@pytest.mark.parametrize("kind", ["chat", "facts", "result", "request", "joined"])
async def test_an_event_that_came_is_due(store: Store, kind: str) -> None:
    await write(store, "inbox", **event(1, kind, 5 * HOUR))
    await write(store, "inbox", **event(2, kind, 2))
    assert await store.rewind(NOW) == 2
    assert await due(store, "inbox") == {1: 0, 2: 0}


@pytest.mark.parametrize("kind", ["timer", "poll"])
async def test_what_is_for_later_stays(store: Store, kind: str) -> None:
    await write(store, "inbox", **event(1, kind, 5 * HOUR))
    assert await store.rewind(NOW) == 0
    assert await due(store, "inbox") == {1: 5 * HOUR}


async def test_receipts_tries_and_leases_wait_no_longer_than_they_may(store: Store) -> None:
    await write(store, "inbox", **event(1, "receipt", 5 * HOUR))
    await write(store, "inbox", **event(2, "receipt", MINUTE))
    for row in (
        entry(1, "pending", 0, 5 * HOUR), entry(2, "pending", 0, 5), entry(3, "pending", 2, 5 * HOUR),
        entry(4, "pending", 2, HOUR), entry(5, "sending", 1, 5 * HOUR), entry(6, "sending", 1, MINUTE),
    ):  # fmt: skip
        await write(store, "outbox", **row)
    await store.rewind(NOW)
    assert await due(store, "inbox") == {1: 0, 2: MINUTE}
    assert await due(store, "outbox") == {1: 0, 2: 0, 3: 0, 4: HOUR, 5: 0, 6: MINUTE}


@pytest.mark.parametrize("back", [MINUTE, 10 * MINUTE, 5 * HOUR, 365 * 24 * HOUR])
def test_a_customers_pace_is_no_longer_than_it_can_be(back: int) -> None:
    """Nobody waits longer than five minutes, whenever they write after the clock was set back."""
    spent = pace.after(0, NOW + back, 45)
    for later in (0, MINUTE, 5 * MINUTE, 9 * MINUTE, HOUR):
        assert pace.opens_at(pace.after(spent, NOW + later, 0)) - (NOW + later) <= 5 * MINUTE
