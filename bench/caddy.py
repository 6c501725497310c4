"""Runs Caddy with the Caddyfile that is shipped, before a server on this machine."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_CADDYFILE: Final = Path(__file__).parents[1] / "deploy" / "Caddyfile"
_PROGRAM: Final = Path(sys.executable).with_name("caddy")
_PATIENCE: Final = 30.0


@asynccontextmanager
async def caddy(behind: int) -> AsyncIterator[tuple[int, int]]:
    """Run Caddy before the server at port `behind`. Yield the port at which it answers, and its process id.

    Only the addresses differ from the file: it serves this machine, without TLS.
    """
    with TemporaryDirectory(prefix="munshi-caddy-") as directory:
        text = _CADDYFILE.read_text(encoding="utf-8")
        file = Path(directory) / "Caddyfile"
        file.write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{behind}"), encoding="utf-8")
        port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "MUNSHI_DOMAIN": f"http://127.0.0.1:{port}",
            "CADDY_ADMIN": f"unix/{directory}/admin",
        }
        command = (str(_PROGRAM), "run", "--config", str(file), "--adapter", "caddyfile")
        with (Path(directory) / "log").open("wb") as log:
            running = await asyncio.create_subprocess_exec(*command, env=env, cwd=directory, stderr=log)
        try:
            await _listening(port)
            yield port, running.pid
        finally:
            running.terminate()
            await running.wait()


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
