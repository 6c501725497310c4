"""The timers that run in a place of the search, as numbers. Clocks are timers of the search itself."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from payments.prover.clock import less
from payments.prover.standing import ASKED
from payments.prover.standings import Table

QUIET: Final = "quiet chat"
"""Name of the check whether a hand-over is over. No state has a blank in its name."""


class Timer(NamedTuple):
    """A running timer of a state that the customer is in, the check of a hand-over, or a clock."""

    due: int
    """Milliseconds from now."""
    state: str
    """Empty of all but the timers of states."""
    name: str

    @property
    def is_clock(self) -> bool:
        """Whether nothing fires when it runs out; only what rules see becomes different."""
        return not self.state and self.name != QUIET

    @property
    def is_of_order(self) -> bool:
        """Whether it is the clock of an order."""
        return self.is_clock and self.name != ASKED


class Running(NamedTuple):
    """What a step does with timers."""

    started: tuple[Timer, ...] = ()
    kept: frozenset[str] = frozenset()
    """States whose visit goes on, and with them their timers; and the clocks that run on."""
    keeps_orders: bool = False
    """Whether no order changed, so that the clocks of all run on."""

    def keeps(self, timer: Timer) -> bool:
        """Return whether a timer runs on."""
        return (timer.state or timer.name) in self.kept or (self.keeps_orders and timer.is_of_order)


class Timers:
    """Gives equal sets of running timers one number."""

    def __init__(self) -> None:
        self._sets: Table[tuple[Timer, ...]] = Table()
        self.running: Table[Running] = Table()
        """What steps do with timers."""
        self._after: dict[tuple[int, int], int] = {}
        self._later: dict[tuple[int, int], tuple[int, frozenset[str]]] = {}
        self.nothing = self._number(())

    def __len__(self) -> int:
        return len(self._sets)

    def are_running(self, timers: int) -> bool:
        """Return whether any timer or clock runs."""
        return timers != self.nothing

    def due(self, timers: int) -> list[Timer]:
        """Return the timers that have run out."""
        return [one for one in self._sets.values[timers] if one.due <= 0]

    def next(self, timers: int) -> int | None:
        """Return the milliseconds until the next timer or clock runs out; None if none runs."""
        return next((one.due for one in self._sets.values[timers] if one.name != ASKED), None)

    def after(self, timers: int, running: int) -> int:
        """Return the timers that run after a step. `running`: the number of what it does with them."""
        known = self._after.get((timers, running))
        if known is None:
            done = self.running.values[running]
            kept = [one for one in self._sets.values[timers] if done.keeps(one)]
            known = self._after[timers, running] = self._number([*kept, *done.started])
        return known

    def without(self, timers: int, timer: Timer) -> int:
        """Return the timers without this one, which is being handled."""
        return self._number(one for one in self._sets.values[timers] if one != timer)

    def later(self, timers: int, passed: int) -> tuple[int, frozenset[str]]:
        """Return the timers `passed` milliseconds later, and the names of the clocks that have run out."""
        known = self._later.get((timers, passed))
        if known is None:
            moved = [one._replace(due=less(one.due, passed)) for one in self._sets.values[timers]]
            over = frozenset(one.name for one in moved if one.is_clock and (not one.due or one.name == ASKED))
            left = self._number(one for one in moved if not (one.is_clock and one.name in over))
            known = self._later[timers, passed] = (left, over)
        return known

    def _number(self, timers: Iterable[Timer]) -> int:
        return self._sets.number(tuple(sorted(set(timers))))
