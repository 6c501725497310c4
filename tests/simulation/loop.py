"""An event loop with virtual time that runs ready callbacks in a random order, drawn from a seed."""

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
Job: TypeAlias = tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]
"""A future, and the function and arguments that produce its result."""

MAX_TURNS: Final = 1_000_000
"""Callbacks after which a loop counts as endless."""
_MAX_CLOSES: Final = 100
"""How often a closed coroutine may reach another `await` before that is a bug."""


class Stuck(Exception):
    """The loop has nothing left to run but is not done, or it does not end."""


class SimClock:
    """The wall clock of a loop. Implements `bot.clock.Clock`."""

    def __init__(self, loop: "SimLoop", start: int) -> None:
        self._loop, self._start = loop, start

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return self._start + round(self._loop.time() * 1000)


class SimLoop(asyncio.BaseEventLoop):
    """An event loop that runs one ready callback a turn, chosen by `seed`; if none is ready, time jumps.

    asyncio keeps the order of `call_soon`; this loop does not, so that no code may depend on it.
    The first exception that reaches the loop ends it. There are no sockets and no threads.
    """

    def __init__(self, seed: int, *, start: int = START, max_turns: int = MAX_TURNS) -> None:
        super().__init__()
        self.clock = SimClock(self, start)
        self.turns = 0
        self.dead = False
        """Whether the process that this loop simulates is dead."""
        self.trace: list[tuple[float, str]] | None = None
        """If a list: (seconds of `time()`, name) of each callback that ran."""
        self._ready: list[asyncio.Handle] = []
        self._scheduled: list[asyncio.TimerHandle] = []
        self._dice = random.Random(seed)
        self._max_turns = max_turns
        self._now = 0.0
        self._tasks: list[tuple[asyncio.Task[Any], contextvars.Context]] = []
        self._executors: dict[Any, deque[Job]] = {}
        self._task_count = 0
        self._end_callbacks: list[Callable[[], None]] = []
        self._failure: BaseException | None = None

    def time(self) -> float:
        """Return seconds since the loop began."""
        return self._now

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the loop is dead and none of its tasks can run."""
        self._end_callbacks.append(callback)

    def call_soon(
        self, callback: Callable[[*Args], object], *args: *Args, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Schedule as asyncio does, but without its checks: they would cost much of the simulation's time."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Args], object], *args: *Args, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Call `call_soon`: there is only one thread."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run `func` whole in one turn, after the earlier jobs of `executor`."""
        future: asyncio.Future[T] = self.create_future()
        jobs = self._executors.setdefault(executor, deque())
        jobs.append((future, func, args))
        self.call_soon(self._run_job, jobs)
        return future

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Create a task named after its coroutine. The same seed gives the same names."""
        self._task_count += 1
        name = name or f"{getattr(coro, '__qualname__', coro)} {self._task_count}"
        context = contextvars.copy_context() if context is None else context
        task: asyncio.Task[T] = asyncio.Task(coro, loop=self, name=name, context=context)
        if self._task_count % 256 == 0:
            self._drop_done_tasks()
        self._tasks.append((task, context))
        return task

    async def die(self, cause: BaseException) -> NoReturn:
        """End the process: the calling coroutine stops here, all others at their `await`.

        Raising `cause` instead would run the `finally` blocks of the callers.
        """
        self._failure = cause
        await self.create_future()
        raise AssertionError("unreachable")

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """End the loop with the uncaught exception. A dead loop ignores it."""
        if not self.dead and self._failure is None:
            self._failure = context.get("exception") or RuntimeError(context["message"])

    def raise_failure(self) -> None:
        """Raise the exception of a failed task that was never awaited."""
        self._drop_done_tasks()
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """End as a killed process does: no task goes on, and nothing is awaited.

        Python closes coroutines, so a `finally` still runs up to its first `await`. Code that simulates
        the outside must do nothing for a loop that is `dead`.
        """
        self.dead = True
        asyncio._set_running_loop(self)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for task, context in self._tasks:
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    context.run(_close, task)
        finally:
            asyncio._set_running_loop(None)
        self._tasks.clear()
        for callback in self._end_callbacks:
            callback()
        self._end_callbacks.clear()
        self.close()

    def _run_job(self, jobs: deque[Job]) -> None:
        """Run the first job and set its future's result or Exception.

        A real thread may or may not have begun a job that is cancelled, so a draw decides.
        """
        future, func, args = jobs.popleft()
        if future.cancelled() and self._dice.random() < 0.5:
            return
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - it becomes the result of the future
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns > self._max_turns:
            raise Stuck(f"no end after {self._max_turns} turns, at {self._now} s: {self._describe_tasks()}")
        ready, timers = self._ready, self._scheduled
        if timers and timers[0].when() <= self._now:
            self._wake_timers()
        if not ready:
            self._jump_to_next_timer()
        chosen = int(self._dice.random() * len(ready))
        ready[chosen], ready[-1] = ready[-1], ready[chosen]
        handle = ready.pop()
        if not handle._cancelled:
            if self.trace is not None:
                self.trace.append((self._now, _name(handle)))
            handle._run()
        del handle  # else a traceback keeps this frame and the task, and asyncio does not see it freed
        if self._failure is not None:
            raise self._failure

    def _wake_timers(self) -> None:
        timers = self._scheduled
        while timers and (timers[0].cancelled() or timers[0].when() <= self._now):
            timer = heapq.heappop(timers)
            if not timer.cancelled():
                self._ready.append(timer)

    def _jump_to_next_timer(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._scheduled:
            raise Stuck(f"nothing can happen any more, at {self._now} s: {self._describe_tasks()}")
        self._now = self._scheduled[0].when()
        self._wake_timers()

    def _drop_done_tasks(self) -> None:
        """Free the tasks that are done: asyncio reports an unretrieved exception when its task is freed."""
        self._tasks = [entry for entry in self._tasks if not entry[0].done()]

    def _describe_tasks(self) -> str:
        """Name each task that is not done, and the line at which it waits."""
        alive = [task for task, _ in self._tasks if not task.done()]
        return "; ".join(f"{task.get_name()} at {_line(task)}" for task in alive) or "no task is left"


def run(seed: int, main: Callable[[SimLoop], Coroutine[Any, Any, T]], *, start: int = START) -> T:
    """Run `main` in a new loop and return its result. Tasks that it leaves die with the loop.

    `start` is the first time of the wall clock, in milliseconds since 1970, UTC. Raises what `main`
    raises, an exception that no task caught, Crash, or Stuck.
    """
    loop = SimLoop(seed, start=start)
    try:
        result = loop.run_until_complete(main(loop))
        loop.raise_failure()
        return result
    finally:
        loop.abandon()


def _close(task: asyncio.Task[Any]) -> None:
    """Close the coroutine of `task` for good, and ignore what it raises."""
    coroutine = task.get_coro()
    if task.done() or coroutine is None:
        return
    for _ in range(_MAX_CLOSES):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - a `finally` awaits or fails
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
