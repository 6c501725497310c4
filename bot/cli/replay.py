"""`munshi replay`: handle a parked event again, once its cause is mended."""

from functools import partial
from typing import Annotated

import typer

from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.operator_changes import change
from storage import Store
from storage.database.queues import InboxState
from storage.database.records import Records, reading
from storage.reports import backlog

Event = Annotated[
    int | None, typer.Argument(min=1, max=2**62, help="The event's number, as 'munshi doctor' lists it.")
]
Every = Annotated[bool, typer.Option("--all", help="Every parked event, oldest first.")]


def command(event: Event = None, every: Every = False) -> None:
    """Handle a parked event again, now that its cause is mended. The server may run or not."""
    if (event is None) != every:
        refuse("name one event (munshi replay 17), or all that are parked (munshi replay --all)")
    looked_up(_replay(database_url(), event))


async def _replay(url: str, event: int | None) -> None:
    async with reading(url) as records:
        numbers = await _all_parked(records) if event is None else [await _require_parked(records, event)]
    for number in numbers:
        changed = await change(url, partial(_replay_in_store, number), f"/operator/events/{number}/replay")
        typer.echo(f"event {number} {'waits to be handled' if changed else 'was not parked any more'}")


async def _replay_in_store(number: int, store: Store) -> bool:
    return await store.replay(number)


async def _all_parked(records: Records) -> list[int]:
    parked = await backlog.parked(records)
    if not parked:
        typer.echo("no event is parked")
    return [event.number for event in parked]


async def _require_parked(records: Records, number: int) -> int:
    state = await backlog.state_of(records, number)
    if state is None:
        refuse(f"there is no event {number}")
    if state != InboxState.PARKED:
        refuse(f"event {number} is {state}: only a parked event can be replayed")
    return number
