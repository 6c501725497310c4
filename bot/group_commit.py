"""Group commit: requests that arrive together share one transaction, and each hears its own result."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Overloaded(Exception):
    """The queue is full; the caller should try again later."""


class Batcher(Generic[Item, Result]):
    """Collects items while a batch is being written, then writes them all in the next one.

    `write` takes the items and gives one result for each, or raises, in which case none of them was
    written. A batch that fails is tried again one item at a time, so that an item that can't be
    written fails alone.
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
        """Write `item` and return its result, once it is durable. Raises Overloaded, or as `write`."""
        if len(self._queue) >= self._most:
            raise Overloaded
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._run())
        try:
            return await future
        finally:
            del future  # an error's traceback holds this frame: it must not hold the error, and the item

    async def flush(self) -> None:
        """Wait until everything that was put is written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait({self._writer})

    async def _run(self) -> None:
        while self._queue:
            taken = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            if not await self._try(taken) and len(taken) > 1:
                for entry in taken:
                    await self._try([entry])

    async def _try(self, taken: list[tuple[Item, asyncio.Future[Result]]]) -> bool:
        try:
            results = await self._write([item for item, _ in taken])
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits for this item
            if len(taken) == 1:
                _fail(taken[0][1], error)
            taken = []  # as in `put`
            return False
        for (_, future), result in zip(taken, results, strict=True):
            if not future.done():
                future.set_result(result)
        return True


def _fail(future: "asyncio.Future[Result]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever waited may have gone; that is no "never retrieved" warning
