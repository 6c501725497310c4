"""Memory and open files of a process over its life, and whether they grow."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

MIB: Final = 1 << 20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
WARM_SHARE: Final = 0.25
WARM_SECONDS: Final = 120.0
MEASURED_SECONDS: Final = 300.0
"""A shorter time after warming up says nothing about growth."""
_WINDOWS: Final = 12
MOST_MEMORY: Final = 24 * MIB
"""What a process may grow by in the time in which it is measured."""
MOST_FILES: Final = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process."""

    at: float
    """Seconds of a monotonic clock."""
    events: int
    """Events that munshi had acknowledged by then."""
    memory: int
    """Resident bytes."""
    files: int
    """Open file descriptors."""


@dataclass
class Life:
    """A process from its start to its end."""

    role: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    def look(self, at: float, events: int) -> None:
        """Take a sample, unless the process is gone."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
            files = len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - no path is needed
        except (FileNotFoundError, ProcessLookupError, IndexError):
            return
        if pages:
            self.samples.append(Sample(at, events, pages * _PAGE, files))

    @property
    def seconds(self) -> float:
        """How long it was looked at."""
        return self.samples[-1].at - self.samples[0].at if self.samples else 0.0


@dataclass(frozen=True, slots=True)
class Growth:
    """How a process grew, once it was warm."""

    role: str
    seconds: float
    events: int
    memory: float
    """Bytes by which it grew in that time, by a line through the middles of its windows."""
    files: float
    most_memory: int
    most_files: int

    @property
    def is_flat(self) -> bool:
        """Whether it grew by no more than it may, or was measured for too short a time to say."""
        if self.seconds < MEASURED_SECONDS:
            return True
        return self.memory <= MOST_MEMORY and self.files <= MOST_FILES


def growth(life: Life) -> Growth:
    """Return the growth of a process after the time that it takes to warm up."""
    samples = life.samples
    warm = samples[0].at + max(WARM_SHARE * life.seconds, min(WARM_SECONDS, life.seconds / 2))
    measured = [sample for sample in samples if sample.at >= warm] or samples[-1:]
    seconds = measured[-1].at - measured[0].at
    windows = _windows(measured)
    return Growth(
        role=life.role,
        seconds=seconds,
        events=measured[-1].events - measured[0].events,
        memory=_slope(windows, lambda sample: sample.memory) * seconds,
        files=_slope(windows, lambda sample: sample.files) * seconds,
        most_memory=max(sample.memory for sample in samples),
        most_files=max(sample.files for sample in samples),
    )


def _windows(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    size = max(1, len(samples) // _WINDOWS)
    return [samples[start : start + size] for start in range(0, len(samples), size)]


def _slope(windows: Sequence[Sequence[Sample]], value: Callable[[Sample], int]) -> float:
    """Return the middle of the slopes between all pairs of windows, per second: single peaks do not move it.

    Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", 1968.
    """
    points = [(median(one.at for one in window), median(map(value, window))) for window in windows]
    slopes = [
        (later - earlier) / (then - before)
        for number, (before, earlier) in enumerate(points)
        for then, later in points[number + 1 :]
        if then > before
    ]
    return median(slopes) if slopes else 0.0
