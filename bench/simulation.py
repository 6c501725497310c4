"""Simulated histories per second of one core: worlds of customers and faults, played and checked.

A history is one customer's. The limit is not measured: it is the rate needed for millions in a night.
"""

import logging
import sys
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import structlog

from bench.figures import Figure

_PEOPLE: Final = 50
"""Histories that share a world."""
_WORLDS: Final = 4
_ROUNDS: Final = 5
_GOAL: Final = 200
_MEMORY: Final = Path("/dev/shm")


def simulation() -> Figure:
    """Measure processor time, so that the machine's other work is not counted, in a separate process."""
    with get_context("spawn").Pool(1) as pool:
        rates = pool.apply(_rates)
    return Figure("simulated histories", "/s", [(rate, _GOAL) for rate in rates], goal=1)


def _rates() -> list[float]:
    # Logging the faults of thousands of histories would take a tenth of the time.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory(prefix="munshi-bench-", dir=_MEMORY if _MEMORY.is_dir() else None) as directory:
        _rate(Path(directory), range(1))
        rounds = [range(n * _WORLDS, (n + 1) * _WORLDS) for n in range(1, _ROUNDS + 1)]
        return [_rate(Path(directory), seeds) for seeds in rounds]


def _rate(directory: Path, seeds: range) -> float:
    # Imported here because the tests are not installed.
    from tests.simulation.history import crowd, play

    start = process_time()
    for seed in seeds:
        for violation in play(seed, directory, crowd(_PEOPLE)).violations:
            print(f"seed {seed}: {violation}", file=sys.stderr)
    return len(seeds) * _PEOPLE / (process_time() - start)
