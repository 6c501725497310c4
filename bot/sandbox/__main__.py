"""`python -m bot.sandbox`: both providers in a process of their own, with the control API on Meta's port."""

import argparse
import asyncio
import sys
import time

import aiohttp
import orjson
import uvloop

from bot.sandbox.control import routes
from bot.sandbox.meta import HandshakeRefusedError
from bot.sandbox.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--meta-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--razorpay-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--bot-url", help="where the bot listens; waited for until it is up")
    parser.add_argument("--seed", type=int, default=0, help="decides all ids")
    return parser.parse_args()


def _now() -> int:
    return time.time_ns() // 1_000_000


async def _connect(world: World, bot_url: str) -> None:
    """Connect the bot, once it is up."""
    while True:
        try:
            return await world.connect(bot_url)
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.2)


async def _run(arguments: argparse.Namespace) -> None:
    world = World(now=_now, seed=arguments.seed)
    world.meta.app.add_routes(routes(world))
    async with world.serving(arguments.host, arguments.meta_port, arguments.razorpay_port, ticking=True):
        addresses = {"meta": world.meta_url, "razorpay": world.razorpay_url}
        sys.stdout.write(orjson.dumps(addresses).decode() + "\n")
        sys.stdout.flush()
        if arguments.bot_url:
            await _connect(world, arguments.bot_url)
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted. Prints one JSON line with both addresses once they can be used."""
    try:
        uvloop.run(_run(_arguments()))
    except HandshakeRefusedError as refused:
        sys.exit(f"{refused}: is WHATSAPP_VERIFY_TOKEN the sandbox's?")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
