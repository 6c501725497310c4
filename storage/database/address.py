"""Parse a database URL, and check that a database's migrations match this program."""

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
"""Select the applied migrations. It fails in a database that was never migrated."""
KEY: Final = "SELECT key FROM installation WHERE id = 1"
"""Select the installation's key, with which its public ids begin."""


def configuration(url: str) -> dict[str, Any]:
    """Return the ORM's `engine` and `credentials` for `url`.

    Raises UnsupportedDatabase, whose message never quotes `url`.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise UnsupportedDatabase("DATABASE_URL has no '://': it must be sqlite://<file> or postgres://…")
    if scheme == "postgresql":
        url = f"postgres://{rest}"
    elif scheme not in ("sqlite", "postgres") or rest.partition("?")[0] in ("", ":memory:"):
        raise UnsupportedDatabase("DATABASE_URL must be sqlite://<file> or postgres://…")
    try:
        config: dict[str, Any] = expand_db_url(url)
    except (ConfigurationError, ValueError):
        # The ORM's message may quote the password: a # or / in it makes the rest look like a port.
        raise UnsupportedDatabase(
            "DATABASE_URL cannot be read: is the port a number, and are / # ? @ : in the password written"
            " %2F %23 %3F %40 %3A?"
        ) from None
    return config if is_sqlite(config) else encrypted(config)


def is_sqlite(config: dict[str, Any]) -> bool:
    """Whether `config` names an SQLite file, at `file_path` of its credentials."""
    return bool(config["engine"] == "tortoise.backends.sqlite")


async def require_migrated(applied: Callable[[], Awaitable[set[str]]]) -> None:
    """Raise NotMigrated unless the migrations `applied` are those of this program."""
    there, known = await applied(), _known_migrations()
    if missing := sorted(known - there):
        raise NotMigrated(f"the database lacks {', '.join(missing)}: run `munshi migrate` first")
    if newer := sorted(there - known):
        raise NotMigrated(
            f"the database is of a newer Munshi ({', '.join(newer)}): go on with that one, or put the backup"
            " from before the upgrade back"
        )


def require_migrated_by(applied: set[str], file: Path) -> None:
    """Raise NotMigrated if `applied`, the migrations of `file`, has one that this program does not know."""
    if newer := sorted(applied - _known_migrations()):
        raise NotMigrated(f"{file} is of a newer Munshi ({', '.join(newer)}): restore it with that one")


def _known_migrations() -> set[str]:
    names = {module.name for module in pkgutil.iter_modules(migrations.__path__)}
    return {name for name in names if not name.startswith("_")}
