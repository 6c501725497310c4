"""What `munshi doctor` finds out about the shop's other program, which hears of orders."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import aiohttp

from bot.checks.finding import Finding
from bot.clock import SystemClock
from bot.hook_client import GONE, Answer, HookClient
from bot.settings import Settings
from storage.database.records import reading
from storage.outbox import hooks as queue
from storage.outbox.hooks import HookCounts

_NAME: Final = "hooks"
ENDED: Final = "restart the server when the program wants events again; what was kept is sent then"


async def hooks(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what the program says to a test event, and how its queue stands, if one is set."""
    if settings.munshi_hook_url is None:
        return
    yield _receiver(await asked(settings, settings.munshi_hook_url))
    async for finding in queue_of_hooks(settings):
        yield finding


async def queue_of_hooks(settings: Settings) -> AsyncIterator[Finding]:
    """Yield how the queue for the program stands, if one is set. It sends nothing."""
    if settings.munshi_hook_url is None:
        return
    async with reading(settings.database_url) as records:
        counts = await queue.counts(records.reads)
    if has_ended(counts):
        said = f"sending has ended, because the program answered {GONE}; {stands(counts)}"
        yield Finding(_NAME, False, said, ENDED)
        return
    yield Finding(_NAME, not counts.failed, stands(counts), "see munshi hooks, then munshi hooks retry")


def _receiver(answer: Answer) -> Finding:
    said = f"the program at MUNSHI_HOOK_URL answers a test event with {answer} ({answer.seconds:.2f} s)"
    mend = "it has to answer 2xx within 15 seconds: see its log, MUNSHI_HOOK_URL and docs/hooks.md"
    if answer.status == GONE:
        mend = "by 410 it asks for no event any more; when it wants them again, restart the server"
    return Finding(_NAME, answer.taken, said, mend)


def stands(counts: HookCounts) -> str:
    """Return how the queue stands, in words."""
    last = "none was taken yet" if counts.last_done is None else f"last taken {time_of(counts.last_done)}"
    since = "" if counts.waiting_since is None else f", the oldest since {time_of(counts.waiting_since)}"
    return f"{counts.waiting} waiting{since}; {counts.failed} given up; {last}"


def has_ended(counts: HookCounts) -> bool:
    """Return whether the program asked for no event any more, and no server was restarted since."""
    return str(GONE) in counts.errors


def time_of(at: int) -> str:
    """Return milliseconds since 1970 as `2026-11-30 09:05:00 UTC`."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


async def asked(settings: Settings, url: str) -> Answer:
    """Send an event of the type 'test' to `url`, and return what came of it. Never raises."""
    now = SystemClock().now()
    body = {"type": "test", "timestamp": now, "data": {}}
    key = f"test.{secrets.token_hex(8)}"
    async with aiohttp.ClientSession() as session:
        return await HookClient(session, url, settings.hook_keys).post(key, body, now)
