"""`munshi rollback`: have an earlier version of the flow served again."""

from typing import Annotated

import typer

from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import user
from bot.cli.reload import Anyway, ask_server, refused, serve
from bot.clock import SystemClock
from bot.flow_file import load_flow
from bot.flow_versions import NoSuchVersion, earlier_flow, require_way_back
from bot.own_actions import vocabulary
from bot.planning import planned, staying, stranded
from bot.printable import printable
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.language.load import load_checked
from storage import Store
from storage.database.errors import Unavailable
from storage.database.records import reading
from storage.inbox import versions

Version = Annotated[
    str | None,
    typer.Argument(help="How its name begins (munshi history). The one before, if it is not given."),
]


def command(version: Version = None, anyway: Anyway = False) -> None:
    """Have an earlier version served again: the one before, and said again, the one before that.

    The flow file stays as it is: put it right too.
    """
    served = looked_up(_roll_back(database_url(), version, anyway=anyway))
    looked_up(_tell_who_stays(database_url()))
    if served != _version_of_file():
        typer.echo(f"{flow_path()} is not what is served: the next start, or reload, serves the file")


async def _roll_back(url: str, version: str | None, *, anyway: bool) -> str:
    """Return the version that is served now."""
    try:
        store = await Store.open(url, WHATSAPP)
    except Unavailable as unavailable:
        if not url.startswith("sqlite:"):
            raise
        body = {"by": user(), "anyway": anyway} | ({"version": version} if version else {})
        return (await ask_server("/operator/rollback", body, unavailable))[0]
    try:
        flow = await earlier_flow(store.versions, version)
        return (await serve(store, url, flow, None if anyway else require_way_back))[0]
    except NoSuchVersion as unknown:
        refuse(f"{unknown}; munshi history lists those that were served")
    except FlowInvalid as invalid:
        refuse(f"{invalid}\n\n{await refused(store)}")
    finally:
        await store.close()


async def _tell_who_stays(url: str) -> None:
    """Say who stands where the version that is served now has no place for them."""
    async with reading(url) as records:
        served = await versions.newest(records.reads)
        if served is None:
            return
        texts = await versions.texts(records.reads, served.number)
        flow = load_checked(texts, vocabulary(), limits=LIMITS)
        plan = await planned(records, flow, SystemClock().now())
    plan.faults = []  # its 'migrate' knows no later states
    for line in (*staying(plan), *stranded(plan)):
        typer.echo(printable(line))


def _version_of_file() -> str | None:
    """Return the version of the flow file; None if it can't be read."""
    try:
        return load_flow(flow_path()).version
    except FlowInvalid:
        return None
