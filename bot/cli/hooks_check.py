"""What `munshi doctor` finds out about the shop's other program, which hears of orders."""

from collections.abc import AsyncIterator
from typing import Final

from bot.cli.finding import Finding
from bot.cli.hooks import ENDED, asked, has_ended, stands
from bot.hook_client import GONE, Answer
from bot.settings import Settings
from storage.database.records import reading
from storage.outbox import hooks as queue

_NAME: Final = "hooks"


async def hooks(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what the program says to a test event, and how its queue stands, if one is set."""
    if settings.munshi_hook_url is None:
        return
    yield _receiver(await asked(settings, settings.munshi_hook_url))
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
