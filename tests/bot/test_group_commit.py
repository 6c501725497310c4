"""Group commit: waiting writes are written together, and each caller gets its own result."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.group_commit import Batcher, Overloaded


class Disk:
    """A store that doubles what is written, and fails at negative numbers."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.gate.wait()
        if any(item < 0 for item in items):
            raise ValueError("no negative numbers")
        return [item * 2 for item in items]


async def test_what_comes_while_writing_shares_the_next_batch() -> None:
    disk = Disk()
    batcher = Batcher(disk.write, batch=3)
    disk.gate.clear()
    puts = [asyncio.create_task(batcher.put(number)) for number in range(6)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    disk.gate.set()
    assert await asyncio.gather(*puts) == [0, 2, 4, 6, 8, 10]
    assert [len(batch) for batch in disk.batches] == [3, 3]
    assert await batcher.put(21) == 42


async def test_what_cannot_be_written_fails_alone() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    results = await asyncio.gather(*(batcher.put(n) for n in (1, -2, 3)), return_exceptions=True)
    assert results[0] == 2
    assert isinstance(results[1], ValueError)
    assert results[2] == 6
    assert disk.batches == [[1, -2, 3], [1], [-2], [3]]
    with pytest.raises(ValueError, match="no negative"):
        await batcher.put(-1)
    assert len(disk.batches) == 5, "one alone is not tried twice"


async def test_too_much_is_refused_at_once() -> None:
    disk = Disk()
    batcher = Batcher(disk.write, batch=1, waiting=2)
    disk.gate.clear()
    first = asyncio.create_task(batcher.put(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(batcher.put(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await batcher.put(4)
    disk.gate.set()
    assert await asyncio.gather(first, *waiting) == [2, 4, 6]


async def test_whoever_leaves_does_not_stop_the_writing() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    disk.gate.clear()
    leaver = asyncio.create_task(batcher.put(1))
    failing = asyncio.create_task(batcher.put(-1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaver.cancel()
    failing.cancel()
    stayer = asyncio.create_task(batcher.put(2))
    await asyncio.sleep(0)
    disk.gate.set()
    assert await stayer == 4
    await batcher.flush()
    assert [1] in disk.batches
    await asyncio.gather(leaver, failing, return_exceptions=True)


async def test_flush_waits_for_all() -> None:
    disk = Disk()
    batcher = Batcher(disk.write, batch=1)
    await batcher.flush()
    puts = [asyncio.create_task(batcher.put(number)) for number in range(3)]
    await asyncio.sleep(0)
    await batcher.flush()
    assert disk.batches == [[0], [1], [2]]
    assert await asyncio.gather(*puts) == [0, 2, 4]
