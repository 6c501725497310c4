"""`munshi history`: which versions of the flow were served, since when, by whom."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from bot.cli.display import counted, table
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.shop_zone import shop_zone
from bot.printable import printable
from storage.database.records import reading
from storage.inbox import versions
from storage.inbox.versions import Serving

Show = Annotated[
    str | None, typer.Argument(metavar="[VERSION]", help="Print this version's file: how its name begins.")
]


def command(version: Show = None) -> None:
    """List the versions of the flow, the served one first, and who stands on each; or print one's file."""
    if version is not None:
        typer.echo(looked_up(_text(database_url(), version)), nl=False)
        return
    for line in _lines(looked_up(_listed(database_url()))):
        typer.echo(printable(line))


async def _listed(url: str) -> list[tuple[Serving, int]]:
    async with reading(url) as records:
        servings = await versions.since(records.reads, 0)
        people = [sum((await versions.counted(records.reads, one.number)).values()) for one in servings]
    return list(zip(servings, people, strict=True))


def _lines(servings: Sequence[tuple[Serving, int]]) -> Iterator[str]:
    if not servings:
        yield "nothing was served yet"
        return
    rows = []
    for n, (one, people) in enumerate(reversed(servings)):
        since = datetime.fromtimestamp(one.since / 1000, shop_zone())
        served = "served" if n == 0 else ""
        rows.append([one.version, f"{since:%Y-%m-%d %H:%M %Z}", one.by, counted(people, "customer"), served])
    yield from table(rows)


async def _text(url: str, version: str) -> str:
    async with reading(url) as records:
        found = [one for one in await versions.since(records.reads, 0) if one.version.startswith(version)]
        if not found:
            refuse(f"no version that was served is called '{version}': munshi history lists them")
        texts = await versions.texts(records.reads, found[-1].number)
    return next(iter(texts.values()))
