"""`python -m bench`: print the machine, then each figure (or those named) beside its limit."""

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

from bench.acknowledge import acknowledge
from bench.audits import ledger_in_full, ledger_of_changes
from bench.check import check
from bench.engine_step import engine_step
from bench.figures import Figure, table
from bench.growth import growth
from bench.ledger import ledger_fold
from bench.numbers import numbers
from bench.purchase import purchase_size
from bench.reconcile import reconcile
from bench.retention import size_after_years, steps_while_pruning
from bench.round_trip import round_trip
from bench.scenarios import scenarios
from bench.simulation import simulation
from bench.steps import durable_steps
from bot import log
from bot.app import tune_interpreter

_FIGURES: Final[tuple[Callable[[], Figure], ...]] = (
    acknowledge,
    durable_steps,
    round_trip,
    engine_step,
    check,
    ledger_fold,
    ledger_of_changes,
    ledger_in_full,
    reconcile,
    growth,
    purchase_size,
    numbers,
    size_after_years,
    steps_while_pruning,
    scenarios,
    simulation,
)


def main() -> None:
    """Measure and print. A slow result is no failure, because the machine may be busy."""
    log.configure()
    tune_interpreter()
    selected = _select(sys.argv[1:])
    started = perf_counter()
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, synchronous = FULL)\n")
    figures: list[Figure] = []
    for measure in selected:
        print(f"measuring: {measure.__name__.replace('_', ' ')} …", file=sys.stderr)
        figures.append(measure())
    print(table(figures))
    print(f"\n{perf_counter() - started:.0f} s. Medians of rounds that take turns; see docs/bench.md.")


def _select(names: Sequence[str]) -> list[Callable[[], Figure]]:
    figures = {measure.__name__: measure for measure in _FIGURES}
    if unknown := [name for name in names if name not in figures]:
        sys.exit(f"no figure {', '.join(unknown)}; there are {', '.join(figures)}")
    return [figures[name] for name in names or figures]


if __name__ == "__main__":
    main()
