"""`munshi rollback`: have an earlier version of the flow served again."""

from typing import Annotated

import typer

from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import user
from bot.cli.reload import Anyway, ask_server, refused, serve
from bot.flow_file import load_flow
from bot.flow_versions import NoSuchVersion, earlier_flow
from bot.serving import ROLLBACK, Served
from bot.whatsapp.channel import WHATSAPP
from flows.document.errors import FlowInvalid
from storage import Store
from storage.database.errors import Unavailable

Version = Annotated[
    str | None,
    typer.Argument(help="How its name begins (munshi history). The one before, if it is not given."),
]


def command(version: Version = None, anyway: Anyway = False) -> None:
    """Have an earlier version served again: the one before, and said again, the one before that.

    Its talk, rules and prices come back; the count of pieces goes on. The flow file stays as it is: put it
    right too.
    """
    served = looked_up(_roll_back(database_url(), version, anyway=anyway))
    if served.version != _version_of_file():
        typer.echo(f"{flow_path()} is not what is served: the next start, or reload, serves the file")


async def _roll_back(url: str, version: str | None, *, anyway: bool) -> Served:
    try:
        store = await Store.open(url, WHATSAPP)
    except Unavailable as unavailable:
        if not url.startswith("sqlite:"):
            raise
        body = {"by": user(), "anyway": anyway} | ({"version": version} if version else {})
        return await ask_server("/operator/rollback", body, unavailable)
    try:
        return await serve(store, url, await earlier_flow(store.versions, version), ROLLBACK, anyway=anyway)
    except NoSuchVersion as unknown:
        refuse(f"{unknown}; munshi history lists those that were served")
    except FlowInvalid as invalid:
        refuse(f"{invalid}\n\n{await refused(store)}")
    finally:
        await store.close()


def _version_of_file() -> str | None:
    """Return the version of the flow file; None if it can't be read."""
    try:
        return load_flow(flow_path()).version
    except FlowInvalid:
        return None
