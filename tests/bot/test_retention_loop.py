"""The daily pruning of the running bot: when it runs, how it ends, and what it says."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.clock import ShiftedClock
from bot.context import Context
from bot.workers.retention import BATCH, Retention
from storage.operations.retention import EVERY, LEASE, Pruned

DAY = 86_400_000
KEPT = 365 * DAY
START = 1_790_000_000_000


class Noon:
    """A clock that starts, and then moves only when a test says so."""

    def now(self) -> int:
        return START


def _nothing() -> None:
    pass


class Rows:
    """A store with so many old events, and the lease of its database."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.due = 0
        self.asked: list[int] = []
        self.batches = 0
        self.failing = 0
        self.taken_over_after = 10**9
        self.after_batch: Callable[[], None] = _nothing

    async def begin_pruning(self, now: int) -> int | None:
        if now < self.due:
            return None
        self.due = now + LEASE
        return self.due

    async def prune(self, lease: int, before: int, now: int, limit: int) -> Pruned | None:
        assert lease == self.due
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database restarts")
        if self.batches >= self.taken_over_after:
            return None
        self.asked.append(before)
        self.batches += 1
        gone = min(self.events, limit)
        self.events -= gone
        self.due += 1
        self.after_batch()
        return Pruned(self.due, gone, 0)

    async def finish_pruning(self, lease: int, due: int) -> None:
        assert lease == self.due
        self.due = due


def retention(rows: Rows) -> tuple[Retention, ShiftedClock]:
    clock = ShiftedClock(Noon())
    context: Any = SimpleNamespace(store=rows, clock=clock, settings=SimpleNamespace(keep_chats=KEPT))
    return Retention(cast(Context, context), share=1), clock


async def test_a_run_deletes_in_batches_until_nothing_is_old_and_says_so_once() -> None:
    rows = Rows(2 * BATCH + 7)
    prunes, _ = retention(rows)
    with capture_logs() as logs:
        assert await prunes.prune()
    assert (rows.batches, rows.events, rows.due) == (3, 0, START + EVERY)
    assert set(rows.asked) == {START - KEPT}
    told = {"event": "pruned", "events": 2 * BATCH + 7, "entries": 0, "before": START - KEPT}
    assert logs == [{**told, "log_level": "info"}]


async def test_a_run_that_finds_nothing_says_nothing() -> None:
    prunes, _ = retention(Rows(0))
    with capture_logs() as logs:
        assert await prunes.prune()
    assert logs == []


async def test_the_next_run_is_a_day_later_and_a_missed_one_comes_at_once() -> None:
    rows = Rows(1)
    prunes, clock = retention(rows)
    assert await prunes.prune()
    assert not await prunes.prune()
    clock.put_forward(5 * DAY)
    assert await prunes.prune()


async def test_a_process_that_ends_leaves_the_rest_to_the_next_at_once() -> None:
    rows = Rows(10 * BATCH)
    prunes, _ = retention(rows)
    rows.after_batch = prunes.close
    with capture_logs() as logs:
        assert not await prunes.prune()
    assert (rows.batches, rows.due) == (1, START)
    assert [entry["event"] for entry in logs] == ["pruning goes on at the next start"]
    other, _ = retention(rows)
    rows.after_batch = _nothing
    assert await other.prune()
    assert rows.events == 0


async def test_a_process_whose_run_was_taken_over_stops() -> None:
    rows = Rows(10 * BATCH)
    rows.taken_over_after = 2
    prunes, _ = retention(rows)
    assert not await prunes.prune()
    assert rows.batches == 2


async def test_a_failure_is_logged_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.workers.retention.LOOK_SECONDS", 0)
    rows = Rows(1)
    rows.failing = 1
    prunes, clock = retention(rows)

    def end() -> None:
        prunes.close()

    async def later(now: int) -> int | None:
        clock.put_forward(LEASE)
        return await Rows.begin_pruning(rows, clock.now())

    monkeypatch.setattr(rows, "begin_pruning", later)
    rows.after_batch = end
    with capture_logs() as logs:
        await prunes.run()
    assert [entry["event"] for entry in logs] == ["pruning failed", "pruned"]
    assert rows.events == 0
