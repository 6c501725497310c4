"""`munshi backup`: the whole database in one file, while the server runs."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.lifecycle import database_url, looked_up
from storage import recovery

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="The file to make. One that is there stays as it is.")
]


def command(file: File) -> None:
    """Copy the database to FILE as it is at one instant, checked; the server may run. SQLite only.

    Put FILE on another machine: it holds what customers wrote. `munshi restore FILE` puts it back.
    """
    size = looked_up(recovery.back_up(database_url(), file))
    typer.echo(f"{file.absolute()}: {size / 1_000_000:.1f} MB, whole and checked")
