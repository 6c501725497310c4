"""A directory for simulated databases, in memory where there is one."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

MEMORY = Path("/dev/shm")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Empty, and gone after the test."""
    parent = MEMORY if MEMORY.is_dir() else tmp_path
    with tempfile.TemporaryDirectory(prefix="munshi-simulation-", dir=parent) as name:
        yield Path(name)


@pytest.fixture
def quiet() -> Iterator[None]:
    """No log: what thousands of histories would say of their misfortunes takes a tenth of their time."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()
