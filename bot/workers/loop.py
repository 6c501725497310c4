"""The workers' loops: step until nothing is due, perform what is in the outbox, sleep until woken.

A loop that nobody wakes looks again after `POLL_SECONDS`. So the processes of one database find each
other's work.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

import structlog

from bot.clock import Jumps, SystemClock, jumped
from bot.context import Context
from bot.group_commit import Batcher
from bot.workers.executor import LEASE, Executor, fits
from bot.workers.traffic import Traffic
from payments.ledger import hints
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, Outcome
from payments.processing.step_input import StepInput
from storage.database.lanes import Lane
from storage.inbox.step_inputs import EVENTS_AT_ONCE
from storage.outbox import deliveries
from storage.outbox.deliveries import Again, Delivery

POLL_SECONDS: Final = 0.2
FAILED_SECONDS: Final = 1.0
"""Pause after a round that raised: the database may be restarting."""
STEP_BATCH: Final = 256
CLAIM_BATCH: Final = 256
IN_FLIGHT: Final = 512
"""Messages under way at once, over all customers."""
ROOM: Final[Mapping[Lane, int]] = {Lane.CHAT: IN_FLIGHT, Lane.PAY: 8, Lane.POLL: 2}
"""Entries of each lane under way at once."""
CALLERS: Final = ROOM[Lane.PAY] + ROOM[Lane.POLL]
"""Threads that the gateway needs: a call that waits for one uses up its entry's lease."""

log = structlog.get_logger()


