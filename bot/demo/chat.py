"""The demo with a person at the keyboard. Messages are shown as they arrive, also during typing."""

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from bot.demo import received
from bot.demo.phone import NotPossible, Phone
from bot.terminal import commands
from bot.terminal.commands import Command, choices, parse_command, pick
from bot.terminal.drawing import draw_all, draw_trace, plain, sorry
from bot.terminal.input import PROMPT, help_table
from bot.whatsapp.address_form import FIELDS
from flows.messages.kinds import Reply
from payments.shop.money import money
from sandbox.people import ReceivedMessage
from storage.reports.timeline import Story

_PATIENCE: Final = 5.0
"""Seconds to wait for an answer before the prompt comes back. A later answer is shown too."""
_LOOK_EVERY: Final = 0.1
READER: Final = "reads the terminal"
"""Name of the thread that does."""
_BODIES: Final[dict[str, dict[str, object]]] = {
    "location": {"latitude": 18.5204, "longitude": 73.8567},
    "contacts": {},
}


class Chat:
    """A chat of one person at a terminal with a real bot, over a phone."""

    def __init__(
        self, phone: Phone, console: Console, form: str, elsewhere: Callable[[], list[str]] = list
    ) -> None:
        """`form` says how an address form is filled in; `elsewhere` what is new outside WhatsApp."""
        self._phone, self._console, self._form, self._elsewhere = phone, console, form, elsewhere
        self._offered: tuple[Reply, ...] = ()
        self._shown: list[ReceivedMessage] = []
        """Every message that was shown: the first has the mark `m1`."""
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self, greeting: str = "hi", earlier: Sequence[ReceivedMessage | str] = ()) -> None:
        """Run the chat until /quit or the end of input. `greeting`, unless it is empty, is sent first.

        `earlier`: what is shown before, messages of the shop and what the person sent, which is text. All
        that can be tapped in it is numbered through, so that each number on the screen is one choice.
        """
        self._console.print(Rule(plain(self._phone.title)))
        for said in earlier:
            if isinstance(said, str):
                self._console.print(Text(f"{PROMPT}{said}", "bold"))
            else:
                self._show([said], self._offered)
        if greeting:
            self._console.print(Text(f"'{greeting}' is sent for you.", "dim"))
            self._console.print(Text(f"{PROMPT}{greeting}", "bold"))
            await self._phone.write(greeting)
            self._show(await self._phone.answers(_PATIENCE))
        self._read_in_background()
        self._prompt()
        while (line := await self._next_line()) is not None:
            command = parse_command(line)
            if isinstance(command, commands.Quit):
                break
            if line.strip():
                await self._try(command)
            self._tell(self._elsewhere())
            self._prompt()
        self._console.print(Text("\nGoodbye.", "dim"))

    def _read_in_background(self) -> None:
        """Read lines in a daemon thread, because a blocking read cannot be interrupted."""
        loop = asyncio.get_running_loop()
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

        def read() -> None:
            # A line that comes after the chat has ended finds its loop closed, and is for nobody.
            with suppress(RuntimeError):
                for line in sys.stdin:
                    loop.call_soon_threadsafe(self._lines.put_nowait, line)
                loop.call_soon_threadsafe(self._lines.put_nowait, None)

        threading.Thread(target=read, name=READER, daemon=True).start()

    async def _next_line(self) -> str | None:
        """Return the next line. Meanwhile show messages that arrive without one."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    return await self._lines.get()
            except TimeoutError:
                messages, news = await self._phone.take(), self._elsewhere()
                if messages or news:
                    self._console.print()
                    self._show(messages)
                    self._tell(news)
                    self._prompt()

    def _prompt(self) -> None:
        self._console.print(Text(PROMPT, "bold"), end="")

    def _tell(self, news: list[str]) -> None:
        for line in news:
            self._console.print(plain(line, "dim"))

    async def _try(self, command: Command) -> None:
        try:
            await self._execute(command)
        except NotPossible as error:
            self._console.print(plain(str(error), "red"))
        except Exception as error:  # noqa: BLE001 - the chat goes on: the shop and its books live in this process
            self._console.print(sorry(error))

    async def _execute(self, command: Command) -> None:
        match command:
            case commands.Trace():
                self._console.print(draw_trace(await self._phone.trace()))
            case commands.State():
                self._console.print(plain(_describe(await self._phone.lifecycle())))
            case commands.Help():
                self._console.print(help_table(self._form))
            case commands.Wrong(message=message):
                self._console.print(plain(message, "red"))
            case _:
                await self._play(command)

    async def _play(self, command: Command) -> None:
        await self._act(command)
        patience = _PATIENCE if not isinstance(command, commands.Wait) else 2.0
        answers = await self._phone.answers(patience)
        self._show(answers)
        if not answers:
            self._console.print(Text("(the shop says nothing)", "dim"))

    async def _act(self, command: Command) -> None:
        phone = self._phone
        if reply := pick(command, self._offered):
            await phone.tap(reply.id)
            return
        match command:
            case commands.Write(text=text) | commands.Choose(text=text):
                await phone.write(text)
            case commands.Answer(text=text, mark=mark):
                await phone.reply(text, self._marked(mark).wamid)
            case commands.TapOf(mark=mark, title=title):
                await phone.tap(self._reply_of(mark, title).id)
            case commands.Send(kind=kind):
                await phone.send(kind, _BODIES.get(kind, {"id": "1000000000000001"}))
            case commands.Fill(form=form):
                await phone.fill({FIELDS[field]: value for field, value in form.items()})
            case commands.Pay():
                await phone.pay()
            case commands.Fail(reason=reason):
                await phone.fail(reason)
            case commands.Wait(milliseconds=milliseconds):
                await phone.wait(milliseconds)
            case _:
                raise AssertionError(f"{command} is not for the shop")

    def _reply_of(self, mark: int, title: str) -> Reply:
        """Return the button or row `title` of the message with that mark. Raises NotPossible."""
        replies = choices([received.message(self._marked(mark))])
        chosen = pick(commands.Write(title), replies)
        if chosen is None:
            titles = ", ".join(reply.title for reply in replies)
            raise NotPossible(f"m{mark} has no '{title}': it has {titles or 'nothing to tap'}")
        return chosen

    def _marked(self, mark: int | None) -> ReceivedMessage:
        """Return the message with that number in its mark; None is the newest. Raises NotPossible."""
        if not self._shown:
            raise NotPossible("there is nothing to reply to yet")
        if mark is None:
            return self._shown[-1]
        if not 1 <= mark <= len(self._shown):
            raise NotPossible(f"there is no message m{mark} here: the newest is m{len(self._shown)}")
        return self._shown[mark - 1]

    def _show(self, answers: list[ReceivedMessage], above: tuple[Reply, ...] = ()) -> None:
        """Show `answers`. What is `above` them has the first numbers, and can still be chosen."""
        if not answers:
            return
        marks = [f"m{number}" for number, _ in enumerate(answers, len(self._shown) + 1)]
        self._shown += answers
        try:
            messages = [received.message(answer) for answer in answers]
            for drawn in draw_all(messages, self._form, marks, len(above) + 1):
                self._console.print(drawn)
        except Exception as error:  # noqa: BLE001 - as in _try: messages also arrive outside commands
            self._console.print(sorry(error))
            return
        self._offered = (*above, *choices(messages))


def _describe(story: Story | None) -> str:
    """Return the customer's state and the status of each of their orders."""
    if story is None:
        return "state: not begun"
    orders = (f"order #{o['number']}: {money(o['total'])}, {o['payment']}" for o in story.orders)
    return "\n".join((f"state: {story.state or 'not begun'}", *orders))
