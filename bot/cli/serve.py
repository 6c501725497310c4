"""`munshi serve`: the HTTP server and the workers, in one process."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from shlex import quote
from typing import Annotated

import typer
from orjson import dumps

from bot import log
from bot.app import bot, tune_interpreter
from bot.cli.display import database_name
from bot.cli.lifecycle import VARIABLE
from bot.cli.ready_signal import tell_ready
from bot.cli.reload_signal import reloading
from bot.cli.sandbox import API_TOKEN, DESK_TOKEN, played
from bot.cli.starting import forbid_core_dumps, run, settings_or_refuse, until_told_to_stop
from bot.context import Context
from bot.http.connections import allow_files
from bot.http.server import serving
from bot.settings import Settings
from payments.shop.catalogue import Shop
from payments.simulator.first_product import first_product
from storage import Store

Played = Annotated[
    bool,
    typer.Option(
        "--sandbox", help="Against a pretended Meta and Razorpay: no keys, and books that are forgotten."
    ),
]
WithShopify = Annotated[
    bool,
    typer.Option("--shopify", help="With --sandbox: a pretended Shopify too, which gets the paid orders."),
]
Create = Annotated[bool, typer.Option("--create", help="Make the database, if there is none.")]


def command(sandbox: Played = False, create: Create = False, shopify: WithShopify = False) -> None:
    """Serve webhooks and the API, and do the work they bring. Pending migrations are applied first."""
    forbid_core_dumps()
    if sandbox:
        log.configure()
        run(_play(shopify=shopify))
        return
    if shopify:
        raise typer.BadParameter("--shopify goes with --sandbox: a real store is set by SHOPIFY_STORE")
    settings = settings_or_refuse()
    log.configure(settings.secrets)
    run(_serve(settings, Store.migrate if create else Store.upgrade))


async def _serve(settings: Settings, migrate: Callable[[str], Awaitable[list[str]]]) -> None:
    await migrate(settings.database_url)
    async with bot(settings) as (context, workers), serving(context) as url, reloading(context):
        workers.start()
        tune_interpreter()
        allow_files()
        typer.echo(serves(context, url))
        tell_ready()
        await until_told_to_stop()
        typer.echo("Munshi stops: what is in flight is finished and recorded")


async def _play(*, shopify: bool) -> None:
    """Run the bot in a sandbox until SIGINT or SIGTERM."""
    async with played(shopify=shopify) as (world, settings):
        await Store.migrate(settings.database_url)
        async with bot(settings) as (context, workers), serving(context) as url, reloading(context):
            workers.start()
            await world.connect(url)
            typer.echo(serves(context, url))
            for line in _how_to_try(context, url, world.meta_url, world.settings() if shopify else {}):
                typer.echo(line)
            if shopify:
                typer.echo(_at_shopify(world.meta_url))
            await until_told_to_stop()


def _at_shopify(control_url: str) -> str:
    return (
        "The orders at Shopify, with what is left of them; and what its people do there (amounts in paise):\n"
        f"  curl {control_url}/_control/shopify\n"
        f'  curl {control_url}/_control/shopify_fulfil -d \'{{"order": "#1001"}}\''
        "     or shopify_cancel; shopify_refund with an amount\n"
        "Its products, as a flow file has them:\n"
        "  munshi import shopify"
    )


def _how_to_try(context: Context, url: str, control_url: str, more: Mapping[str, str]) -> Iterator[str]:
    """Yield lines about what can be done with a sandbox: `control_url` is where its people are moved.

    `more` is the settings for the commands that ask its providers themselves, as those about Shopify do.
    """
    shop: Shop = context.flow.sections["shop"]
    desk = {
        "DATABASE_URL": context.settings.database_url,
        "HOST": context.settings.host,
        "PORT": url.rpartition(":")[2],
        "MUNSHI_OPERATOR_TOKEN": DESK_TOKEN,
        VARIABLE: control_url,
        **({"MUNSHI_API_TOKEN": API_TOKEN} if more else {}),
        **more,
    }
    yield "In a sandbox: no real money moves, and the books are forgotten at the end."
    yield "Paste this line into another terminal in this folder; commands there are then about the sandbox:"
    yield f"  export {' '.join(f'{name}={quote(value)}' for name, value in desk.items())}"
    yield "  munshi chat --sandbox            order as a customer, and pay by /pay"
    if shop.staff:
        yield f"  munshi chat --sandbox --as {quote(shop.staff[0].name)}    be one of the staff"
    yield "  munshi orders --todo             what is to do; then munshi order 10001 accepted, munshi day …"
    items, said = first_product(shop, context.clock.now())
    asked = [{"sku": item.sku, "quantity": item.quantity} for item in items]
    order = dumps({"phone": "919800000001", "items": asked, **said}).decode()
    bearer = f"-H 'Authorization: Bearer {API_TOKEN}' -H 'Content-Type: application/json'"
    yield "A website's order:"
    yield f"  curl {url}/payments/create {bearer} -d {quote(order)}"


def serves(context: Context, url: str) -> str:
    """Return one line: what is served, where, and whether real money moves."""
    flow, settings = context.flow, context.settings
    return (
        f"Munshi serves '{flow.name}' ({settings.munshi_flow.absolute()}, version {flow.version}) at {url}, "
        f"database {database_name(settings.database_url)}, Razorpay in {settings.razorpay_mode} mode; "
        "webhooks at /whatsapp/webhook and /payments/webhook"
    )
