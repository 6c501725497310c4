"""Encryption of PostgreSQL connections: translate libpq's parameters in DATABASE_URL to asyncpg's.

Source: PostgreSQL, "Database Connection Control Functions", sslmode and sslrootcert; asyncpg, `connect`.
"""

import ssl
from collections.abc import Mapping
from typing import Any, Final

from storage.database.errors import UnsupportedDatabase

_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_KNOWN: Final = frozenset(
    {
        *("host", "port", "user", "password", "database", "schema", "application_name"),
        *("minsize", "maxsize", "max_queries", "max_inactive_connection_lifetime", "timeout"),
        *("statement_cache_size", "max_cached_statement_lifetime", "max_cacheable_statement_size"),
    }
)
_RENAMED: Final = {"connect_timeout": "timeout", "min_size": "minsize", "max_size": "maxsize"}


def encrypted(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return `config` with `sslmode` and `sslrootcert` translated for asyncpg.

    Raises UnsupportedDatabase for an unknown parameter: ignoring a misspelt sslmode would send everything
    unencrypted.
    """
    given = {_RENAMED.get(name, name): value for name, value in config["credentials"].items()}
    mode, root = given.pop("sslmode", None), given.pop("sslrootcert", None)
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise UnsupportedDatabase(
            f"DATABASE_URL: Munshi does not know {', '.join(unknown)}; of PostgreSQL it knows sslmode,"
            f" sslrootcert, connect_timeout, {known}"
        )
    if "timeout" in given:
        given["timeout"] = _seconds(given["timeout"])
    if mode is not None or root is not None:
        given["ssl"] = _ssl(mode or "verify-full", root)
    return {**config, "credentials": given}


def _seconds(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise UnsupportedDatabase("DATABASE_URL: connect_timeout is a number of seconds") from None


def _ssl(mode: str, root: str | None) -> str | ssl.SSLContext:
    if mode not in _MODES:
        raise UnsupportedDatabase(f"DATABASE_URL: sslmode is one of {', '.join(_MODES)}")
    if not mode.startswith("verify-"):
        return mode
    try:
        context = ssl.create_default_context(cafile=None if root in (None, "system") else root)
    except (OSError, ssl.SSLError) as error:
        raise UnsupportedDatabase(
            f"DATABASE_URL: the certificates of sslrootcert can't be read: {error}"
        ) from None
    context.check_hostname = mode == "verify-full"
    return context
