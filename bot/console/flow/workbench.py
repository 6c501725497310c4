"""Has a process of its own examine, try and compare flows, so that pages never wait for it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import structlog

import bot
from bot.console.server_desk import NotDone

_LONGEST: Final = 16 * 1024 * 1024
"""Bytes of one answer: whatever is longer is an error of ours."""
_PATIENCE: Final = 2.0
"""Seconds in which a job that nobody waits for any more must end before its process is killed."""

log = structlog.get_logger()


class Workbench:
    """Does one job at a time, in the order in which they are asked for. The process starts with the first."""

    def __init__(self, seconds: float = 60.0) -> None:
        """Stop a job that takes over so many seconds."""
        self._seconds = seconds
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def one(self, job: str, **given: Any) -> Mapping[str, Any]:
        """Return the answer of a job that has one. Raises NotDone."""
        async with aclosing(self.answers(job, **given)) as found:
            async for answer in found:
                return answer
        raise NotDone("The flow has errors: they are listed beside it.")

    async def answers(self, job: str, **given: Any) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the answers of a job as they come. Raises NotDone if it takes too long, or its process ends.

        Close it if you do not read to its end: the job ends early.
        """
        async with self._turn:
            process = await self._running()
            ended = False
            until = asyncio.get_running_loop().time() + self._seconds
            try:
                await _ask(process, {"job": job, **given}, until)
                while not (answer := await _read(process, until)).get("end"):
                    yield answer
                ended = True
            except TimeoutError as slow:
                log.warning("an edited flow took too long", job=job, seconds=self._seconds)
                raise NotDone(f"This took over {self._seconds:g} s, and was stopped.") from slow
            finally:
                if not ended:
                    await self._end_early(process)

    async def close(self) -> None:
        """End the process."""
        if (process := self._process) is not None:
            self._process = None
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            # It leads a session of its own, so that Ctrl-C in a terminal reaches the console alone.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "bot.workbench",
                stdin=PIPE, stdout=PIPE, limit=_LONGEST, start_new_session=True, env=_environment(),
            )  # fmt: skip
        return self._process

    async def _end_early(self, process: Process) -> None:
        until = asyncio.get_running_loop().time() + _PATIENCE
        try:
            await _ask(process, {"job": "stop"}, until)
            while not (await _read(process, until)).get("end"):
                continue
        except (NotDone, TimeoutError):
            await self.close()


def _environment() -> dict[str, str]:
    """Return that of the console, in which the program is found from whatever folder it runs."""
    known = (str(Path(bot.__file__).parents[1]), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, known))}


async def _ask(process: Process, job: Mapping[str, Any], until: float) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        async with asyncio.timeout_at(until):
            await process.stdin.drain()
    except ConnectionError as gone:
        raise NotDone(_ENDED) from gone


async def _read(process: Process, until: float) -> Mapping[str, Any]:
    """Return the next answer. Raises TimeoutError if none has come at `until`, by the clock of the loop."""
    assert process.stdout is not None
    async with asyncio.timeout_at(until):
        line = await process.stdout.readline()
    if not line.endswith(b"\n"):
        raise NotDone(_ENDED)
    answer: Mapping[str, Any] = json.loads(line)
    return answer


_ENDED: Final = "The flow could not be examined: the process that does it has ended. Try again."
