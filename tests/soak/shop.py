"""The shop: real processes of munshi, which are started, killed, frozen and asked whether they are ready."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import aiohttp

from tests.soak.measures import Life
from tests.world.processes import kill, process

MUNSHI: Final = (sys.executable, "-m", "tests.soak.munshi")
_STARTING: Final = 60.0
"""Seconds in which a process must be ready."""
_PROBE: Final = aiohttp.ClientTimeout(total=4)
_LOOK: Final = 0.05
READY: Final = 200


class NotThere(Exception):
    """A process did not start, or ended by itself."""


@dataclass
class Shop:
    """`munshi serve`, and `munshi work` beside it on PostgreSQL."""

    url: str
    env: Mapping[str, str]
    cwd: Path
    http: aiohttp.ClientSession
    stack: AsyncExitStack
    roles: tuple[str, ...]
    running: dict[str, Process] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    """Every process that was started, oldest first."""
    living: dict[str, Life] = field(default_factory=dict)

    async def open(self) -> None:
        """Start every process."""
        for role in self.roles:
            await self.start(role)

    async def start(self, role: str) -> float:
        """Start a process and wait until it is ready. Return the seconds. Raises NotThere."""
        begun = monotonic()
        command = [role, "--create"] if role == "serve" else [role]
        opened = process(*MUNSHI, *command, env=self.env, cwd=self.cwd)
        running = await self.stack.enter_async_context(opened)
        self.running[role] = running
        self.living[role] = Life(role, running.pid)
        self.lives.append(self.living[role])
        if role == "serve":
            await self.until(lambda status: status == READY, _STARTING)
        else:
            assert running.stdout is not None
            if b"works" not in await asyncio.wait_for(running.stdout.readline(), _STARTING):
                raise NotThere(f"munshi {role} did not start: see {self.cwd / 'stderr.txt'}")
        return monotonic() - begun

    async def kill(self, role: str) -> None:
        """`kill -9`."""
        await kill(self.running[role])

    def signal(self, role: str, number: signal.Signals) -> None:
        """Send a signal."""
        self.running[role].send_signal(number)

    async def close(self) -> None:
        """Send SIGTERM to every process. Raises NotThere if one does not end well."""
        for role, running in self.running.items():
            if running.returncode is None:
                running.terminate()
            await running.communicate()
            if running.returncode != 0:
                raise NotThere(f"munshi {role} ended with {running.returncode}: {self.cwd / 'stderr.txt'}")

    async def readiness(self) -> int | None:
        """Return the status of /readyz; None if there is no answer."""
        try:
            async with self.http.get(f"{self.url}/readyz", timeout=_PROBE) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def until(self, wanted: Callable[[int | None], bool], seconds: float) -> float | None:
        """Ask until /readyz answers as `wanted`. Return the seconds that took; None if it did not in time.

        Raises NotThere if `munshi serve` has ended.
        """
        begun = monotonic()
        while monotonic() < begun + seconds:
            if wanted(await self.readiness()):
                return monotonic() - begun
            if self.running["serve"].returncode is not None:
                raise NotThere(f"munshi serve ended by itself: see {self.cwd / 'stderr.txt'}")
            await asyncio.sleep(_LOOK)
        return None
