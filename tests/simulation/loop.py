"""An event loop that a seed decides: virtual time, and what is ready runs in a random order."""

import asyncio
import contextvars
import heapq
import random
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, TypeVarTuple

T = TypeVar("T")
Args = TypeVarTuple("Args")

START: Final = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC."""
Asked: TypeAlias = tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]
"""A future, and the function and arguments that settle it."""

TURNS: Final = 1_000_000
_CLOSINGS: Final = 100
"""How often a dead coroutine may go on to another `await` before it is a bug of its own."""


class Stuck(Exception):
    """Nothing can ever happen any more, or it never ends."""


class SimClock:
    """The wall clock of a loop; a `bot.clock.Clock`."""

    def __init__(self, loop: "SimLoop", start: int) -> None:
        self._loop, self._start = loop, start

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self._start + round(self._loop.time() * 1000)


class SimLoop(asyncio.BaseEventLoop):
    """Runs one ready callback a turn, chosen by `seed`; the clock jumps when nothing is ready.

    Stricter than asyncio, which promises the order of `call_soon`: nothing here may lean on that.
    The first exception that reaches the loop ends it. There are no sockets and no threads.
    """

    def __init__(self, seed: int, *, start: int = START, turns: int = TURNS) -> None:
        super().__init__()
        self.clock = SimClock(self, start)
        self.turns = 0
        self.over = False
        """Whether the process this loop stands for is dead."""
        self.trace: list[tuple[float, str]] | None = None
        """If a list: what ran, and when (seconds of `time()`)."""
        self._ready: list[asyncio.Handle] = []
        self._scheduled: list[asyncio.TimerHandle] = []
        self._dice = random.Random(seed)
        self._most = turns
        self._now = 0.0
        self._tasks: list[tuple[asyncio.Task[Any], contextvars.Context]] = []
        self._executors: dict[Any, deque[Asked]] = {}
        self._born = 0
        self._last_rites: list[Callable[[], None]] = []
        self._failure: BaseException | None = None

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._now

    def at_end(self, rite: Callable[[], None]) -> None:
        """Have `rite` called when the loop is over and nothing of it can run any more."""
        self._last_rites.append(rite)

    def call_soon(
        self, callback: Callable[[*Args], object], *args: *Args, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """As asyncio does, without its checks: a simulation does little else."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Args], object], *args: *Args, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """`call_soon`: there is one thread."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run `func` in a turn of its own, whole, after what `executor` was asked for before."""
        future: asyncio.Future[T] = self.create_future()
        asked = self._executors.setdefault(executor, deque())
        asked.append((future, func, args))
        self.call_soon(self._take, asked)
        return future

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """As asyncio does; the name tells the coroutine, and is the same for the same seed."""
        self._born += 1
        name = name or f"{getattr(coro, '__qualname__', coro)} {self._born}"
        context = contextvars.copy_context() if context is None else context
        task: asyncio.Task[T] = asyncio.Task(coro, loop=self, name=name, context=context)
        if self._born % 256 == 0:
            self._forget_done()
        self._tasks.append((task, context))
        return task

    async def die(self, cause: BaseException) -> NoReturn:
        """For a coroutine at which the process is killed: it ends here, and all others where they wait.

        Raised instead, `cause` would run the `finally` of whoever called.
        """
        self._failure = cause
        await self.create_future()
        raise AssertionError("unreachable")

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """End the loop with the exception that nobody caught. After the end nobody cares."""
        if not self.over and self._failure is None:
            self._failure = context.get("exception") or RuntimeError(context["message"])

    def complain(self) -> None:
        """Raise what a task failed with that nobody listened to."""
        self._forget_done()
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """End as a killed process does: no task goes on, nothing is awaited, no one is told.

        Python closes coroutines, so a `finally` still runs up to its first `await`. What stands for the
        outside must do nothing for a loop that is `over`.
        """
        self.over = True
        asyncio._set_running_loop(self)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for task, context in self._tasks:
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    context.run(_end, task)
        finally:
            asyncio._set_running_loop(None)
        self._tasks.clear()
        for rite in self._last_rites:
            rite()
        self._last_rites.clear()
        self.close()

    def _take(self, asked: deque[Asked]) -> None:
        """Settle the first future with what its function does; an Exception is its answer too.

        What was cancelled before a thread took it is not done; nobody knows which of the two came first.
        """
        future, func, args = asked.popleft()
        if future.cancelled() and self._dice.random() < 0.5:
            return
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns > self._most:
            raise Stuck(f"no end after {self._most} turns, at {self._now} s: {self._waiting()}")
        ready, timers = self._ready, self._scheduled
        if timers and timers[0].when() <= self._now:
            self._wake_timers()
        if not ready:
            self._jump()
        chosen = int(self._dice.random() * len(ready))
        ready[chosen], ready[-1] = ready[-1], ready[chosen]
        handle = ready.pop()
        if not handle._cancelled:
            if self.trace is not None:
                self.trace.append((self._now, _name(handle)))
            handle._run()
        del handle  # a traceback may keep this frame, and with it the task that asyncio should see freed
        if self._failure is not None:
            raise self._failure

    def _wake_timers(self) -> None:
        timers = self._scheduled
        while timers and (timers[0].cancelled() or timers[0].when() <= self._now):
            timer = heapq.heappop(timers)
            if not timer.cancelled():
                self._ready.append(timer)

    def _jump(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._scheduled:
            raise Stuck(f"nothing can happen any more, at {self._now} s: {self._waiting()}")
        self._now = self._scheduled[0].when()
        self._wake_timers()

    def _forget_done(self) -> None:
        """Let asyncio see which failures nobody asked for: it looks when a task is freed."""
        self._tasks = [entry for entry in self._tasks if not entry[0].done()]

    def _waiting(self) -> str:
        """Every task that has not ended, and the line it waits at."""
        alive = [task for task, _ in self._tasks if not task.done()]
        return "; ".join(f"{task.get_name()} at {_line(task)}" for task in alive) or "no task is left"


def run(seed: int, main: Callable[[SimLoop], Coroutine[Any, Any, T]], *, start: int = START) -> T:
    """What `main` returns, in a loop of its own. Tasks it leaves behind die with the loop.

    `start` is what the wall clock says first (milliseconds since 1970, UTC): a second life begins
    where the first one ended. Raises what `main` raises, what no task caught, Crash, or Stuck.
    """
    loop = SimLoop(seed, start=start)
    try:
        result = loop.run_until_complete(main(loop))
        loop.complain()
        return result
    finally:
        loop.abandon()


def _end(task: asyncio.Task[Any]) -> None:
    """Close a coroutine that will never be resumed; what it does about it goes nowhere."""
    coroutine = task.get_coro()
    if task.done() or coroutine is None:
        return
    for _ in range(_CLOSINGS):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - it waits again in a `finally`, or fails there
            continue
        return
    raise AssertionError(f"{task.get_name()} does not die")


def _name(handle: asyncio.Handle) -> str:
    callback = handle._callback  # type: ignore[attr-defined]
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return owner.get_name()
    return getattr(callback, "__qualname__", type(callback).__name__)


def _line(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack()
    if not stack:
        return "its end"
    frame = stack[-1]
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
