"""`munshi demo`: the whole bot in a sandbox, with you as the customer."""

import logging
import sys
from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot import log
from bot.cli.flow_file import DEFAULT, FlowFile
from bot.cli.lifecycle import refuse
from bot.cli.starting import run

if TYPE_CHECKING:
    from bot.demo.stage import Stage


class Extra(StrEnum):
    """What the sandbox has besides Meta and Razorpay."""

    SHOPIFY = "shopify"


With = Annotated[
    list[Extra] | None, typer.Option("--with", help="What the sandbox has besides: a Shopify store.")
]
Port = Annotated[int, typer.Option(help="Where the bot listens; 0 takes any free port.")]


def command(file: FlowFile = DEFAULT, port: Port = 0, extras: With = None) -> None:
    """Chat with the real bot against a sandbox Meta and Razorpay: no account, no key, no money.

    With no terminal attached it plays the nine steps of the shipped shop, and exits 1 if one differs.
    """
    log.configure(least=logging.WARNING)  # what is well must not stand between the messages
    console = Console(highlight=False)
    from bot.demo.bot_process import BotFailed

    try:
        run(_demo(file, port, console, frozenset(extras or ())))
    except BotFailed as failed:
        refuse(f"The demo's bot can't start: {failed}")


async def _demo(file: FlowFile, port: int, console: Console, extras: Collection[Extra]) -> None:
    from bot.demo.stage import stage

    console.print(Text("Starting a sandbox WhatsApp, a sandbox Razorpay and the bot on SQLite …", "dim"))
    shopify_port = 0 if Extra.SHOPIFY in extras else None
    async with stage(file, port, shopify_port=shopify_port) as demo_stage:
        pages = f"{demo_stage.world.razorpay_url}/l/…"
        console.print(Text(f"The bot is at {demo_stage.url}; payment pages will be {pages}"), soft_wrap=True)
        if sys.stdin.isatty() and sys.stdout.isatty():
            from bot.demo.chat import Chat
            from bot.terminal.commands import form_example

            hint = (
                "Choose by number or by typing. /pay /fail /wait 20m /trace /quit, /help for all. Try: हिंदी"
            )
            console.print(Text(hint, "dim"))
            form = form_example(demo_stage.flow.sections["shop"])
            await Chat(demo_stage.customer, console, form, demo_stage.elsewhere).run()
        else:
            await _play_alone(demo_stage, console, extras)


async def _play_alone(demo_stage: "Stage", console: Console, extras: Collection[Extra]) -> None:
    from bot.demo import received
    from bot.demo.nine_steps import MOVES, StepDiffers, check_books, check_shopify, play
    from bot.terminal.drawing import draw

    try:
        for move in MOVES:
            console.print(Text(f"step {move.step}  {demo_stage.customer.name}: {move.does}", "bold"))
            console.print(draw(received.message(await play(move, demo_stage.customer))))
        console.print(Text(f"step 8  in the books: {await check_books(demo_stage)}", "bold"))
        if Extra.SHOPIFY in extras:
            console.print(Text(f"        {await check_shopify(demo_stage)}", "bold"))
    except StepDiffers as differs:
        refuse(str(differs))
    console.print(Text("All nine steps are right.", "bold"))
