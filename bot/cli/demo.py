"""`munshi demo`: the whole bot in a sandbox, with you as the customer."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot import log
from bot.cli import console_extra
from bot.cli.flow_file import DEFAULT, FlowFile
from bot.cli.lifecycle import refuse
from bot.cli.starting import run, until_told_to_stop

if TYPE_CHECKING:
    from bot.demo.stage import Stage


class Extra(StrEnum):
    """What the sandbox has besides Meta and Razorpay."""

    SHOPIFY = "shopify"


With = Annotated[
    list[Extra] | None, typer.Option("--with", help="What the sandbox has besides: a Shopify store.")
]
Port = Annotated[int, typer.Option(help="Where the bot listens; 0 takes any free port.")]


ConsolePort = Annotated[int, typer.Option(help="Where the pages in a browser are; 0 takes any free port.")]
Pages = Annotated[bool, typer.Option("--pages", help="Play in a browser alone: no chat in this terminal.")]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the demo was started with."""

    file: Path
    port: int
    extras: Collection[Extra]
    console_port: int


def command(
    file: FlowFile = DEFAULT,
    port: Port = 0,
    extras: With = None,
    console_port: ConsolePort = 0,
    pages: Pages = False,
) -> None:
    """Chat with the real bot against a sandbox Meta and Razorpay: no account, no key, no money.

    Both sides can be played in a browser too, at the address that it prints. With no terminal attached it
    plays the nine steps of the shipped shop, and exits 1 if one differs.
    """
    log.configure(least=logging.WARNING)  # what is well must not stand between the messages
    console = Console(highlight=False)
    if pages and not console_extra.is_installed():
        refuse(f"Pages in a browser {console_extra.MISSING}")
    from bot.demo.bot_process import BotFailed

    wanted = _Wanted(file, port, frozenset(extras or ()), console_port)
    is_attached = sys.stdin.isatty() and sys.stdout.isatty()
    play = _in_browser if pages else _in_terminal if is_attached else _play_alone
    try:
        run(play(wanted, console))
    except BotFailed as failed:
        refuse(f"The demo's bot can't start: {failed}")


@asynccontextmanager
async def _staged(wanted: _Wanted, console: Console) -> AsyncIterator["Stage"]:
    from bot.demo.stage import stage

    console.print(Text("Starting a sandbox WhatsApp, a sandbox Razorpay and the bot on SQLite …", "dim"))
    shopify_port = 0 if Extra.SHOPIFY in wanted.extras else None
    async with stage(wanted.file, wanted.port, shopify_port=shopify_port) as demo_stage:
        pages = f"{demo_stage.world.razorpay_url}/l/…"
        console.print(Text(f"The bot is at {demo_stage.url}; payment pages will be {pages}"), soft_wrap=True)
        yield demo_stage


async def _in_browser(wanted: _Wanted, console: Console) -> None:
    async with _staged_with_pages(wanted, console):
        await until_told_to_stop()


async def _in_terminal(wanted: _Wanted, console: Console) -> None:
    from bot.demo.chat import Chat
    from bot.terminal.commands import form_example

    staged = _staged_with_pages if console_extra.is_installed() else _staged
    async with staged(wanted, console) as demo_stage:
        if staged is _staged:
            console.print(Text(f"Pages in a browser, to play both sides, {console_extra.MISSING}", "dim"))
        hint = "Choose by number or by typing. /pay /fail /wait 20m /trace /quit, /help for all. Try: हिंदी"
        console.print(Text(hint, "dim"))
        form = form_example(demo_stage.flow.sections["shop"])
        await Chat(demo_stage.customer, console, form, demo_stage.elsewhere).run()


@asynccontextmanager
async def _staged_with_pages(wanted: _Wanted, console: Console) -> AsyncIterator["Stage"]:
    # Its packages take seconds to load: as long as the bot takes to start, in its own process.
    loading = asyncio.create_task(asyncio.to_thread(import_module, "bot.demo.pages.served"))
    async with _staged(wanted, console) as demo_stage:
        await loading
        from bot.demo.pages.served import pages

        async with pages(demo_stage, wanted.file, wanted.console_port) as url:
            console.print(Text(f"Play both sides in a browser: {url}", "bold"), soft_wrap=True)
            yield demo_stage


async def _play_alone(wanted: _Wanted, console: Console) -> None:
    async with _staged(wanted, console) as demo_stage:
        await _play(demo_stage, console, wanted.extras)


async def _play(demo_stage: "Stage", console: Console, extras: Collection[Extra]) -> None:
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
