"""Chat with the simulator in a terminal."""

from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from bot.terminal import commands
from bot.terminal.commands import Command, choices, form_example, parse_command, pick
from bot.terminal.drawing import draw_all, draw_trace, plain, sorry
from bot.terminal.input import help_table, lines
from flows.document import durations
from flows.engine.model import Flow
from flows.messages.kinds import Message, Reply
from payments.processing.changes import EventResult, values
from payments.shop.money import money
from payments.simulator.chats import NothingToTap
from payments.simulator.recorder import CannotPlay, Recorder, tap_of
from payments.simulator.scenario_actions import ACTIONS
from payments.simulator.simulated_gateway import NothingToPay
from payments.simulator.simulator import START, Simulator


class Chat:
    """A chat of one person at a terminal with a simulated shop."""

    def __init__(self, flow: Flow, name: str, console: Console | None = None, now: int = START) -> None:
        """`now` is when the chat begins, in milliseconds; the simulator's own start without it."""
        self._flow = flow
        self._form = form_example(flow.sections["shop"])
        self._simulator = Simulator(flow, name, now=now)
        self._console = console or Console(highlight=False)
        self._offered: tuple[Reply, ...] = ()
        self._results: list[EventResult] = []
        self._steps: list[tuple[str, Any]] = []
        """What the person did, as steps of a scenario."""

    def run(self) -> None:
        """Run the chat until /quit or the end of input."""
        self._console.print(Rule(plain(self._title())))
        self._console.print(
            Text("Say hi, or type /help. Choose a button or row by its number or title.", "dim")
        )
        for line in lines(self._console):
            command = parse_command(line)
            if isinstance(command, commands.Quit):
                break
            try:
                self._execute(command)
            except Exception as error:  # noqa: BLE001 - the chat goes on after any error
                self._console.print(sorry(error))
        self._console.print(Text("Goodbye.", "dim"))

    def _title(self) -> str:
        statics = self._flow.statics[self._flow.languages[0]]
        return str(statics["shop"]["name"])

    def _execute(self, command: Command) -> None:
        match command:
            case commands.Trace():
                self._console.print(
                    draw_trace([dict(entry) for result in self._results for entry in result.trace])
                )
            case commands.State():
                self._console.print(plain(self._state()))
            case commands.Help():
                self._console.print(help_table(self._form))
            case commands.Wrong(message=message):
                self._console.print(plain(message, "red"))
            case _:
                self._play(command)

    def _play(self, command: Command) -> None:
        before, told = len(self._simulator.results), len(self._simulator.store.told)
        try:
            answer = self._answer(command)
        except NothingToPay as error:
            self._console.print(plain(f"{error}: check out first", "red"))
            return
        except NothingToTap as error:
            self._console.print(plain(str(error), "red"))
            return
        self._results = self._simulator.results[before:]
        for result in self._results:
            if result.error:
                self._console.print(plain(f"The shop could not handle that: {result.error}", "red"))
        for drawn in draw_all(answer, self._form):
            self._console.print(drawn)
        for one in values(self._simulator.store.told[told:]):
            self._console.print(plain(f"(told to the staff: {one.message.words})", "dim"))
        if answer:
            self._offered = choices(answer)
        else:
            self._console.print(Text("(the shop says nothing)", "dim"))

    def _answer(self, command: Command) -> list[Message]:
        key, value = self._step(command)
        answer = ACTIONS[key](value)(self._simulator)
        self._steps.append((key, value))
        return answer

    def _step(self, command: Command) -> tuple[str, Any]:
        """Return the command as the step of a scenario."""
        if reply := pick(command, self._offered):
            return tap_of(self._simulator, reply.id)
        match command:
            case (
                commands.Write(text=text)
                | commands.Choose(text=text)
                | commands.Answer(text=text)
                | commands.TapOf(title=text)
            ):
                return "customer", text
            case commands.Send(kind=kind):
                return "sends", kind
            case commands.Fill(form=form):
                return "fills", dict(form)
            case commands.Pay():
                return "pays", True
            case commands.Fail(reason=reason):
                return "payment_fails", reason or True
            case commands.Wait(milliseconds=milliseconds):
                return "waits", durations.written(milliseconds)
            case _:
                raise AssertionError(f"{command} is not for the shop")

    def as_scenario(self) -> str | None:
        """Return the chat as a scenario of the flow; None if nothing was done in it."""
        recorder = Recorder(self._flow)
        try:
            for key, value in self._steps:
                recorder.attempt(key, value)
        except CannotPlay as error:
            recorder.note(f"the rest is left out: {error}")
        return recorder.text("A chat in the terminal") if self._steps else None

    def _state(self) -> str:
        conversation = self._simulator.conversation
        description = [
            f"state: {conversation.state or 'not begun'}",
            f"language: {conversation.language or self._flow.languages[0]}",
        ]
        description += [f"{name}: {value}" for name, value in conversation.variables.items()]
        description += [f"cart: {sku} × {quantity}" for sku, quantity in conversation.data.get("cart", ())]
        description += [
            f"order #{state.order.number}: {money(state.order.total)}, {state.status}"
            for state in self._simulator.orders.values()
        ]
        return "\n".join(description)
