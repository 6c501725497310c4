"""Worker loops: step due events, perform due outbox entries, prune old rows, sleep until woken.

A loop that is not woken looks again after `POLL_SECONDS`, so that the processes of one database find each
other's work.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

import structlog

from bot.clock import Jumps, SystemClock, jumped
from bot.context import Context
from bot.event_json import rendered
from bot.group_commit import Batcher
from bot.kept_files import KeptFiles
from bot.workers.audits import Audits
from bot.workers.broadcasts import Broadcasts
from bot.workers.day_reports import DayReports
from bot.workers.executor import LEASE, Executor, fits
from bot.workers.hooks import Hooks
from bot.workers.mirrors import Mirrors
from bot.workers.numbers import Numbers
from bot.workers.retention import Retention
from bot.workers.rounds import Rounds, wait_for
from bot.workers.stock_readings import StockReadings
from bot.workers.traffic import Traffic
from payments.ledger.holds import Mismatch, in_words, needs_person
from payments.ledger.mirrors import concerned
from payments.processing.answers import is_limited
from payments.processing.changes import ChangeSet, Outcome
from payments.processing.step_input import StepInput
from storage.database.queues import Lane
from storage.inbox.step_inputs import EVENTS_AT_ONCE
from storage.outbox import deliveries
from storage.outbox.deliveries import Again, Delivery

POLL_SECONDS: Final = 0.2
FLOW_SECONDS: Final = 2.0
"""Seconds between two looks whether another version of the flow is served."""
FAILED_SECONDS: Final = 1.0
"""Pause after a round that raised: the database may be restarting."""
STEP_BATCH: Final = 256
CLAIM_BATCH: Final = 256
IN_FLIGHT: Final = 512
"""Maximum messages in flight, over all customers."""
ROOM: Final[Mapping[Lane, int]] = {Lane.CHAT: IN_FLIGHT, Lane.PAY: 8, Lane.POLL: 2}
"""Maximum entries of each lane in flight."""
CALLERS: Final = ROOM[Lane.PAY] + ROOM[Lane.POLL]
"""Threads that the gateway needs: an entry that waits for a thread would use up its lease."""

log = structlog.get_logger()


class Workers:
    """Steps events, performs outbox entries and prunes until closed.

    Any number may share one PostgreSQL database.
    """

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
        self._executor = Executor(
            context.whatsapp, context.gateway, context.clock, dice, KeptFiles(context.store), self._traffic
        )
        self._outcomes: Batcher[deliveries.Outcome, None] = Batcher(
            self._record, batch=CLAIM_BATCH, waiting=IN_FLIGHT * 4
        )
        self._retention = Retention(context)
        self._audits = Audits(context)
        self._numbers = Numbers(context)
        self._day_reports = DayReports(context)
        self._broadcasts = Broadcasts(context, self.wake)
        self._hooks = None if context.hooks is None else Hooks(context, context.hooks, dice)
        self._mirrors = None if context.shopify is None else Mirrors(context, context.shopify, dice)
        self._readings = None if context.shopify is None else StockReadings(context, context.shopify)
        self._flow = Rounds()
        self._stepping, self._performing = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._runs: set[asyncio.Task[None]] = set()
        self._in_flight = dict.fromkeys(ROOM, 0)
        self._closing = False

    def wake(self) -> None:
        """Wake the stepping loop: an event arrived."""
        self._stepping.set()

    def start(self) -> None:
        """Start the loops, as tasks owned by this object."""
        loops = (
            # A round that handled this many events may have left more events of one customer.
            self._loop(self._stepping, self.step, EVENTS_AT_ONCE),
            self._loop(self._performing, self.perform, CLAIM_BATCH),
            self._retention.run(),
            self._audits.run(),
            self._numbers.run(),
            self._day_reports.run(),
            self._broadcasts.run(),
        )
        self._tasks = [asyncio.create_task(loop) for loop in (*loops, *self._following())]
        for task in self._tasks:
            task.add_done_callback(self._on_loop_end)

    def _following(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield the loops that not every process has: to follow another's flow, to tell programs."""
        if self._context.store.shared:
            yield self._flow.run(self._context.follow_flow, FLOW_SECONDS, "the served flow was not looked up")
        yield from (one.run() for one in self._outward())

    def _outward(self) -> list[Hooks | Mirrors | StockReadings]:
        """Return what tells the shop's other programs of its orders, or asks them, if it has any."""
        return [one for one in (self._hooks, self._mirrors, self._readings) if one is not None]

    async def close(self) -> None:
        """Stop claiming, finish and record the entries in flight, release those that have not started."""
        # The loops are not cancelled: entries of a cancelled claim would wait until their lease ends.
        self._closing = True
        self._retention.close()
        self._audits.close()
        self._numbers.close()
        self._day_reports.close()
        self._broadcasts.close()
        self._flow.close()
        for one in self._outward():
            one.close()
        self._stepping.set()
        self._performing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # `_on_loop_end` has logged their errors
        await self._wait_until_idle()

    async def step(self) -> int:
        """Step due events and apply due receipts, one batch each. Return how many were handled."""
        if jump := self._jumps.since():
            await self._apply_clock_jump(jump)
        now, store = self._context.clock.now(), self._context.store
        due = await store.due(now)
        receipts = await self._apply_receipts(now) if due.receipts else 0
        events = await self._advance_due(now) if due.events else 0
        if events:
            self._context.metrics.handled.inc(events)
        if receipts or events:
            self._performing.set()
        return receipts + events

    async def perform(self) -> int:
        """Claim due entries and start tasks that perform them. Return how many were claimed."""
        lanes = await self._context.store.due_lanes(self._context.clock.now())
        return sum([await self._claim(lane) for lane in ROOM if lane in lanes])

    async def drain(self) -> int:
        """Do all that is due. Return the number of items. For tests, without the loops."""
        done = 0
        while count := await self._round():
            await self._wait_until_idle()
            done += count
        return done

    async def _round(self) -> int:
        """Do a round of each kind of work. Return the number of items."""
        copied = await self._mirrors.copy_due() if self._mirrors else 0
        read = await self._readings.read_due() if self._readings else 0
        offered = await self._broadcasts.go_on() or 0
        told = await self._hooks.send() if self._hooks else 0
        return copied + read + offered + told + await self.step() + await self.perform()

    async def _apply_clock_jump(self, jump: int) -> None:
        """Make due the rows that a clock set back has put off, and store a notice about the jump.

        If the database fails, the next round sees the same jump again.
        """
        now, notice = self._context.clock.now(), jumped(jump)
        if jump < 0:
            await self._context.store.rewind(now, -jump)
        await self._context.store.tell([notice], now)
        self._jumps.taken(jump)
        self._traffic.shift(jump)
        if self._hooks is not None:
            self._hooks.shift(jump)
        log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)

    async def _advance_due(self, now: int) -> int:
        """Step due events. Those that wait for a version of the flow are stepped once it is loaded."""
        store = self._context.store
        events = await store.advance_due(partial(self._advance, now), now, STEP_BATCH)
        if self._context.versions.is_behind and await self._context.follow_flow():
            events += await store.advance_due(partial(self._advance, now), now, STEP_BATCH)
        return events

    def _advance(self, now: int, step_input: StepInput) -> ChangeSet:
        changes = self._context.versions.advance(step_input, now)
        for result in changes.results:
            if is_limited(result.trace):
                self._context.metrics.limited.inc()
            if result.outcome is Outcome.PARKED:
                # The error may quote the customer, so it is stored in the database and not logged.
                where = {"where": result.where} if result.where else {}
                log.error("event parked", event_number=result.number, mend="see munshi doctor", **where)
        for state in changes.orders.values():
            hold = state.held_for
            if hold is not None and needs_person(hold) and hold.mismatch is not Mismatch.UNVERIFIED:
                log.error("money is held", order=state.key, why=in_words(hold), mend="see munshi doctor")
        for notice in changes.notices:
            log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
        self._tell_outside(step_input, changes)
        if changes.commands:
            self._stepping.set()  # they are events of other conversations, which are due at once
        return changes

    def _tell_outside(self, step_input: StepInput, changes: ChangeSet) -> None:
        """Add to `changes` what the shop's other programs are to hear of them."""
        if self._hooks is not None and changes.happened:
            changes.hooks = [*rendered(step_input, changes)]
            self._hooks.wake()
        if self._mirrors is not None:
            amended = [caused.value.order_key for caused in changes.amendments]
            changes.mirrored = [*concerned(step_input.orders, changes.orders, amended, changes.shelved)]

    async def _apply_receipts(self, now: int) -> int:
        """Apply due receipts. Log a failure and go on: it must not keep customers from their answers."""
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
        room = self._traffic.room(lane, min(ROOM[lane] - self._in_flight[lane], CLAIM_BATCH), now)
        if room <= 0:
            return 0
        claimed = await self._context.store.claim_due(now, room, LEASE, (lane,))
        if claimed:
            self._traffic.record_claim(lane, len(claimed), now)
        for _, run in groupby(claimed, key=_conversation):
            self._launch(lane, list(run))
        return len(claimed)

    def _launch(self, lane: Lane, run: Sequence[Delivery]) -> None:
        self._in_flight[lane] += len(run)
        task = asyncio.create_task(self._perform_run(lane, run))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _perform_run(self, lane: Lane, run: Sequence[Delivery]) -> None:
        """Perform one customer's entries of one lane in order; if one must be retried, release the rest.

        An entry that may outlive its lease is not started: another worker would claim and repeat it.
        """
        try:
            recordings = []
            for index, delivery in enumerate(run):
                if self._closing or not fits(delivery, self._context.clock.now()):
                    await self._release(run[index:])
                    break
                outcome = await self._executor.perform(delivery)
                self._context.metrics.performed.labels(lane, type(outcome).__name__.lower()).inc()
                recordings.append(asyncio.ensure_future(self._outcomes.put(outcome)))
                if not _lets_next_go(outcome):
                    await self._release(run[index + 1 :])
                    break
            await asyncio.gather(*recordings)
        except Exception:
            # An entry whose outcome is not recorded becomes due again when its lease ends.
            log.exception("outcomes not recorded", deliveries=[delivery.id for delivery in run])
        finally:
            self._in_flight[lane] -= len(run)

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

    async def _wait_until_idle(self) -> None:
        """Wait until nothing is in flight and every outcome is recorded."""
        while self._runs:
            await asyncio.wait(set(self._runs))
        await self._outcomes.flush()
        if self._hooks is not None:
            await self._hooks.idle()

    async def _loop(
        self, wake: asyncio.Event, work: Callable[[], Coroutine[Any, Any, int]], most: int
    ) -> None:
        """Run rounds of `work` until closing: at once after one that did `most` or more, else when woken."""
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
                await wait_for(wake, self._poll)

    def _on_loop_end(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None or not self._closing:
            self._context.pulse.stopped = True
            log.error("the workers have stopped", exc_info=error)


def _conversation(delivery: Delivery) -> str:
    return delivery.conversation


def _lets_next_go(outcome: deliveries.Outcome) -> bool:
    """Return whether the next entry may be performed: not while this one waits for a retry."""
    return not isinstance(outcome, Again)
