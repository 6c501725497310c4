"""Sends events out to the shop's other program. Nothing waits for it."""

import asyncio
import math
import random
from typing import Final

import structlog

from bot.context import Context
from bot.hook_client import GONE, TIMEOUT, Answer, HookClient
from bot.workers.circuit_breaker import Circuit
from bot.workers.rounds import wait_for
from payments.processing.notice import Notice, NoticeKind
from storage.outbox.hooks import HookState, StoredHook, Tried

LOOK_SECONDS: Final = 1.0
"""Seconds between two looks for events that are due, or that another process stored."""
FAILED_SECONDS: Final = 5.0
"""Pause after a round that raised: the database may be restarting."""
IN_FLIGHT: Final = 16
"""Maximum events in flight: one of each order."""
LEASE: Final = 60_000
"""Milliseconds for which an event is claimed. A try takes TIMEOUT seconds at most."""
GAPS: Final = (5, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 20 * 3600, 43 * 3600)
"""Seconds from each failed try to the next: 9 tries in 3 days."""
LONGEST_WAIT: Final = 86_400.0
"""Seconds of a Retry-After that are respected at most."""
_OPENS: Final = 5
"""Failures in a row after which the receiver counts as down, and only one event is tried at a time."""
_STOPPED: Final = 3_600_000
"""Milliseconds for which an event waits whose receiver wants none any more."""
_JITTER: Final = 0.1

log = structlog.get_logger()


def again_after(attempts: int, retry_after: float | None, jitter: float) -> int | None:
    """Return the milliseconds from the `attempts`-th failed try to the next; None if that was the last.

    `retry_after` is the wait that the receiver asked for, in seconds; `jitter` is a number in [0, 1).
    """
    if attempts > len(GAPS):
        return None
    seconds = max(float(GAPS[attempts - 1]), min(retry_after or 0.0, LONGEST_WAIT))
    return math.ceil(seconds * (1 + jitter * _JITTER) * 1000)


class Hooks:
    """Sends what is due until closed. Each process has one; they share the work by the database."""

    def __init__(self, context: Context, client: HookClient, dice: random.Random) -> None:
        self._context, self._client, self._dice = context, client, dice
        self._circuit = Circuit()
        self._failures = 0
        self._stopped = False
        """Whether the receiver wants no event any more. A restart asks it again."""
        self._resumed = False
        """Whether what an earlier process kept after a 410 was made due."""
        self._closed = False
        self._due = asyncio.Event()
        self._tries: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at once: an event was stored, or one was finished."""
        self._due.set()

    def close(self) -> None:
        """Begin no further try."""
        self._closed = True
        self._due.set()

    def shift(self, milliseconds: int) -> None:
        """Move all times with a clock that was put forward by `milliseconds`, or back if negative."""
        self._circuit.shift(milliseconds)

    async def idle(self) -> None:
        """Wait until no try is under way."""
        while self._tries:
            await asyncio.wait(set(self._tries))

    async def run(self) -> None:
        """Send what is due, until closed."""
        while not self._closed:
            self._due.clear()
            try:
                await self.send()
            except Exception:
                log.exception("events out were not claimed")
                await wait_for(self._due, FAILED_SECONDS)
            if not self._closed:
                await wait_for(self._due, LOOK_SECONDS)

    async def send(self) -> int:
        """Claim events that are due and start tasks that send them. Return how many.

        The first time, all that was kept after a 410 is due.
        """
        now = self._context.clock.now()
        room = self._circuit.room(IN_FLIGHT - len(self._tries), now)
        if room <= 0 or self._stopped or self._closed:
            return 0
        if not self._resumed:
            await self._context.store.hooks.resume(str(GONE), now, LEASE)
            self._resumed = True
        claimed = await self._context.store.hooks.claim(now, room, LEASE)
        if claimed:
            self._circuit.record_claim(now)
        for hook in claimed:
            task = asyncio.create_task(self._try(hook, now))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)
        return len(claimed)

    async def _try(self, hook: StoredHook, claimed_at: int) -> None:
        try:
            answer = await self._client.post(hook.key, hook.body, self._context.clock.now())
            now = self._context.clock.now()
            tried = self._judged(hook, answer, claimed_at, now)
            await self._context.store.hooks.record(tried, now)
        except Exception:
            # It is sent again when its lease ends.
            log.exception("the try of an event out was not recorded", hook=hook.key)
        self._due.set()

    def _judged(self, hook: StoredHook, answer: Answer, claimed_at: int, now: int) -> Tried:
        if answer.taken:
            self._failures = 0
            if self._circuit.record_answer(claimed_at):
                log.warning("the receiver of events out takes them again")
            return Tried(hook, HookState.DONE)
        if answer.status == GONE:
            return self._stop(hook, now)
        self._count_failure(answer, now)
        gap = again_after(hook.attempts, answer.retry_after, self._dice.random())
        if gap is not None:
            return Tried(hook, HookState.WAITING, now + gap, str(answer))
        log.error("event out given up", hook=hook.key, type=hook.type, tries=hook.attempts)
        return Tried(hook, HookState.FAILED, error=str(answer), notice=_given_up(hook))

    def _count_failure(self, answer: Answer, now: int) -> None:
        """Note a failure. Only the first ones are logged: a receiver that is down must not fill the log."""
        self._failures += 1
        if self._failures == 1:
            log.warning("event out not taken", status=answer.status)
        if self._failures >= _OPENS:
            if not self._circuit.is_open:
                log.error("the receiver of events out is down: one event is tried at a time")
            self._circuit.record_halt(now)

    def _stop(self, hook: StoredHook, now: int) -> Tried:
        self._stopped = True
        log.error("the receiver of events out wants none any more", mend="see munshi doctor")
        text = (
            f"The program at MUNSHI_HOOK_URL answered {GONE}: it wants no events any more, and gets none."
            " They are kept. Set the address of another program, or leave MUNSHI_HOOK_URL out; then restart"
            " the server."
        )
        notice = Notice(NoticeKind.HOOK, "gone", text)
        again = now + _STOPPED
        return Tried(hook, HookState.WAITING, again, str(GONE), counts=False, notice=notice)


def _given_up(hook: StoredHook) -> Notice:
    text = (
        f"The program at MUNSHI_HOOK_URL did not take '{hook.type}' in {hook.attempts} tries over three days."
        " The later events go on. See why with 'munshi hooks', and send it again with 'munshi hooks retry"
        f" {hook.stream}'."
    )
    return Notice(NoticeKind.HOOK, hook.stream, text)


assert TIMEOUT * 1000 < LEASE
