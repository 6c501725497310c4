"""Which database a URL names, and what is asked of any before it is used."""

import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.exceptions import ConfigurationError

from storage.database import migrations
from storage.database.encryption import encrypted
from storage.database.errors import NotMigrated, UnsupportedDatabase

APPLIED: Final = "SELECT name FROM tortoise_migrations WHERE app = 'storage'"
"""The migrations that a database has had. It fails where there was none at all."""
KEY: Final = "SELECT key FROM installation WHERE id = 1"
"""What the public ids of an installation begin with."""


def configuration(url: str) -> dict[str, Any]:
    """The ORM's `engine` and `credentials` for `url`. Raises UnsupportedDatabase; it never quotes `url`."""
    scheme, there, rest = url.partition("://")
    if not there:
        raise UnsupportedDatabase("DATABASE_URL has no '://': it must be sqlite://<file> or postgres://…")
    if scheme == "postgresql":
        url = f"postgres://{rest}"
    elif scheme not in ("sqlite", "postgres") or rest.partition("?")[0] in ("", ":memory:"):
        raise UnsupportedDatabase("DATABASE_URL must be sqlite://<file> or postgres://…")
    try:
        config: dict[str, Any] = expand_db_url(url)
    except (ConfigurationError, ValueError):
        # What they say may quote a password in which a # or / made the rest look like a port.
        raise UnsupportedDatabase(
            "DATABASE_URL cannot be read: is the port a number, and are / # ? @ : in the password written"
            " %2F %23 %3F %40 %3A?"
        ) from None
    return config if is_sqlite(config) else encrypted(config)


def is_sqlite(config: dict[str, Any]) -> bool:
    """Whether this configuration is of an SQLite file, at its credentials' `file_path`."""
    return bool(config["engine"] == "tortoise.backends.sqlite")


async def require_migrated(applied: Callable[[], Awaitable[set[str]]]) -> None:
    """Raise NotMigrated if a migration of this program is not among those `applied`."""
    missing = sorted(_ours() - await applied())
    if missing:
        raise NotMigrated(f"the database lacks {', '.join(missing)}: run `munshi migrate` first")


def require_migrated_by(applied: set[str], file: Path) -> None:
    """Raise NotMigrated if `file` has had a migration that this program does not know."""
    if newer := sorted(applied - _ours()):
        raise NotMigrated(f"{file} is of a newer Munshi ({', '.join(newer)}): restore it with that one")


def _ours() -> set[str]:
    names = {module.name for module in pkgutil.iter_modules(migrations.__path__)}
    return {name for name in names if not name.startswith("_")}
