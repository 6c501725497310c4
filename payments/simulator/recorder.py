"""Writes a scenario while it is played: each action, and what the shop answers now. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from flows.engine.model import Flow
from flows.messages import replies
from flows.messages.kinds import Buttons, Document, List, Message
from payments.processing.changes import values
from payments.simulator import people
from payments.simulator.scenario_actions import ACTIONS
from payments.simulator.scenario_text import expectation, scalar, step
from payments.simulator.simulator import Simulator

_HEARD: Final = frozenset({"customer", "tap", "taps_id", "sends", "fills"})
"""Actions after which it is written down if the shop says nothing."""


class CannotPlay(Exception):
    """The flow can't handle an action."""


class Recorder:
    """A scenario in the making. The same actions on the same flow always give the same text."""

    def __init__(self, flow: Flow, staff: Sequence[str] = ()) -> None:
        """`staff` are names that stand in for the staff of the flow file; empty leaves those."""
        self._staff = tuple(staff)
        self.simulator = Simulator(flow, staff=people.named(staff) if staff else None)
        self._lines: list[str] = []
        self._state = ""
        self.notes: list[str] = []
        """What could not be played, and why."""

    def do(self, key: str, value: Any) -> None:
        """Play and write one action. Nothing is written if it can't be played.

        Raises ValueError if a scenario can't hold it, CannotPlay if the flow fails, and NothingToTap,
        NothingToPay or NobodyThere.
        """
        simulator = self.simulator
        parked, told = len(simulator.parked), len(simulator.store.told)
        answer = ACTIONS[key](value)(simulator)
        if len(simulator.parked) > parked:
            raise CannotPlay(f"the flow can't handle '{key}: {value}': {simulator.parked[-1].error}")
        self._lines.append(step(key, value))
        staff = [one.message for one in values(simulator.store.told[told:])]
        self._lines += self._expected(key, answer, staff)

    def attempt(self, key: str, value: Any) -> None:
        """Play and write one action, or write as a comment why it can't be played. Raises CannotPlay."""
        try:
            self.do(key, value)
        except (LookupError, ValueError) as error:
            self.note(f"not played: {key}: {value} ({error})")

    def note(self, text: str) -> None:
        """Write a comment."""
        self.notes.append(text)
        self._lines.append(f"  # {' '.join(text.split())}")

    def text(self, name: str, flow: str | None = None) -> str:
        """Return the scenario. `flow` is the path of its flow file, None for the shop's own."""
        head = [f"scenario: {scalar(name)}", *([f"flow: {scalar(flow)}"] if flow else [])]
        if self._staff:
            head.append(f"staff: [{', '.join(map(scalar, self._staff))}]")
        return "\n".join([*head, "chat:", *self._lines, ""])

    def _expected(self, key: str, answer: list[Message], told: list[Message]) -> Iterator[str]:
        fields: dict[str, str | Sequence[str]] = {}
        if answer or key in _HEARD:
            fields["shop"] = [lasting(message.words, self.simulator) for message in answer]
        for message in answer[-1:]:
            if isinstance(message, (Buttons, List)):
                kind = "rows" if isinstance(message, List) else "buttons"
                fields[kind] = [reply.title for reply in message.replies]
        if documents := [message.shown for message in answer if isinstance(message, Document)]:
            fields["documents"] = documents
        if told:
            fields["told"] = [lasting(message.words, self.simulator) for message in told]
        if (state := self.simulator.conversation.state) != self._state:
            fields["state"] = self._state = state
        return expectation(fields)


def tap_of(simulator: Simulator, reply_id: str) -> tuple[str, str]:
    """Return the step that taps the reply with this id: by its title, if that means the same reply."""
    offered = [reply for say in reversed(simulator.said) for reply in say.message.replies]
    meant = next((one for one in offered if replies.decode(one.id) == replies.decode(reply_id)), None)
    newest = next((one for one in offered if meant and one.title == meant.title), None)
    if newest and newest == meant:
        return "tap", newest.title
    return "taps_id", meant.id if meant else reply_id


def lasting(words: str, simulator: Simulator) -> str:
    """Return `words` with `…` in place of the numbers of orders and the addresses of links.

    Both are others as soon as something is added to the chat.
    """
    orders = simulator.orders.values()
    passing = {state.order.number for state in orders}
    passing |= {attempt.short_url for state in orders for attempt in state.attempts if attempt.short_url}
    if not passing:
        return words
    pattern = "|".join(map(re.escape, sorted(passing, key=len, reverse=True)))
    return re.sub(rf"(?<!\d)({pattern})(?!\d)", "…", words)
