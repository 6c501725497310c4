"""The machine's clock, and a clock that can be put forward."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SMALLEST_JUMP, Jumps, ShiftedClock, SystemClock, jumped


def test_the_system_clock_counts_milliseconds() -> None:
    before = time.time()
    now = SystemClock().now()
    assert before - 0.001 <= now / 1000 <= time.time()


def test_nothing_but_the_system_clock_asks_the_machine_for_the_time() -> None:
    root = Path(__file__).parents[2]
    asking = [
        (str(path.relative_to(root)), call)
        for room in ("bot", "flows", "payments", "storage")
        for path in sorted((root / room).rglob("*.py"))
        for call in re.findall(
            r"\btime\.time\w*|\b(?:datetime\.(?:now|utcnow)|date\w*\.today)\b", path.read_text()
        )
    ]
    assert asking == [("bot/clock.py", "time.time_ns")]


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


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(-(10**8), 10**8)), max_size=20))
def test_whatever_passes_and_whenever_it_is_set_a_jump_is_seen_until_it_is_taken(
    moves: list[tuple[int, int]],
) -> None:
    now = {"wall": 1_790_000_000_000, "steady": 5_000}
    jumps = Jumps(lambda: now["wall"], lambda: now["steady"])
    for passed, jump in moves:
        now["wall"] += passed + jump
        now["steady"] += passed
        seen = jump if abs(jump) >= SMALLEST_JUMP else 0
        assert [jumps.since(), jumps.since()] == [seen, seen]
        jumps.taken(seen)
        assert jumps.since() == 0


@pytest.mark.parametrize(("jump", "said"), [(-19_800_000, "set back by 19800 s"), (7_000, "by 7 s")])
def test_a_jump_is_told_with_its_size(jump: int, said: str) -> None:
    assert said in jumped(jump).said


def test_a_stop_between_two_looks_is_no_jump() -> None:
    """As if the process or its machine were frozen for an hour at that moment."""
    steady = iter([0, 0, 5, 3_600_005, 3_600_006, 3_600_006])
    wall = iter([1_000, 1_005, 3_601_006])
    jumps = Jumps(lambda: next(wall), lambda: next(steady))
    assert jumps.since() == 0
    assert list(wall) == list(steady) == []
