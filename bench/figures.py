"""A figure and its limit, measured in turn so that both meet the same noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Final

_ENOUGH: Final = 5
"""Rounds from which their noise can be judged."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement in `unit`, beside the same work without Munshi."""

    name: str
    unit: str
    rounds: Sequence[tuple[float, float]]
    """(measured, limit) of each round, one right after the other."""
    goal: float
    """Target of `ratio`."""
    at_most: bool = False
    """Whether the goal is an upper bound of the ratio (for times), not a lower one (for rates)."""

    @property
    def measured(self) -> float:
        """The median of the measurements, in `unit`."""
        return median(measured for measured, _ in self.rounds)

    @property
    def limit(self) -> float:
        """The median of the limits, in `unit`."""
        return median(limit for _, limit in self.rounds)

    @property
    def ratio(self) -> float:
        """The median of the ratios of the rounds, on which a machine that slows down has the least effect."""
        return median(measured / limit for measured, limit in self.rounds)

    @property
    def doubt(self) -> float | None:
        """By how much `ratio` may be wrong in 19 of 20 runs; None if there are too few rounds to say.

        The median absolute deviation of the rounds stands for their spread, so that a few rounds that the
        machine's other work disturbed do not count.
        """
        if len(self.rounds) < _ENOUGH:
            return None
        deviation = median(abs(measured / limit - self.ratio) for measured, limit in self.rounds)
        return 1.96 * 1.2533 * 1.4826 * deviation / sqrt(len(self.rounds))

    @property
    def met(self) -> bool:
        """Whether the ratio reaches the goal."""
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows: list[tuple[str, ...]] = [
        ("figure", "measured", "limit", "ratio", "goal", "met"),
        ("---", *("---:",) * 4, "---"),
    ]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    doubt = figure.doubt
    if figure.at_most:
        ratio, goal = f"{figure.ratio:.1f} ×", f"≤ {figure.goal:g} ×"
        ratio += "" if doubt is None else f" ± {doubt:.1f}"
    else:
        ratio, goal = f"{figure.ratio:.0%}", f"≥ {figure.goal:.0%}"
        ratio += "" if doubt is None else f" ± {doubt:.0%}"
    amounts = (_amount(figure.measured, figure.unit), _amount(figure.limit, figure.unit))
    return (figure.name, *amounts, ratio, goal, "yes" if figure.met else "NO")


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *middle, last = (
        text.ljust(width) if column in (0, len(row) - 1) else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join((first, *middle, last))} |"
