"""`munshi rollback`: have an earlier version of the flow served again."""

from typing import Annotated

import typer

from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import user
from bot.cli.reload import ask_server, kept, refused, served
from bot.clock import SystemClock
from bot.flow_versions import NoSuchVersion, serve_earlier
from bot.whatsapp.channel import WHATSAPP
from flows.document.errors import FlowInvalid
from storage import Store
from storage.database.errors import Unavailable

Version = Annotated[
    str | None,
    typer.Argument(help="How its name begins (munshi history). The last one before, if it is not given."),
]


def command(version: Version = None) -> None:
    """Have an earlier version served again. The flow file stays as it is: put it right too."""
    looked_up(_roll_back(database_url(), version))
    typer.echo(f"{flow_path()} is not what is served: the next start, or reload, serves the file")


async def _roll_back(url: str, version: str | None) -> None:
    try:
        store = await Store.open(url, WHATSAPP)
    except Unavailable as unavailable:
        if not url.startswith("sqlite:"):
            raise
        body = {"by": user()} | ({"version": version} if version else {})
        await ask_server("/operator/rollback", body, unavailable)
        return
    try:
        before = await store.versions.newest()
        serving = await serve_earlier(store, version, user(), SystemClock().now())
    except NoSuchVersion as unknown:
        refuse(f"{unknown}: munshi history lists those that were served")
    except FlowInvalid as invalid:
        refuse(f"{invalid}\n\n{refused(before.version if before else None)}")
    finally:
        await store.close()
    told = kept if url.startswith("sqlite:") else served
    typer.echo(told(serving.version, before.version if before else None))
