"""Processes of tests: start, wait for, kill; each is ended with its test."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson

from tests.world.running_bot import FLOW, ROOT

PATIENCE = 180.0
"""Seconds after which a wait fails its test."""
MUNSHI = (sys.executable, "-c", "from bot.cli import main; main()")


def free_port() -> int:
    """A free port below those of outgoing connections: it stays free while its process is dead."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port among fifty")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process: a shop's settings and what it needs of the machine's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "MUNSHI_FLOW": str(FLOW), **settings}


@asynccontextmanager
async def process(
    *command: str, env: Mapping[str, str], cwd: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process; kill it at the end if it still runs. Its standard error goes to a file in `cwd`."""
    with (cwd / "stderr.txt").open("ab") as stderr:
        running = await asyncio.create_subprocess_exec(
            *command, env=dict(env), cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def kill(running: asyncio.subprocess.Process) -> None:
    """Send SIGKILL, and wait until the process is gone."""
    running.send_signal(signal.SIGKILL)
    await running.wait()


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until `true` returns True. Raises TimeoutError."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await true():
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise TimeoutError(f"waited {PATIENCE} s for {what}") from None


async def ready(http: aiohttp.ClientSession, url: str) -> None:
    """Wait until the bot at `url` is ready."""

    async def answers() -> bool:
        try:
            async with http.get(f"{url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    await until(answers, f"{url}/readyz")


async def run(*command: str, env: Mapping[str, str], cwd: Path, typed: str | None = None) -> tuple[int, str]:
    """Run a command to its end, with `typed` as its input. Return exit status and all output."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        *command,
        env=dict(env),
        cwd=cwd,
        stdin=None if typed is None else pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await running.communicate(None if typed is None else typed.encode())
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode is not None
    return running.returncode, output.decode()


async def first_line(running: asyncio.subprocess.Process) -> dict[str, str]:
    """Read the JSON object that a process prints once it is up."""
    assert running.stdout is not None
    line = await asyncio.wait_for(running.stdout.readline(), PATIENCE)
    answer: dict[str, str] = orjson.loads(line)
    return answer
