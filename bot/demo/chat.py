"""The demo with somebody at the keyboard. Messages are shown when they come, also while one types."""

import asyncio
import io
import sys
import threading
from typing import Final

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from bot.demo import received
from bot.demo.stage import NothingToPay, Stage
from bot.terminal import commands
from bot.terminal.commands import Command, choices, parse_command, pick
from bot.terminal.drawing import draw_all, draw_trace, plain, sorry
from bot.terminal.input import PROMPT, help_table
from flows.messages.kinds import Reply
from payments.shop.money import money
from sandbox.people import ReceivedMessage
from sandbox.razorpay_ledger import NotPayableError
from storage.reports.timeline import Story

_PATIENCE: Final = 5.0
"""Seconds to wait for an answer before the prompt comes back; a later one is shown all the same."""
_LOOK_EVERY: Final = 0.1
_BODIES: Final[dict[str, dict[str, object]]] = {
    "location": {"latitude": 18.5204, "longitude": 73.8567},
    "contacts": {},
}


class Chat:
    """One person at a terminal, a real bot behind it."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage, self._console = stage, console
        self._offered: tuple[Reply, ...] = ()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self) -> None:
        """Until /quit or the end of input. The customer says hi first."""
        name = self._stage.context.flow.statics[self._stage.context.flow.languages[0]]["shop"]["name"]
        self._console.print(Rule(plain(str(name))))
        self._console.print(Text(f"{PROMPT}hi", "bold"))
        await self._stage.customer.write("hi")
        self._show(await self._stage.answers(_PATIENCE))
        self._read_in_background()
        self._prompt()
        while (line := await self._next_line()) is not None:
            command = parse_command(line)
            if isinstance(command, commands.Quit):
                break
            if line.strip():
                await self._try(command)
            self._prompt()
        self._console.print(Text("\nGoodbye.", "dim"))

    def _read_in_background(self) -> None:
        """Read lines in a thread that dies with us: nothing can interrupt a blocking read."""
        loop = asyncio.get_running_loop()
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

        def read() -> None:
            for line in sys.stdin:
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            loop.call_soon_threadsafe(self._lines.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()

    async def _next_line(self) -> str | None:
        """The next line; meanwhile, messages that come by themselves are shown."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    return await self._lines.get()
            except TimeoutError:
                if came := self._stage.take():
                    self._console.print()
                    self._show(came)
                    self._prompt()

    def _prompt(self) -> None:
        self._console.print(Text(PROMPT, "bold"), end="")

    async def _try(self, command: Command) -> None:
        try:
            await self._obey(command)
        except Exception as error:  # noqa: BLE001 - the shop and its books live in this process: it goes on
            self._console.print(sorry(error))

    async def _obey(self, command: Command) -> None:
        match command:
            case commands.Trace():
                events = await self._stage.decisions()
                trace = [dict(entry) for event in events for entry in event.trace]
                self._console.print(draw_trace(trace))
            case commands.State():
                self._console.print(plain(_lifecycle(await self._stage.lifecycle())))
            case commands.Help():
                self._console.print(help_table())
            case commands.Wrong(message=message):
                self._console.print(plain(message, "red"))
            case _:
                await self._play(command)

    async def _play(self, command: Command) -> None:
        try:
            await self._act(command)
        except (NothingToPay, NotPayableError) as error:
            self._console.print(plain(str(error), "red"))
            return
        patience = _PATIENCE if not isinstance(command, commands.Wait) else 2.0
        came = await self._stage.answers(patience)
        self._show(came)
        if not came:
            self._console.print(Text("(the shop says nothing)", "dim"))

    async def _act(self, command: Command) -> None:
        stage = self._stage
        if reply := pick(command, self._offered):
            await stage.customer.tap(reply.id)
            return
        match command:
            case commands.Write(text=text) | commands.Choose(text=text):
                await stage.customer.write(text)
            case commands.Send(kind=kind):
                await stage.customer.send(kind, _BODIES.get(kind, {"id": "1000000000000001"}))
            case commands.Pay():
                await stage.pay()
            case commands.Fail(reason=reason):
                await stage.fail(reason)
            case commands.Wait(milliseconds=milliseconds):
                await stage.wait(milliseconds)
            case _:
                raise AssertionError(f"{command} is not for the shop")

    def _show(self, came: list[ReceivedMessage]) -> None:
        if not came:
            return
        try:
            messages = [received.message(one) for one in came]
            for drawn in draw_all(messages):
                self._console.print(drawn)
        except Exception as error:  # noqa: BLE001 - as in _try: messages also come while nobody asks
            self._console.print(sorry(error))
            return
        self._offered = choices(messages)


def _lifecycle(story: Story | None) -> str:
    """Where the customer stands, and how each of their orders does."""
    if story is None:
        return "state: not begun"
    orders = (f"order #{o['number']}: {money(o['total'])}, {o['payment']}" for o in story.orders)
    return "\n".join((f"state: {story.state or 'not begun'}", *orders))
