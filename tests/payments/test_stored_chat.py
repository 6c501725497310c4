"""Stored events of a customer as a scenario: it passes on the present flow, and tells nobody who they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flows.messages.kinds import Message
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulated_gateway import ChatsWithRazorpay
from payments.simulator.stored_actions import StoredOrder
from payments.simulator.stored_chat import StoredEvent, retold
from tests.test_scenarios import FILES, TEXTS, shop

SEEN_BY_NOBODY = {
    *("paid-late-and-sold-out", "partly-sold-out", "repeat", "sold-out"),
    "cancel-while-a-person-has-the-chat",
}
"""Chats that went as they did because others bought, the shop switched a product off, or there was staff."""

IN_OTHER_WORDS = {
    "a-number-beside-a-name", "a-pincode-and-then-no-address", "a-time-that-is-typed", "typed-by-name",
}  # fmt: skip
"""Chats in which a word counts that the flow file does not have (`x`, a misspelt one): such words go."""


class Log:
    """What a database would hold of the customer of each simulator."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[tuple[int, EventKind, Mapping[str, Any], int, int]] = []
        self.simulators: list[ChatsWithRazorpay] = []
        take = ChatsWithRazorpay._take

        def taking(
            simulator: ChatsWithRazorpay, kind: EventKind, body: Mapping[str, Any], id: str | None = None
        ) -> list[Message]:
            if simulator not in self.simulators:
                self.simulators.append(simulator)
            if id in (None, "sim-1") and len(self.simulators) == 1:
                due = body.get("due", simulator.now) if kind is EventKind.TIMER else simulator.now
                self.taken.append((simulator._number + 1, kind, body, due, simulator.now))
            return take(simulator, kind, body, id)

        monkeypatch.setattr(ChatsWithRazorpay, "_take", taking)

    def events(self) -> list[StoredEvent]:
        results = self.simulators[0].store.results
        return [
            StoredEvent(at, kind, body, now, results[number].outcome is Outcome.APPLIED)
            for number, kind, body, at, now in self.taken
        ]

    def orders(self) -> list[StoredOrder]:
        return [
            StoredOrder(key, state.order.number, tuple(attempt.amount for attempt in state.attempts))
            for key, state in self.simulators[0].orders.items()
        ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_chat_that_was_stored_is_a_scenario_that_passes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, scenario = shop(TEXTS[file.parent.name]), parse(file.read_text("utf-8"), file.name)
    log = Log(monkeypatch)
    play(flow, scenario)
    first = [say.name for say in log.simulators[0].said]
    made = retold(flow, "Told again", log.events(), log.orders(), first)
    again = parse(made.text, "again.yaml")
    played = play(flow, again)
    assert played.mismatch is None, str(played)
    assert "not played" not in made.text
    if file.stem not in SEEN_BY_NOBODY | IN_OTHER_WORDS:
        assert list(made.said) == first
