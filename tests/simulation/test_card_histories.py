"""Hostile histories of a shop whose customers pay in the chat: the same holds as where they pay by links."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.cards import CardWorld, buyers
from tests.simulation.history import play
from tests.simulation.test_histories import report
from tests.simulation.weather import Weather

SEEDS, PEOPLE = (*range(1, 24), 54), 10
"""The last one sends a card again, which is rare."""
RARE = (
    "a card was shown",
    "a card was closed",
    "a card was refused",
    "a card that was paid could not be closed",
    "a card was paid after its end",
    "card: sent again",
    "a backup was restored",
)
"""What these histories reach, each at least once."""

pytestmark = pytest.mark.usefixtures("quiet")


def test_every_hostile_history_of_cards_ends_right(directory: Path) -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        weather = Weather.drawn(random.Random(f"{seed} cards"))
        history = play(seed, directory, buyers(PEOPLE), weather=weather, kind=CardWorld)
        assert not history.violations, report(history)
        seen += history.seen
    assert not [state for state in RARE if not seen[state]], seen
