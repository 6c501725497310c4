"""`munshi migrate`: bring the database's tables up to date."""

import typer

from bot.cli.lifecycle import database_url
from bot.cli.starting import run
from storage import Store


def command() -> None:
    """Apply pending migrations to DATABASE_URL. Doing it twice does nothing."""
    run(_migrate(database_url()))


async def _migrate(url: str) -> None:
    applied = await Store.migrate(url)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("nothing to do: the database is up to date")
