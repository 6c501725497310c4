"""`python -m bench.intake [a second] [seconds] [times]`: webhooks at a steady rate, far too many, and again.

Every webhook that was answered 200 must be in the database at the end; another may be or not. Each is sent
when it is due, whether earlier ones were answered or not, at most `_AT_ONCE` at once; its wait counts from
then. No worker runs: what is measured is verifying, parsing and storing.
"""

import asyncio
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import uvloop

from bench.clients import Crew
from bench.live import memory_of, server_apart
from bench.shop import webhook

_NOWHERE: Final = "http://127.0.0.1:9"
_AT_ONCE: Final = 800
"""Less than the connections that the server keeps, so that none is closed for another."""
_AFTER_SECONDS: Final = 10


class Load:
    """Sends webhooks, and keeps what was acknowledged."""

    def __init__(self, port: int) -> None:
        self._crew = Crew(port, _AT_ONCE)
        self._sent = 0
        self.acknowledged: set[str] = set()
        """The ids of messages of which the webhook was answered 200."""

    async def send(self, name: str, rate: int, seconds: int) -> None:
        """Send `rate` webhooks a second for so long, and print what came of them."""
        statuses, waits, begun, tasks = (
            Counter[int](),
            list[float](),
            perf_counter(),
            set[asyncio.Task[None]](),
        )
        for number in range(rate * seconds):
            await asyncio.sleep(max(0, begun + number / rate - perf_counter()))
            tasks.add(asyncio.create_task(self._one(statuses, waits)))
        await asyncio.gather(*tasks)
        took = perf_counter() - begun
        waits.sort()
        late = waits[int(len(waits) * 0.99)] if waits else 0.0
        middle = waits[len(waits) // 2] if waits else 0.0
        print(
            f"{name}: {rate}/s wanted for {seconds} s, sent in {took:.0f} s; {dict(sorted(statuses.items()))}"
            f" by status; of those answered 200, {len(waits) / took:.0f}/s, p50 {middle * 1000:.0f} ms,"
            f" p99 {late * 1000:.0f} ms",
            flush=True,
        )

    async def _one(self, statuses: Counter[int], waits: list[float]) -> None:
        self._sent += 1
        wamid = f"wamid.intake{self._sent}"
        status, wait = await self._crew.post(webhook("hi", self._sent % 10_000, wamid))
        statuses[status] += 1
        if status == 200:
            self.acknowledged.add(wamid)
            waits.append(wait)

    def close(self) -> None:
        """Close all connections."""
        self._crew.close()


async def _measure(rate: int, seconds: int, times: int) -> None:
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        database = Path(directory) / "bench.db"
        async with server_apart(database, _NOWHERE, working=False) as server:
            load = Load(server.port)
            await load.send("steady", rate, seconds)
            await load.send("too many", rate * times, seconds)
            await load.send("after it", rate, _AFTER_SECONDS)
            load.close()
            print(f"server {memory_of(server.pid)}")
        with sqlite3.connect(database) as books:
            stored = {key for (key,) in books.execute("SELECT key FROM inbox")}
    lost = [wamid for wamid in load.acknowledged if wamid not in stored]
    print(f"{len(load.acknowledged)} acknowledged, {len(lost)} of them not in the database")
    if lost:
        sys.exit("acknowledged webhooks are lost")


def main() -> None:
    """Send and print. Exit status 1 if an acknowledged webhook is not in the database."""
    given = [int(text) for text in sys.argv[1:]]
    uvloop.run(_measure(*[*given, *(500, 60, 10)[len(given) :]]))


if __name__ == "__main__":
    main()
