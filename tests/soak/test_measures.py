"""What counts as growth: not the warming up, not a peak, but a leak."""

import random

import pytest

from tests.soak.measures import MEASURED_SECONDS, MIB, Growth, Life, Sample, growth

MEMORY, FILES = 140 * MIB, 40
SECONDS = 1800


def grown(leak: float, *, files: float = 0.0, seconds: int = SECONDS) -> Growth:
    """The growth of a process that warms up for a minute, has peaks, and leaks so many bytes in a second."""
    dice = random.Random(41)
    life = Life("serve", 0)
    for second in range(seconds):
        warm = min(second, 60) * MIB
        peak = dice.choice((0, 0, 0, 30 * MIB))
        memory = MEMORY + warm + peak + round(leak * second)
        life.samples.append(Sample(second, second * 300, memory, FILES + round(files * second)))
    return growth(life)


def test_a_steady_process_is_flat() -> None:
    steady = grown(0)
    assert steady.is_flat
    assert (steady.memory, steady.files) == (0, 0)
    assert steady.most_memory == MEMORY + 90 * MIB
    assert steady.events == pytest.approx(steady.seconds * 300)


def test_a_leak_shows_and_so_do_files_left_open() -> None:
    leaking = grown(100 * 300)  # a hundred bytes for each event
    assert leaking.memory == pytest.approx(100 * leaking.events, rel=0.05)
    assert not leaking.is_flat
    assert not grown(0, files=0.02).is_flat


def test_a_short_life_says_nothing() -> None:
    assert grown(10 * MIB, seconds=round(MEASURED_SECONDS)).is_flat
