"""`munshi reload`: have the flow file served, while customers chat."""

import os

import typer

from bot.cli.books import PASTE
from bot.cli.display import database_name
from bot.cli.lifecycle import VARIABLE, database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import post, user
from bot.clock import SystemClock
from bot.flow_versions import serve_file
from bot.whatsapp.channel import WHATSAPP
from flows.document.errors import FlowInvalid
from storage import Store
from storage.database.errors import Unavailable


def command() -> None:
    """Have the flow file (MUNSHI_FLOW) served by every process, with each customer's next message.

    A file with an error is refused, and what is served goes on. See munshi plan first.
    """
    looked_up(_reload(database_url()))


async def _reload(url: str) -> None:
    try:
        store = await Store.open(url, WHATSAPP)
    except Unavailable as unavailable:
        if not url.startswith("sqlite:"):
            raise
        await ask_server("/operator/reload", {"by": user()}, unavailable)
        return
    try:
        before = await store.versions.newest()
        _, serving = await serve_file(store, flow_path(), user(), SystemClock().now())
    except FlowInvalid as invalid:
        refuse(f"{invalid}\n\n{refused(before.version if before else None)}")
    finally:
        await store.close()
    told = kept if url.startswith("sqlite:") else served
    typer.echo(told(serving.version, before.version if before else None))
    if url.startswith("sqlite:"):
        typer.echo(_no_server(url))


async def ask_server(path: str, body: dict[str, str], unavailable: Unavailable) -> None:
    """Have the server, which holds the SQLite file, change the version. Ends the command if it refuses."""
    status, answer = await post(path, body, because=f"{unavailable}\n")
    if status in (404, 422):
        refuse(f"{answer.get('error', '')}\n\n{refused(None)}")
    if status != 200:
        refuse(f"the server answered {status} at {path}: {answer.get('error', '')}")
    typer.echo(served(answer["version"], answer["before"]))


def refused(version: str | None) -> str:
    """Return that what is served goes on."""
    return f"Refused: version {version} goes on" if version else "Refused: what is served goes on"


def _no_server(url: str) -> str:
    """Return that no server holds the SQLite file."""
    hint = "" if os.environ.get(VARIABLE) else f"; {PASTE}"
    return f"no server runs on {database_name(url)}, and the next one serves its flow file{hint}"


def kept(version: str, before: str | None) -> str:
    """Return which version is in the books, of which no server runs."""
    if version == before:
        return f"version {version} is in the books already: nothing changes"
    return f"version {version} is in the books now" + (f", in the place of {before}" if before else "")


def served(version: str, before: str | None) -> str:
    """Return which version is served now."""
    if version == before:
        return f"version {version} is served already: nothing changes"
    return f"version {version} is served now" + (f", in the place of {before}" if before else "")
