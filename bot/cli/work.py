"""`munshi work`: workers without the HTTP server, beside any number of `munshi serve`."""

import typer

from bot import log
from bot.app import bot, from_database, tune_interpreter
from bot.cli.display import database_name
from bot.cli.ready_signal import tell_ready
from bot.cli.reload_signal import reloading
from bot.cli.starting import forbid_core_dumps, run, settings_or_refuse, until_told_to_stop
from bot.settings import Settings


def command() -> None:
    """Step and perform the events that other processes take in. Needs PostgreSQL: SQLite has one process."""
    forbid_core_dumps()
    settings = settings_or_refuse()
    log.configure(settings.secrets)
    run(_work(settings))


async def _work(settings: Settings) -> None:
    async with bot(settings, begin=from_database) as (context, workers), reloading(context):
        workers.start()
        tune_interpreter()
        flow, database = context.flow, database_name(settings.database_url)
        typer.echo(f"Munshi works for '{flow.name}' (version {flow.version}), database {database}")
        tell_ready()
        await until_told_to_stop()
        typer.echo("Munshi stops: what is in flight is finished and recorded")
