"""Clocks: the machine's, and one that can be put forward."""

import time

import pytest

from bot.clock import ShiftedClock, SystemClock


def test_the_system_clock_counts_milliseconds() -> None:
    before = time.time()
    now = SystemClock().now()
    assert before - 0.001 <= now / 1000 <= time.time()


def test_a_clock_is_put_forward_and_never_back() -> None:
    class Noon:
        def now(self) -> int:
            return 1000

    clock = ShiftedClock(Noon())
    assert clock.now() == 1000
    clock.put_forward(500)
    clock.put_forward(0)
    clock.put_forward(1)
    assert clock.now() == 1501
    with pytest.raises(ValueError, match="only be put forward"):
        clock.put_forward(-1)
    assert clock.now() == 1501
