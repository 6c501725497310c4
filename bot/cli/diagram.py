"""`munshi diagram`: the flow as a picture."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow

if TYPE_CHECKING:
    from flows.engine.model import Flow


class Form(StrEnum):
    """The forms of the picture."""

    MERMAID = "mermaid"
    SVG = "svg"


Formed = Annotated[Form, typer.Option("--format", help="Mermaid's text, or a picture for a browser.")]
Live = Annotated[
    bool,
    typer.Option("--live", help="Write beside each state how many stand there, and what they owe."),
]
Only = Annotated[str | None, typer.Option("--state", metavar="STATE", help="Only what concerns this state.")]


def command(
    file: FlowFile = DEFAULT, form: Formed = Form.MERMAID, live: Live = False, state: Only = None
) -> None:
    """Print the flow as a picture: its states, what leads from one to another, guards and timers.

    With --live it reads DATABASE_URL, while the server runs or not.
    """
    flow = sound_flow(file)
    from flows.diagram.mermaid import mermaid
    from flows.diagram.moves import narrowed
    from flows.diagram.svg import svg

    if state is not None:
        flow = narrowed(flow, _known(flow, state))
    draw = svg if form is Form.SVG else mermaid
    typer.echo(draw(flow, _notes(flow) if live else {}), nl=False)


def _known(flow: "Flow", state: str) -> str:
    from bot.cli.lifecycle import refuse
    from flows.document.errors import close

    if state not in flow.states:
        mend = close(state, flow.states) or f"there are {', '.join(flow.states)}"
        refuse(f"there is no state '{state}': {mend}")
    return state


def _notes(flow: "Flow") -> dict[str, str]:
    """Return for each state, and each group, how many stand there and what they owe."""
    from bot.cli.lifecycle import database_url, looked_up
    from bot.counted import counted
    from payments.shop.money import money

    people, due = looked_up(_standing(database_url()))
    notes = {}
    for path in flow.states:
        here = sum(_within(people, path))
        owed = sum(_within(due, path))
        if here:
            notes[path] = counted(here, "customer") + (f", {money(owed)}" if owed else "")
    return notes


def _within(figures: Mapping[str, int], path: str) -> list[int]:
    return [figure for state, figure in figures.items() if f"{state}.".startswith(f"{path}.")]


async def _standing(url: str) -> tuple[Counter[str], Counter[str]]:
    """Return by state: how many customers stand in it, and the paise that are open in their open orders."""
    from bot.planning import due_of
    from storage.database.records import reading
    from storage.inbox import versions
    from storage.reports import standing

    people, due = Counter[str](), Counter[str]()
    async with reading(url) as records:
        for served in await versions.since(records.reads, 0):
            people.update(await versions.counted(records.reads, served.number))
        async for given in standing.with_open_orders(records.reads):
            due[given.conversation.state] += due_of(given)
    return people, due