class Workers:
    """Steps and performs until closed. Any number of them may share one PostgreSQL database."""

    def __init__(
        self, context: Context, dice: random.Random, *, poll: float = POLL_SECONDS, jumps: Jumps | None = None
    ) -> None:
        """`poll` is the longest sleep, in seconds; `jumps` detects that the machine's clock was set."""
        self._context = context
        machine = SystemClock()
        self._jumps = jumps or Jumps(machine.now, machine.steady)
        self._poll = poll
        self._traffic = Traffic()
        for lane, circuit in self._traffic.circuits.items():
            context.metrics.watch_circuit(lane, partial(getattr, circuit, "is_open"))
        self._executor = Executor(context.whatsapp, context.gateway, context.clock, dice, self._traffic)
        self._outcomes: Batcher[deliveries.Outcome, None] = Batcher(
            self._record, batch=CLAIM_BATCH, waiting=IN_FLIGHT * 4
        )
        self._stepping, self._performing = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._runs: set[asyncio.Task[None]] = set()
        self._flying = dict.fromkeys(ROOM, 0)
        self._closing = False

    def wake(self) -> None:
        """Let the loop that steps look now: something arrived."""
        self._stepping.set()

    def start(self) -> None:
        """Start the loops, as tasks owned by this object."""
        loops = (
            # A round that handled as many as one customer may have had left some of theirs.
            self._loop(self._stepping, self.step, EVENTS_AT_ONCE),
            self._loop(self._performing, self.perform, CLAIM_BATCH),
        )
        self._tasks = [asyncio.create_task(loop) for loop in loops]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stop claiming, let what is in flight end and be recorded; hand back what has not begun."""
        # Not cancelled: what a cancelled claim took would wait for the end of its lease.
        self._closing = True
        self._stepping.set()
        self._performing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # `_ended` has told of them
        await self._landed()

    async def step(self) -> int:
        """Do one round of stepping. Return how many events and receipts were handled."""
        if jump := self._jumps.since():
            await self._clock_was_set(jump)
        now, store = self._context.clock.now(), self._context.store
        due = await store.due(now)
        receipts = await self._apply_receipts(now) if due.receipts else 0
        events = await store.advance_due(partial(self._advance, now), now, STEP_BATCH) if due.events else 0
        if events:
            self._context.metrics.handled.inc(events)
        if receipts or events:
            self._performing.set()
        return receipts + events

    async def perform(self) -> int:
        """Do one round of claiming; tasks of their own perform what it claims. Return how many entries."""
        lanes = await self._context.store.due_lanes(self._context.clock.now())
        return sum([await self._claim(lane) for lane in ROOM if lane in lanes])

    async def drain(self) -> int:
        """Step and perform until nothing is due. Return how much was done. For tests, without the loops."""
        done = 0
        while count := await self.step() + await self.perform():
            await self._landed()
            done += count
        return done

    async def _clock_was_set(self, jump: int) -> None:
        """Make due what a clock that was set has put off, and tell operators.

        If the database fails, the next round sees the same jump again.
        """
        now, told = self._context.clock.now(), jumped(jump)
        if jump < 0:
            await self._context.store.rewind(now, -jump)
        await self._context.store.tell([told], now)
        self._jumps.taken(jump)
        self._traffic.shift(jump)
        log.error("notice", kind=told.kind, subject=told.subject, mend=told.said)

    def _advance(self, now: int, given: StepInput) -> ChangeSet:
        changes = advance(self._context.flow, given, now)
        for result in changes.results:
            if result.outcome is Outcome.PARKED:
                # The error itself may quote the customer: it is kept in the database, not in the log.
                log.error("event parked", event_number=result.number, mend="see munshi doctor")
        for state in changes.orders.values():
            if state.held_for is not None and hints.needs_person(state.held_for):
                log.error("money is held", order=state.key, why=state.held_for, mend="see munshi doctor")
        for notice in changes.notices:
            log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
        return changes

    async def _apply_receipts(self, now: int) -> int:
        """Apply due receipts. A failure is logged and stops no stepping: customers get their answers."""
        try:
            applied = await self._context.store.apply_receipts(now)
        except Exception:
            log.exception("receipts not applied")
            return 0
        for message in applied.undelivered:
            self._context.metrics.messages_failed.inc()
            log.error("message not delivered", delivery=message.id, name=message.name, code=message.code)
        return applied.looked_at

    async def _claim(self, lane: Lane) -> int:
        now = self._context.clock.now()
        room = self._traffic.room(lane, min(ROOM[lane] - self._flying[lane], CLAIM_BATCH), now)
        if room <= 0:
            return 0
        claimed = await self._context.store.claim_due(now, room, LEASE, (lane,))
        if claimed:
            self._traffic.took(lane, len(claimed), now)
        for _, run in groupby(claimed, key=_customer):
            self._launch(lane, list(run))
        return len(claimed)

    def _launch(self, lane: Lane, run: Sequence[Delivery]) -> None:
        self._flying[lane] += len(run)
        task = asyncio.create_task(self._perform_run(lane, run))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _perform_run(self, lane: Lane, run: Sequence[Delivery]) -> None:
        """Perform one customer's entries of one lane, in order; after one that must wait, the rest wait too.

        An entry that may outlive its lease is not begun: another worker would claim it and repeat it.
        """
        try:
            recorded = []
            for index, delivery in enumerate(run):
                if self._closing or not fits(delivery, self._context.clock.now()):
                    await self._release(run[index:])
                    break
                outcome = await self._executor.perform(delivery)
                self._context.metrics.performed.labels(lane, type(outcome).__name__.lower()).inc()
                recorded.append(asyncio.ensure_future(self._outcomes.put(outcome)))
                if not _goes_on(outcome):
                    await self._release(run[index + 1 :])
                    break
            await asyncio.gather(*recorded)
        except Exception:
            # The lease brings back what could not be recorded.
            log.exception("outcomes not recorded", deliveries=[delivery.id for delivery in run])
        finally:
            self._flying[lane] -= len(run)

    async def _release(self, run: Sequence[Delivery]) -> None:
        if run:
            await self._context.store.release([delivery.claim for delivery in run])
            self._performing.set()

    async def _record(self, outcomes: Sequence[deliveries.Outcome]) -> Sequence[None]:
        await self._context.store.record(outcomes, self._context.clock.now())
        if any(not isinstance(outcome, Again) and outcome.result for outcome in outcomes):
            self._stepping.set()
        self._performing.set()
        return [None] * len(outcomes)

    async def _landed(self) -> None:
        while self._runs:
            await asyncio.wait(set(self._runs))
        await self._outcomes.flush()

    async def _loop(
        self, wake: asyncio.Event, work: Callable[[], Coroutine[Any, Any, int]], most: int
    ) -> None:
        """Run rounds of `work` for ever: at once after one that did `most` or more, else when woken."""
        failed = self._context.pulse.failed
        while not self._closing:
            wake.clear()
            try:
                done = await work()
            except Exception:
                failed[work.__name__] = failed.get(work.__name__, 0) + 1
                log.exception("round failed", round=work.__name__)
                await asyncio.sleep(FAILED_SECONDS)
                continue
            failed[work.__name__] = 0
            if done < most and not self._closing:
                await _first(wake, self._poll)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None or not self._closing:
            self._context.pulse.stopped = True
            log.error("the workers have stopped", exc_info=error)


def _customer(delivery: Delivery) -> str:
    return delivery.conversation


def _goes_on(outcome: deliveries.Outcome) -> bool:
    """Whether the next entry may go: not while this one waits to be tried again."""
    return not isinstance(outcome, Again)


async def _first(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
