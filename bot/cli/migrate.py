"""`munshi migrate`: bring the database's tables up to date."""

import os

import typer
from dotenv import dotenv_values

from bot.cli.running import run
from storage import Store


def command() -> None:
    """Apply pending migrations to DATABASE_URL. Doing it twice does nothing."""
    run(_migrate(_database_url()))


def _database_url() -> str:
    """The one setting a migration needs: the others may not be there yet."""
    url = os.environ.get("DATABASE_URL") or dotenv_values(".env").get("DATABASE_URL")
    return url or "sqlite://munshi.db"


async def _migrate(url: str) -> None:
    applied = await Store.migrate(url)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("nothing to do: the database is up to date")
