"""The demo's bot as its stage sees it: a process that can be killed at any moment and started again."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from os import environ, pathsep
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import orjson

from bot.clock import ShiftedClock
from bot.demo.phone import NotPossible

_CHILD: Final = "import gc; gc.set_threshold(100_000, 20, 50); from bot.demo.bot_child import main; main()"
"""What is imported stays: looking through it again and again takes a tenth of the start."""
_PROGRAM: Final = str(Path(__file__).parents[2])
_LOOK_EVERY: Final = 0.02
_END_SECONDS: Final = 15.0
"""How long the bot may take to finish what is in flight, at its end."""


class BotFailed(Exception):
    """The bot did not start. The message says why."""


class BotState(StrEnum):
    """How the bot is."""

    STARTING = "starting"
    RUNNING = "running"
    DOWN = "down"


class BotProcess:
    """The real bot in a process of its own, with a clock that follows that of the stage."""

    def __init__(self, process: Process, clock: ShiftedClock) -> None:
        self._process, self._clock = process, clock
        self._settings: Mapping[str, Any] = {}
        self._turn = asyncio.Lock()
        """Held from a line until its answer."""
        self._recovering = asyncio.Lock()
        """Held from a new start until it is ready: who presses twice must not have two bots."""
        self._is_ready = False
        self.url = ""
        """Where it listens; empty before its first start."""
        self.recovered_in: float | None = None
        """Seconds from the last new start until `/readyz` answered 200; None if there was none."""

    @classmethod
    @asynccontextmanager
    async def spawned(cls, clock: ShiftedClock) -> AsyncIterator[Self]:
        """Yield a process that loads the program and waits for `start`. It is ended on the way out."""
        process = cls(await _spawn(), clock)
        try:
            yield process
        finally:
            await process._end()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Those with which the bot was started."""
        return self._settings

    @property
    def state(self) -> BotState:
        """How the bot is now. It is down too if it ended by itself."""
        if self._process.returncode is not None:
            return BotState.DOWN
        return BotState.RUNNING if self._is_ready else BotState.STARTING

    async def start(self, settings: Mapping[str, Any]) -> None:
        """Start the bot with these settings, as JSON has them; wait until it is ready. Its database exists.

        Raises BotFailed.
        """
        self._settings = settings
        answer = await self._ask({"settings": settings, "ahead": self._clock.ahead})
        if answer is None:
            raise BotFailed(f"it ended at its start, with the status {await self._process.wait()}")
        if "failed" in answer:
            raise BotFailed(answer["failed"])
        self.url = answer["url"]
        await self._until_ready()
        self._is_ready = True
        await self.waiting()  # the clock may have been put forward meanwhile

    async def crash(self) -> None:
        """Kill the bot with SIGKILL: it can finish nothing. Raises NotPossible if it is down."""
        if self.state is BotState.DOWN:
            raise NotPossible("the bot is down already")
        await self._kill()

    async def recover(self) -> float:
        """Start the bot again, and return after how many seconds it was ready.

        Raises NotPossible unless it is down, BotFailed.
        """
        async with self._recovering:
            if self.state is not BotState.DOWN:
                raise NotPossible(f"the bot is {self.state}: it is started again only when it is down")
            loop = asyncio.get_running_loop()
            began, self._is_ready = loop.time(), False
            self._process = await _spawn()
            try:
                await self.start(self._settings)
            except BaseException:
                await self._kill()  # else it would seem to start for ever
                raise
            self.recovered_in = loop.time() - began
            return self.recovered_in

    async def waiting(self) -> int:
        """Set the bot's clock to that of the stage. Return how much is due there and not done; 0 if down."""
        if self.state is not BotState.RUNNING:
            return 0
        answer = await self._ask({"ahead": self._clock.ahead})
        return answer["waiting"] if answer else 0

    async def _ask(self, line: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a line; None if the bot has ended."""
        # If the caller is cancelled, the answer is still read, so that it is not taken for that of the next.
        return await asyncio.shield(self._exchange(self._process, line))

    async def _exchange(self, process: Process, line: Mapping[str, Any]) -> dict[str, Any] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        async with self._turn:
            try:
                process.stdin.write(orjson.dumps(line) + b"\n")
                await process.stdin.drain()
            except ConnectionError:
                return None
            answer = await process.stdout.readline()
        return orjson.loads(answer) if answer else None

    async def _until_ready(self) -> None:
        """Wait until `/readyz` answers 200. Raises BotFailed if the bot ends before."""
        async with aiohttp.ClientSession() as http:
            while self._process.returncode is None:
                try:
                    async with http.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(_LOOK_EVERY)
        raise BotFailed(f"it ended before it was ready, with the status {self._process.returncode}")

    async def _end(self) -> None:
        """Let the bot finish what is in flight, and end; kill it if that takes too long."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self._kill()

    async def _kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _spawn() -> Process:
    """Start a process with the program of this one, and with nothing of the folder where it runs."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", _CHILD),
        stdin=PIPE,
        stdout=PIPE,
        env={**environ, "PYTHONPATH": pathsep.join(filter(None, (_PROGRAM, environ.get("PYTHONPATH"))))},
        # The Ctrl-C that ends a chat in the terminal is not for the bot.
        start_new_session=True,
    )
