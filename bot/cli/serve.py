"""`munshi serve`: the HTTP server and the workers, in one process."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from bot import log
from bot.app import bot, tune_interpreter
from bot.cli.display import database_name
from bot.cli.lifecycle import run, settings_or_refuse, until_told_to_stop
from bot.cli.sandbox import API_TOKEN, played
from bot.context import Context
from bot.http.connections import allow_files
from bot.http.server import serving
from bot.settings import Settings
from payments.shop.catalogue import Shop
from storage import Store

Played = Annotated[
    bool,
    typer.Option(
        "--sandbox", help="Against a pretended Meta and Razorpay: no keys, and books that are forgotten."
    ),
]
Create = Annotated[bool, typer.Option("--create", help="Make the database, if there is none.")]


def command(sandbox: Played = False, create: Create = False) -> None:
    """Serve webhooks and the API, and do the work they bring. Pending migrations are applied first."""
    if sandbox:
        log.configure()
        run(_play())
        return
    settings = settings_or_refuse()
    log.configure(settings.secrets)
    run(_serve(settings, Store.migrate if create else Store.upgrade))


async def _serve(settings: Settings, migrate: Callable[[str], Awaitable[list[str]]]) -> None:
    await migrate(settings.database_url)
    async with bot(settings) as (context, workers), serving(context) as url:
        workers.start()
        tune_interpreter()
        allow_files()
        typer.echo(serves(context, url))
        await until_told_to_stop()
        typer.echo("Munshi stops: what is in flight is finished and recorded")


async def _play() -> None:
    """Run the bot in a sandbox until SIGINT or SIGTERM."""
    async with played() as (world, settings):
        await Store.migrate(settings.database_url)
        async with bot(settings) as (context, workers), serving(context) as url:
            workers.start()
            await world.connect(url)
            typer.echo(serves(context, url))
            typer.echo(
                f"In a sandbox: the API token is {API_TOKEN}; the books are forgotten at the end. Try:"
            )
            body = """'{"wa_id": "919800000001", "text": "hi"}'"""
            typer.echo(f"  curl {world.meta_url}/_control/write -d {body}")
            typer.echo(f"  curl '{world.meta_url}/_control/messages?wa_id=919800000001'")
            order = """'{"phone": "919800000001", "items": [{"sku": "SKU", "quantity": 1}]}'"""
            order = order.replace("SKU", _first_sku(context))
            bearer = f"-H 'Authorization: Bearer {API_TOKEN}' -H 'Content-Type: application/json'"
            typer.echo(f"  curl {url}/payments/create {bearer} -d {order}")
            typer.echo(f"  DATABASE_URL={settings.database_url} munshi why 919800000001")
            await until_told_to_stop()


def _first_sku(context: Context) -> str:
    shop: Shop = context.flow.sections["shop"]
    return shop.products[0].sku


def serves(context: Context, url: str) -> str:
    """Return one line: what is served, where, and whether real money moves."""
    flow, settings = context.flow, context.settings
    return (
        f"Munshi serves '{flow.name}' ({settings.munshi_flow.absolute()}, version {flow.version}) at {url}, "
        f"database {database_name(settings.database_url)}, Razorpay in {settings.razorpay_mode} mode; "
        "webhooks at /whatsapp/webhook and /payments/webhook"
    )
