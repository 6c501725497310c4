"""`munshi sandbox`: serve the pretended Meta and Razorpay. `munshi serve --sandbox` uses them too."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

import aiohttp
import orjson
import typer

from bot.cli.lifecycle import refuse
from bot.cli.starting import run, until_told_to_stop
from bot.clock import SystemClock
from bot.settings import Settings, SettingsInvalid, load_settings
from sandbox.control import routes
from sandbox.meta import HandshakeRefusedError
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from sandbox.world import World

API_TOKEN: Final = "sandbox-api-token"  # noqa: S105 - guards a sandbox on loopback
DESK_TOKEN: Final = "sandbox-desk-token"  # noqa: S105 - as the one before

Host = Annotated[str, typer.Option(help="Where both listen.")]
MetaPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Meta's port, and the control API's; 0: any free one.")
]
RazorpayPort = Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")]
BotUrl = Annotated[str | None, typer.Option(help="Where the bot listens; waited for until it is up.")]
RefundAfter = Annotated[int, typer.Option(min=0, help="Seconds until the bank has made a refund.")]
ShopifyPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Serve a pretended Shopify too; 0: at any free port.")
]
Seed = Annotated[int, typer.Option(help="Decides all ids.")]


def command(
    host: Host = "127.0.0.1",
    meta_port: MetaPort = 0,
    razorpay_port: RazorpayPort = 0,
    bot_url: BotUrl = None,
    seed: Seed = 0,
    refund_after: RefundAfter = TRIAL_DELAY_MS // 1000,
    shopify_port: ShopifyPort = None,
) -> None:
    """Serve a pretended Meta and Razorpay. Prints their addresses and the bot's settings, one line of JSON.

    People and misfortunes are posted to the control API, at Meta's address.
    """
    try:
        run(_serve((host, meta_port, razorpay_port, shopify_port), bot_url, seed, refund_after))
    except HandshakeRefusedError as refused:
        refuse(f"{refused}: is WHATSAPP_VERIFY_TOKEN the sandbox's?")


async def _serve(
    where: tuple[str, int, int, int | None], bot_url: str | None, seed: int, refund_after: int
) -> None:
    host, meta_port, razorpay_port, shopify_port = where
    world = World(now=SystemClock().now, seed=seed)
    world.razorpay.refund_delay_ms = refund_after * 1000
    world.meta.app.add_routes(routes(world))
    async with world.serving(host, meta_port, razorpay_port, ticking=True, shopify_port=shopify_port):
        addresses = {"meta": world.meta_url, "razorpay": world.razorpay_url, "settings": world.settings()}
        addresses |= {"shopify": world.shopify_url} if world.shopify_url else {}
        typer.echo(orjson.dumps(addresses).decode())
        if bot_url:
            await _connect(world, bot_url)
        await until_told_to_stop()


async def _connect(world: World, bot_url: str) -> None:
    """Connect the world to the bot; retry until the bot is up."""
    while True:
        try:
            return await world.connect(bot_url)
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.2)


@asynccontextmanager
async def played(*, shopify: bool = False) -> AsyncIterator[tuple[World, Settings]]:
    """Yield a world on loopback and settings for a bot in it. Its database is empty, and deleted at the end.

    The flow and the port are those of the environment or `.env`. Ends the command if they are unusable.
    """
    world = World(now=SystemClock().now)
    world.razorpay.refund_delay_ms = TRIAL_DELAY_MS
    world.meta.app.add_routes(routes(world))
    with tempfile.TemporaryDirectory(prefix="munshi-sandbox-") as folder:
        async with world.serving("127.0.0.1", 0, 0, ticking=True, shopify_port=0 if shopify else None):
            values = {name.lower(): value for name, value in world.settings().items()}
            values |= {
                "host": "127.0.0.1",
                "munshi_api_token": API_TOKEN,
                "munshi_operator_token": DESK_TOKEN,
                "database_url": f"sqlite://{folder}/munshi.db",
            }
            try:
                settings = load_settings(**values)
            except SettingsInvalid as invalid:
                refuse(f"Munshi can't start, because of its settings (environment or .env):\n\n{invalid}")
            yield world, settings
