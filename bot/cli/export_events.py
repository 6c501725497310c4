"""Writes events out as lines of JSON: what the program at MUNSHI_HOOK_URL was told, or is to be told."""

import asyncio
import sys
from typing import Final

import orjson

from bot.cli.lifecycle import looked_up
from bot.clock import SystemClock
from storage.database.records import reading
from storage.outbox import hooks
from storage.outbox.hooks import StoredHook

_PAGE: Final = 500
_LOOK_SECONDS: Final = 1.0
_SETTLED: Final = 10_000
"""Milliseconds after which no event can be stored any more that comes before those that were written."""


def export_events(url: str, since: int, until: int | None, *, follow: bool) -> None:
    """Write the events stored from `since` up to `until` (milliseconds since 1970, UTC) to standard output.

    With `follow`, go on with new ones, ten seconds after they were stored, until `until`, Ctrl-C, or whoever
    reads closes the pipe.
    """
    looked_up(_export(url, since, until, follow=follow))


async def _export(url: str, since: int, until: int | None, *, follow: bool) -> None:
    after = 0
    while True:
        now = SystemClock().now()
        end = min(until or now + 1, now - _SETTLED if follow else now + 1)
        after = await _write(url, after, since, end)
        if not follow or (until is not None and end >= until):
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _write(url: str, after: int, since: int, until: int) -> int:
    """Write all events after number `after`. Return the number of the last one."""
    async with reading(url) as records:
        while found := await hooks.page(records.reads, after, since, until, _PAGE):
            for one in found:
                sys.stdout.buffer.write(_line(one))
            sys.stdout.flush()
            after = found[-1].id
    return after


def _line(one: StoredHook) -> bytes:
    return orjson.dumps({"id": one.key, **one.body}, option=orjson.OPT_APPEND_NEWLINE)
