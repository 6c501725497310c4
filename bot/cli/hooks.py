"""`munshi hooks`: what another program of the shop was not told yet; a test; and sending again."""

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final

import httpx
import typer

from bot.checks.hooks import ENDED, asked, has_ended, stands, time_of
from bot.checks.systems import missing_systems
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.operator_changes import change
from bot.cli.order import found
from bot.cli.starting import settings_or_refuse
from bot.hook_client import GONE
from bot.printable import printable
from bot.settings import Settings
from storage.database.records import reading
from storage.outbox import hooks
from storage.outbox.hooks import HookCounts, HookState, StoredHook

SHOWN: Final = 20
"""The most events that are listed of those that failed, and of those that wait."""


class Deed(StrEnum):
    """What is done."""

    LIST = "list"
    TEST = "test"
    RETRY = "retry"


What = Annotated[Deed, typer.Argument(help="What to do.")]
Of = Annotated[str, typer.Argument(help="An order's number; without it, all that was not taken.")]


def command(what: What = Deed.LIST, order: Of = "") -> None:
    """List what waits for the program at MUNSHI_HOOK_URL, and what it did not take in nine tries.

    'test' sends it an event of the type 'test' and says what it answers. 'retry' sends at once what was given
    up or waits for a later try.
    """
    match what:
        case Deed.TEST:
            _test(settings_or_refuse())
        case Deed.RETRY:
            _retry(order)
        case Deed.LIST:
            for line in _lines(*looked_up(_listed(database_url()))):
                typer.echo(printable(line))


async def _listed(url: str) -> tuple[HookCounts, list[StoredHook]]:
    async with reading(url) as records:
        return await hooks.counts(records.reads), await hooks.open_hooks(records.reads, SHOWN)


def _lines(counts: HookCounts, listed: list[StoredHook]) -> Iterator[str]:
    yield stands(counts)
    for one in listed:
        due = "given up" if one.due_at is None else f"next try {time_of(one.due_at)}"
        why = f": {one.error}" if one.error else ""
        yield f"{_name(one)} {one.sequence} {one.type}: {one.attempts} tries, {due}{why}"
    if any(one.state is HookState.FAILED for one in listed):
        yield "send them again with 'munshi hooks retry', or 'munshi hooks retry <order>'"
    if has_ended(counts):
        yield f"sending has ended, because the program answered {GONE}: {ENDED}"


def _name(one: StoredHook) -> str:
    return f"#{one.data['order']['number']}" if "order" in one.data else one.stream


def _test(settings: Settings) -> None:
    if settings.munshi_hook_url is None:
        refuse("MUNSHI_HOOK_URL is not set: no program hears of anything")
    answer = asyncio.run(asked(settings, settings.munshi_hook_url))
    typer.echo(printable(f"{answer} ({answer.seconds:.2f} s)"))
    lacking = asyncio.run(_lacking(settings))
    if lacking:
        typer.echo(f"but the server was started without {lacking}: restart it, or no event is stored or sent")
    if lacking or not answer.taken:
        raise typer.Exit(1)


async def _lacking(settings: Settings) -> str:
    """Return the settings that the running server lacks, in words; empty if it lacks none or none runs."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
            ready = await client.get(f"{settings.url}/readyz")
    except (httpx.InvalidURL, httpx.HTTPError):
        return ""
    return " and ".join(missing_systems(settings, ready.text))


def _retry(order: str) -> None:
    stream = order or None
    if order.removeprefix("#").isdecimal():
        stream = looked_up(found(database_url(), order)).state.key
    done = looked_up(
        change(
            database_url(),
            lambda store: _again(store.hooks, stream),
            "/operator/hooks/retry",
            {"order": stream},
        )
    )
    if not done:
        of = f" of {order}" if order else ""
        refuse(f"nothing{of} was given up or waits for a later try")
    typer.echo("they are due now, and the server sends them")
    if has_ended(looked_up(_listed(database_url()))[0]):
        typer.echo(f"but the program answered {GONE}: {ENDED}")


async def _again(queue: hooks.Hooks, stream: str | None) -> bool:
    return bool(await queue.retry(stream))
