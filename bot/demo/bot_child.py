"""The demo's bot, in a process of its own, which `bot_process` starts.

It speaks in lines of JSON. The first line of its standard input is `{"settings": {…}, "ahead": 0}`; it
answers `{"url": "http://…"}` once it serves, or `{"failed": "why"}`, and ends. Each later line
`{"ahead": 60000}` sets how many milliseconds its clock is ahead of the machine's; it answers
`{"waiting": 2}`: how much is due and not done. It ends when its standard input does, also if who started it
was killed.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Any

import orjson
import uvloop

from bot import log
from bot.app import bot
from bot.clock import ShiftedClock, SystemClock
from bot.context import Context
from bot.http.server import serving
from bot.settings import SettingsInvalid, load_settings
from flows.document.errors import FlowInvalid
from storage.database.errors import StorageError


def main() -> None:
    """Run the process."""
    uvloop.run(_play())


async def _play() -> None:
    """Run the bot with the settings of the first line until there are no more lines."""
    lines = await _standard_input()
    if first := await lines.readline():
        asked = orjson.loads(first)
        try:
            await _serve(asked["settings"], asked["ahead"], lines)
        except (FlowInvalid, SettingsInvalid, StorageError, OSError) as error:
            _say({"failed": str(error)})


async def _serve(values: Mapping[str, Any], ahead: int, lines: asyncio.StreamReader) -> None:
    settings, clock = load_settings(**{"_env_file": None, **values}), ShiftedClock(SystemClock())
    clock.put_forward(ahead)
    log.configure(settings.secrets, least=logging.WARNING)
    async with bot(settings, clock) as (context, workers), serving(context) as url:
        workers.start()
        _say({"url": url})
        while line := await lines.readline():
            if further := orjson.loads(line)["ahead"] - clock.ahead:
                clock.put_forward(further)
                workers.wake()
            _say({"waiting": await _waiting(context)})


async def _waiting(context: Context) -> int:
    counts = await context.store.counts(context.clock.now())
    return counts.pending + counts.unfinished


async def _standard_input() -> asyncio.StreamReader:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    return lines


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()
