"""A shop's whole day: random days end right, plots have no violations, and each planted bug is caught."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.day.bugs import DAY_ROWS, DayRow
from tests.simulation.day.crowd import day_crowd
from tests.simulation.day.plots import PLOTS
from tests.simulation.day.shopify_bugs import SHOPIFY_ROWS
from tests.simulation.day.shopify_plots import SHOPIFY_PLOTS
from tests.simulation.day.world import DayWorld
from tests.simulation.history import History, play
from tests.simulation.shopper import Story, schedule
from tests.simulation.weather import MINUTE, Weather
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")

PEOPLE = 30
"""Customers of one day. Two of the staff act beside them."""
WORLDS = int(os.environ.get("MUNSHI_HISTORIES", "8000")) // 32 // PEOPLE
"""A day takes its customers some three times as long as the histories of test_histories.py."""
SHARDS = 2
FIRST = int(os.environ.get("MUNSHI_SEED", "1"))
LONG = 1_000
"""Customers from which on each rare state must have been reached."""

ALL_PLOTS = {**PLOTS, **SHOPIFY_PLOTS}

RARE = {
    "an order ended delivered": 20,
    "an order ended cancelled": 20,
    "an order ended refused": 1,
    "a person took money": 10,
    "a person gives money back": 1,
    "a button of the staff was pressed twice": 50,
    "a stranger pressed a button of the staff": 50,
    "a change at the desk": 20,
    "the owner answered from the app": 5,
    "all places of a slot were taken": 3,
    "a customer was forgotten": 5,
    "a customer wrote without end": 20,
    "crash": 20,
    "shopify orderCreate: done, and the answer lost": 10,
    "shopify found an order by its source": 3,
    "the merchant cancelled an order at shopify": 10,
    "the merchant sent an order at shopify": 20,
    "a backup was restored": 1,
    "an order or a customer was counted": 1_000,
}
"""Rare state → how often each thousand customers must reach it."""


def played(name: str, seed: int, directory: Path) -> tuple[History, bool]:
    """Play a plot. Return the history, and whether the plot came to its end."""
    ended: list[str] = []

    def story(world: World) -> Story:
        assert isinstance(world, DayWorld)
        yield from ALL_PLOTS[name](world)
        ended.append(name)

    def populate(world: World) -> None:
        schedule(world, story(world))

    history = play(seed, directory, populate, weather=Weather(), end=90 * MINUTE, kind=DayWorld)
    return history, bool(ended)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_hostile_day_ends_right(shard: int, directory: Path) -> None:
    seen: Counter[str] = Counter()
    seeds = range(FIRST + shard, FIRST + max(WORLDS, 1), SHARDS)
    for seed in seeds:
        history = play(seed, directory, day_crowd(PEOPLE), kind=DayWorld)
        how = f"seed {seed}: MUNSHI_SEED={seed} MUNSHI_HISTORIES={32 * PEOPLE} pytest {__file__}"
        assert not history.violations, "\n".join((how, *history.violations, "", *history.chronicle))
        seen += history.seen
    if len(seeds) * PEOPLE >= LONG:
        too_rare = {state: n for state, n in RARE.items() if seen[state] < n * len(seeds) * PEOPLE / 1_000}
        assert not too_rare, f"not reached often enough on {len(seeds)} days: {too_rare}, of {seen}"


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_a_plot_comes_to_its_end_and_breaks_nothing(name: str, directory: Path) -> None:
    for seed in (1, 2):
        history, ended = played(name, seed, directory)
        assert not history.violations
        assert ended


@pytest.mark.parametrize("row", [*DAY_ROWS, *SHOPIFY_ROWS], ids=lambda row: row.bug)
def test_the_bug_is_caught(row: DayRow, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        row.plant(patch)
        history, _ = played(row.caught_in, 1, directory)
    assert any(wrong.startswith(row.message) for wrong in history.violations), history.violations


def test_a_seed_plays_the_same_day_again(directory: Path) -> None:
    first, again, other = (played("cash to the door", seed, directory)[0].digest for seed in (1, 1, 2))
    assert first == again != other
