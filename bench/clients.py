"""Clients that post prepared webhooks to a port of this machine, and read only the status of each answer."""

import asyncio
from contextlib import suppress
from time import perf_counter


class Client:
    """One kept-alive connection, opened anew when it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> int:
        """Return the status of the answer; 0 if the connection broke before it came.

        A kept connection that turns out to be closed is opened anew, once.
        """
        kept = self._streams is not None
        status = await self._once(request)
        return await self._once(request) if kept and not status else status

    async def _once(self, request: bytes) -> int:
        with suppress(OSError, asyncio.IncompleteReadError, ValueError):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            if b"\r\nconnection: close\r\n" in head:
                self.close()
            return int(head[9:12])
        self.close()
        return 0

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Crew:
    """As many clients as requests are in flight at once, at most `most`. A request waits for a free one."""

    def __init__(self, port: int, most: int) -> None:
        self._free: asyncio.LifoQueue[Client] = asyncio.LifoQueue()
        for _ in range(most):
            self._free.put_nowait(Client(port))

    async def post(self, request: bytes) -> tuple[int, float]:
        """Return the status of the answer, and the seconds until it came, those of waiting included."""
        start = perf_counter()
        client = await self._free.get()
        try:
            status = await client.post(request)
        finally:
            self._free.put_nowait(client)
        return status, perf_counter() - start

    def close(self) -> None:
        """Close all connections."""
        while not self._free.empty():
            self._free.get_nowait().close()
