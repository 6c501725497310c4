"""Group commit: requests that arrive together share one transaction, and each gets its own result."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Overloaded(Exception):
    """The queue is full; the caller should try again later."""


class Batcher(Generic[Item, Result]):
    """Collects items while a batch is being written, then writes them all as the next batch.

    `write` takes the items and returns one result for each. If it raises, it has written none of them.
    A batch that fails is retried one item at a time, so that only the item that can't be written fails.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        batch: int = 200,
        waiting: int = 5000,
    ) -> None:
        self._write = write
        self._batch, self._most = batch, waiting
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Result:
        """Write `item`; return its result once it is durable. Raises Overloaded, or what `write` raises."""
        if len(self._queue) >= self._most:
            raise Overloaded
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._run())
        try:
            return await future
        finally:
            # An error's traceback holds this frame, which must not hold the error and the item in turn.
            del future

    async def flush(self) -> None:
        """Wait until all items that were put are written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait({self._writer})

    async def _run(self) -> None:
        while self._queue:
            entries = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            if not await self._write_entries(entries) and len(entries) > 1:
                for entry in entries:
                    await self._write_entries([entry])

    async def _write_entries(self, entries: list[tuple[Item, asyncio.Future[Result]]]) -> bool:
        """Write `entries` and set their results. Return False on failure; a single entry gets the error."""
        try:
            results = await self._write([item for item, _ in entries])
        except Exception as error:  # noqa: BLE001 - the caller of `put` gets it
            if len(entries) == 1:
                _fail(entries[0][1], error)
            entries = []  # the error's traceback holds this frame, as in `put`
            return False
        for (_, future), result in zip(entries, results, strict=True):
            if not future.done():
                future.set_result(result)
        return True


def _fail(future: "asyncio.Future[Result]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # marks it as retrieved: if the caller is gone, asyncio would warn
