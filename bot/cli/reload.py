"""`munshi reload`: have the flow file served, while customers chat."""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from bot import serving
from bot.cli.books import PASTE
from bot.cli.display import database_name
from bot.cli.lifecycle import VARIABLE, database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import post, user
from bot.clock import SystemClock
from bot.flow_file import load_flow
from bot.planning import listed
from bot.printable import printable
from bot.sections import sections
from bot.serving import RELOAD, Served, Way
from bot.whatsapp.channel import WHATSAPP
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from storage import Store
from storage.database.errors import Unavailable

Anyway = Annotated[
    bool, typer.Option("--anyway", help="Even if somebody stands where nothing would lead them on.")
]


def command(anyway: Anyway = False) -> None:
    """Have the flow file (MUNSHI_FLOW) served by every process, with each customer's next message.

    A file with an error is refused, and one that would strand customers: what is served goes on.
    See munshi plan first.
    """
    looked_up(_reload(database_url(), anyway=anyway))


async def _reload(url: str, *, anyway: bool) -> None:
    try:
        store = await Store.open(url, WHATSAPP)
    except Unavailable as unavailable:
        if not url.startswith("sqlite:"):
            raise
        _tell_unsearched(await ask_server("/operator/reload", {"by": user(), "anyway": anyway}, unavailable))
        return
    try:
        served = await serve(store, url, load_flow(flow_path()), RELOAD, anyway=anyway)
    except FlowInvalid as invalid:
        refuse(f"{invalid}\n\n{await refused(store)}")
    finally:
        await store.close()
    _tell_unsearched(served)
    if url.startswith("sqlite:"):
        typer.echo(_no_server(url))


async def serve(store: Store, url: str, flow: Flow, way: Way, *, anyway: bool) -> Served:
    """Have `flow` served, and say so, and what it means. Raises Strands."""
    served = await serving.serve(store, url, flow, way, user(), SystemClock().now(), anyway=anyway)
    # Whoever has opened the SQLite file knows that no server has it.
    _tell((_kept if url.startswith("sqlite:") else _served)(served.version, served.before), served)
    return served


async def ask_server(path: str, body: Mapping[str, Any], unavailable: Unavailable) -> Served:
    """Have the server, which holds the SQLite file, change the version, and say so, and what it means.

    Ends the command if it refuses.
    """
    status, answer = await post(path, body, because=f"{unavailable}\n")
    if status in (404, 422):
        refuse(f"{answer.get('error', '')}\n\nRefused: what is served goes on")
    if status != 200:
        refuse(f"the server answered {status} at {path}: {answer.get('error', '')}")
    served = serving.from_json(answer)
    _tell(_served(served.version, served.before), served)
    return served


def _tell(first: str, served: Served) -> None:
    typer.echo(first)
    for line in _consequences(served):
        typer.echo(printable(line))


def _consequences(served: Served) -> Iterator[str]:
    """Yield what changes for everybody at once, and who stays with their version."""
    yield from sections("What changes", served.changes)
    for head, lines in served.staying.items():
        yield from listed(head, lines)


async def refused(store: Store) -> str:
    """Return that what is served goes on."""
    served = await store.versions.newest()
    return f"Refused: {f'version {served.version}' if served else 'what is served'} goes on"


def _tell_unsearched(served: Served) -> None:
    if served.before is not None and served.version != served.before:
        typer.echo("what may go wrong in it was not searched: munshi plan searches, munshi reload does not")


def _no_server(url: str) -> str:
    """Return that no server holds the SQLite file."""
    hint = "" if os.environ.get(VARIABLE) else f"; {PASTE}"
    return f"no server runs on {database_name(url)}, and the next one serves its flow file{hint}"


def _kept(version: str, before: str | None) -> str:
    """Return which version is in the books, of which no server runs."""
    if version == before:
        return f"version {version} is in the books already: nothing changes"
    return f"version {version} is in the books now" + (f", in the place of {before}" if before else "")


def _served(version: str, before: str | None) -> str:
    """Return which version is served now."""
    if version == before:
        return f"version {version} is served already: nothing changes"
    return f"version {version} is served now" + (f", in the place of {before}" if before else "")
