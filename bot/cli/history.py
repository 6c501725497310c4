"""`munshi history`: which versions of the flow were served, since when, by whom."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.display import table
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.shop_zone import shop_zone
from bot.counted import counted
from bot.printable import printable
from storage.database.records import reading
from storage.inbox import versions
from storage.inbox.versions import Serving

Show = Annotated[
    str | None, typer.Argument(metavar="[VERSION]", help="Print this version's file: how its name begins.")
]


Into = Annotated[
    Path | None, typer.Option("--into", help="Write the version's files into this folder, new or empty.")
]


def command(version: Show = None, into: Into = None) -> None:
    """List the versions of the flow, the served one first, and who stands on each; or print one's file."""
    if version is not None:
        texts = looked_up(_texts(database_url(), version))
        _print(texts, version) if into is None else _write(texts, into)
        return
    if into is not None:
        refuse("name the version whose files you want: munshi history VERSION --into FOLDER")
    for line in _lines(*looked_up(_listed(database_url()))):
        typer.echo(printable(line))


async def _listed(url: str) -> tuple[list[Serving], Counter[str]]:
    """Return each serving, oldest first, and how many customers stand on each version."""
    people = Counter[str]()
    async with reading(url) as records:
        servings = await versions.since(records.reads, 0)
        for one in servings:
            people[one.version] += sum((await versions.counted(records.reads, one.number)).values())
    return servings, people


def _lines(servings: Sequence[Serving], people: Mapping[str, int]) -> Iterator[str]:
    if not servings:
        yield "nothing was served yet"
        return
    rows, shown = [], set[str]()
    for n, one in enumerate(reversed(servings)):
        since = datetime.fromtimestamp(one.since / 1000, shop_zone())
        served = "served" if n == 0 else ""
        # A version that is served again stands there twice, and its customers once.
        stand = "" if one.version in shown else counted(people[one.version], "customer")
        shown.add(one.version)
        rows.append([one.version, f"{since:%Y-%m-%d %H:%M %Z}", one.by, stand, served])
    yield from table(rows)


async def _texts(url: str, version: str) -> Mapping[str, str]:
    async with reading(url) as records:
        found = [one for one in await versions.since(records.reads, 0) if one.version.startswith(version)]
        if not found:
            refuse(f"no version that was served is called '{version}': munshi history lists them")
        return await versions.texts(records.reads, found[-1].number)


def _print(texts: Mapping[str, str], version: str) -> None:
    if len(texts) > 1:
        refuse(f"it has {len(texts)} files: munshi history {version} --into FOLDER writes them")
    typer.echo(next(iter(texts.values())), nl=False)


def _write(texts: Mapping[str, str], folder: Path) -> None:
    """Write the files of a version as they lay beside its flow file."""
    flow_file = next(iter(texts))
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            refuse(f"{folder} is not empty, and nothing of yours is overwritten: name a folder that is new")
        for name, text in texts.items():
            file = folder / os.path.relpath(name, Path(flow_file).parent)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            typer.echo(f"{file} is written")
    except OSError as error:
        refuse(f"{error.filename or folder}: {error.strerror}")
