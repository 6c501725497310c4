"""`munshi serve`: the HTTP server and the workers, in one process."""

import typer

from bot import log
from bot.app import bot, tune_interpreter
from bot.cli.running import run, settings_or_refuse, until_told_to_stop
from bot.cli.wording import database_name
from bot.connections import allow_files
from bot.parts import Parts
from bot.server import serving
from bot.settings import Settings
from storage import Store


def command() -> None:
    """Serve webhooks and the API, and do the work they bring. Pending migrations are applied first."""
    settings = settings_or_refuse()
    log.configure(settings.secrets)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    await Store.migrate(settings.database_url)
    async with bot(settings) as (parts, workers), serving(parts) as url:
        workers.start()
        tune_interpreter()
        allow_files()
        typer.echo(serves(parts, url))
        await until_told_to_stop()
        typer.echo("Munshi stops: what is in flight is finished and recorded")


def serves(parts: Parts, url: str) -> str:
    """One line for whoever started it: what is served and where, and if it takes real money."""
    flow, settings = parts.flow, parts.settings
    return (
        f"Munshi serves '{flow.name}' ({settings.munshi_flow.absolute()}, version {flow.version}) at {url}, "
        f"database {database_name(settings.database_url)}, Razorpay in {settings.razorpay_mode} mode; "
        "webhooks at /whatsapp/webhook and /payments/webhook"
    )
