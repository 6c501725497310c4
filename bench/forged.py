"""`python -m bench.forged [requests]`: signed webhooks with one bit flipped, over HTTP. None may be accepted.

Each bit of the body and of the signature is flipped, of one webhook after another, until so many were sent.
Then the database is looked at: it must hold nothing.
"""

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from bench.clients import Crew
from bench.live import server_apart
from bench.shop import webhook

_NOWHERE: Final = "http://127.0.0.1:9"
_AT_ONCE: Final = 32
_SIGNATURE: Final = b"sha256="


def flipped() -> Iterator[bytes]:
    """Yield webhooks without end, each with another bit of its signature or body flipped."""
    for number in count():
        request = webhook(f"hi {number}", number, f"wamid.forged{number}")
        signature = request.index(_SIGNATURE) + len(_SIGNATURE)
        body = request.index(b"\r\n\r\n") + 4
        for place in (*range(signature, signature + 64), *range(body, len(request))):
            for bit in range(8):
                forged = bytearray(request)
                forged[place] ^= 1 << bit
                yield bytes(forged)


async def _send(port: int, most: int) -> Counter[int]:
    crew, statuses, requests = Crew(port, _AT_ONCE), Counter[int](), islice(flipped(), most)

    async def one_after_another() -> None:
        for request in requests:
            status, _ = await crew.post(request)
            statuses[status] += 1

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
    crew.close()
    return statuses


async def _measure(most: int) -> None:
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        database = Path(directory) / "bench.db"
        async with server_apart(database, _NOWHERE, working=False) as server:
            statuses = await _send(server.port, most)
        with sqlite3.connect(database) as books:
            [rows] = books.execute("SELECT count(*) FROM inbox").fetchone()
    print(
        f"{most} webhooks with a flipped bit: {dict(sorted(statuses.items()))} by status; {rows} rows stored"
    )
    accepted = sum(times for status, times in statuses.items() if not 400 <= status < 500)
    if accepted or rows:
        sys.exit("some were not refused")


def main() -> None:
    """Send and print. Exit status 1 if anything was accepted, failed or was stored."""
    uvloop.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))


if __name__ == "__main__":
    main()
