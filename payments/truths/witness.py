"""A witness of one conversation: it sees each step, and keeps what the steps broke."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flows.engine.model import Flow
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from payments.truths.broken import Broken, Name
from payments.truths.judge import confirmations, judge
from payments.truths.watched import watched

MOST_REMINDERS: Final = 8
"""Timers in a row that may say something, without anything from outside between them."""


@dataclass
class Witness:
    """Judges each step of one customer's conversation."""

    conversation: str
    flow: Flow
    broken: list[Broken] = field(default_factory=list)
    """All that was broken, oldest first."""
    _confirmed: frozenset[str] = frozenset()
    _reminders: int = 0

    def __post_init__(self) -> None:
        self._watched, self._sure = watched(self.flow), confirmations(self.flow)
        self.flow = self._watched.flow

    def see(self, given: StepInput, changes: ChangeSet, orders: Mapping[str, OrderState], now: int) -> None:
        """See the step of one event. `orders` are those of the customer after it."""
        if given.conversation.id != self.conversation:
            self._watched.take()
            return
        verdict = judge(self._sure, given, changes, orders, self._confirmed)
        self._confirmed = verdict.confirmed
        self.broken += [
            *verdict.broken,
            *self._watched.take(),
            *self._late(given, verdict.without_template, now),
        ]
        self.broken += self._loop(given, changes)

    def rest(self, given: StepInput, now: int) -> None:
        """See a conversation at rest: `given` is what its next step would be given."""
        if given.conversation.id == self.conversation:
            self.broken += self._watched.now(given, now)

    def _late(self, given: StepInput, names: tuple[str, ...], now: int) -> list[Broken]:
        window, heard = self.flow.limits.window, given.heard_at
        if not names or heard is None or now - heard < window:
            return []
        return [Broken(Name.NO_TEMPLATE, f"'{names[0]}' cannot be sent: it has no template")]

    def _loop(self, given: StepInput, changes: ChangeSet) -> list[Broken]:
        if given.events[0].kind is not EventKind.TIMER:
            self._reminders = 0
        elif any(
            "taken" in entry and "ignored" not in entry for one in changes.results for entry in one.trace
        ):
            self._reminders += 1
        if self._reminders != MOST_REMINDERS:
            return []
        return [
            Broken(Name.LOOP, f"timers ran out {MOST_REMINDERS} times, one after the other, and still do")
        ]
