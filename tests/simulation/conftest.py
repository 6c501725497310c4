"""Fixtures: a directory for simulated databases, and no log."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

MEMORY = Path("/dev/shm")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Yield an empty directory, in memory if the machine has one there; delete it after the test."""
    parent = MEMORY if MEMORY.is_dir() else tmp_path
    with tempfile.TemporaryDirectory(prefix="munshi-simulation-", dir=parent) as name:
        yield Path(name)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Switch the log off: logging the faults of thousands of histories takes a tenth of their time."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()
