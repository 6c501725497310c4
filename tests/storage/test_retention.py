"""Pruning: old events and entries go, whatever is still needed stays, and one process at a time does it."""

from collections.abc import Sequence
from typing import Any, Final

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.queues import InboxState
from storage.database.records import reading
from storage.operations.retention import EVERY, LEASE
from storage.reports.ledger import books
from tests.storage.conftest import Chat
from tests.storage.handwritten_rows import NOW, insert
from tests.storage.pruning import prune_all
from tests.storage.recorded_statements import RecordedUnits, Statements

_TERM: Final = 365 * 86_400_000
BEFORE: Final = NOW - _TERM
OLD: Final = BEFORE - 1


async def numbers(store: Store, table: str) -> list[int]:
    rows = await store._units.read(lambda tx: tx.fetch(f"SELECT id FROM {table} ORDER BY id"))
    return [row["id"] for row in rows]


async def _event(store: Store, id: int, state: str, **columns: Any) -> None:
    handled = None if state in ("pending", "kept") else columns.pop("at", OLD)
    error = "no" if state == "parked" else None
    row = {"conversation_id": 1, "key": f"k{id}", "received_at": OLD, **columns}
    await insert(store, "inbox", id=id, state=state, handled_at=handled, error=error, **row, body={})


async def _entries(store: Store, states: Sequence[tuple[str, int | None]]) -> None:
    for id, (state, finished) in enumerate(states, 1):
        await insert(
            store, "outbox", id=id, conversation_id=1, name="hello", payload={}, caused_by=1, state=state,
            finished_at=finished, created_at=OLD,
        )  # fmt: skip


async def test_what_is_done_and_old_goes_and_all_else_stays(store: Store) -> None:
    ours = await store.installation()
    for id, state in enumerate(("applied", "ignored", "kept"), 1):
        await _event(store, id, state)
    await _event(store, 4, "kept", kind="facts", conversation_id=0, order_key="another1-1-1")
    await _event(store, 11, "pending")
    await _event(store, 12, "parked")
    await _event(store, 13, "applied", at=BEFORE)
    await _event(store, 14, "kept", received_at=BEFORE)
    await _event(store, 5, "applied", kind="request")
    await _event(store, 16, "kept", kind="facts", conversation_id=0, order_key=f"{ours}-1-1")
    await _event(store, 17, "applied", at=NOW, received_at=1)  # parked for long, and replayed today
    await _entries(
        store, [("done", OLD), ("failed", OLD), ("pending", None), ("sending", None), ("done", BEFORE)]
    )
    assert await prune_all(store, BEFORE, limit=2) == (5, 2)
    assert await numbers(store, "inbox") == [11, 12, 13, 14, 16, 17]
    assert await numbers(store, "outbox") == [3, 4, 5]


async def test_no_number_is_given_again(store: Store, chat: Chat) -> None:
    [first] = await store.arrive([chat("a", pending=False)], NOW)
    assert await prune_all(store, NOW + 1) == (1, 0)
    [second] = await store.arrive([chat("b")], NOW)
    assert second.number > first.number


async def test_one_run_a_day(store: Store) -> None:
    assert await store.begin_pruning(NOW) == NOW + LEASE
    assert await store.begin_pruning(NOW + LEASE - 1) is None
    await store.finish_pruning(NOW + LEASE, NOW + EVERY)
    assert await store.begin_pruning(NOW + EVERY - 1) is None
    assert await store.begin_pruning(NOW + EVERY) is not None


async def test_a_run_that_died_is_taken_over_and_does_no_more(store: Store) -> None:
    await _event(store, 1, "applied")
    dead = await store.begin_pruning(NOW)
    assert dead is not None
    living = await store.begin_pruning(dead)
    assert living is not None
    assert await store.prune(dead, BEFORE, dead, 10) is None
    await store.finish_pruning(dead, NOW + 7 * EVERY)
    assert await numbers(store, "inbox") == [1]
    pruned = await store.prune(living, BEFORE, dead, 10)
    assert pruned is not None
    assert pruned.events == 1


async def test_a_batch_renews_the_lease(store: Store) -> None:
    lease = await store.begin_pruning(NOW)
    assert lease is not None
    pruned = await store.prune(lease, BEFORE, NOW + 60_000, 10)
    assert pruned is not None
    assert pruned.lease == NOW + 60_000 + LEASE
    assert await store.begin_pruning(NOW + LEASE + 59_999) is None


async def test_a_clock_that_was_set_back_puts_no_run_off(store: Store) -> None:
    await prune_all(store, BEFORE, now=NOW + 100 * EVERY)
    assert await store.begin_pruning(NOW) is not None


async def test_two_processes_never_prune_together(store: Store, rival: Store) -> None:
    for id in range(1, 41):
        await _event(store, id, "applied")
    lease = await store.begin_pruning(NOW)
    assert lease is not None
    assert await rival.begin_pruning(NOW) is None
    assert await store.prune(lease, BEFORE, NOW, 10) is not None
    assert len(await numbers(rival, "inbox")) == 30


async def test_money_that_no_order_claims_is_still_listed(store: Store, database_url: str) -> None:
    key = f"{await store.installation()}-1-8"
    payment = {"entity": "payment", "entity_id": "pay_9", "state": "captured", "amount": 700}
    await insert(
        store, "inbox", conversation_id=0, key="lost", kind="facts", state=InboxState.KEPT, order_key=key,
        body={"order_key": key, "facts": [payment]}, received_at=OLD, handled_at=None,
    )  # fmt: skip
    async with reading(database_url) as records:
        before = await books(records)
    await prune_all(store, BEFORE)
    async with reading(database_url) as records:
        after = await books(records)
    assert after == before
    assert len(after.discrepancies) == 1


async def test_who_places_an_order_does_not_wait_for_what_is_deleted(store: Store) -> None:
    """The row of the installation, which every order takes, is written by the last statement."""
    await _event(store, 1, "applied")
    await _entries(store, [("done", OLD)])
    lease = await store.begin_pruning(NOW)
    assert lease is not None
    asked = Statements()
    recorded = Store(RecordedUnits(store._units, asked), WHATSAPP)
    assert await recorded.prune(lease, BEFORE, NOW, 10) is not None
    *before, last = asked.seen
    assert "UPDATE installation" in last
    assert not [sql for sql in before if "UPDATE installation" in sql]
