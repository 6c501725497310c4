"""A figure and the limit it is held against, measured in turn so that both meet the same noise."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

ROUNDS: Final = 3
"""Rounds that count; one more before them warms up."""

Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured, in `unit`, beside the same work with nothing of Munshi in it."""

    name: str
    unit: str
    measured: float
    limit: float
    goal: float
    """The ratio that `measured / limit` is held to."""
    at_most: bool = False
    """The goal is the most the ratio may be (a time), not the least (a rate)."""

    @property
    def ratio(self) -> float:
        return self.measured / self.limit

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def in_turn(measured: Measure, limit: Measure, rounds: int = ROUNDS) -> tuple[float, float]:
    """The medians of `measured` and `limit` over `rounds` rounds of each, after one to warm up."""
    pairs = [(limit(), measured()) for _ in range(rounds + 1)][1:]
    return median(own for _, own in pairs), median(bare for bare, _ in pairs)


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [("figure", "measured", "limit", "ratio", "goal", "met"), ("---", *("---:",) * 4, "---")]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    if figure.at_most:
        ratio, goal = f"{figure.ratio:.1f} ×", f"≤ {figure.goal:.0f} ×"
    else:
        ratio, goal = f"{figure.ratio:.0%}", f"≥ {figure.goal:.0%}"
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
