"""Translate a driver's errors to one sentence: which database, what is wrong, and what to do."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from tortoise.exceptions import BaseORMException

from storage.database.address import is_sqlite
from storage.database.errors import StorageError, Unavailable

_DRIVERS: Final = (
    sqlite3.Error,
    BaseORMException,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_DAMAGED: Final = ("malformed", "not a database", "disk I/O error", "corrupt")
_HINTS: Final[Mapping[type[BaseException], str]] = {
    asyncpg.TooManyConnectionsError: "Raise its max_connections, or let Munshi take fewer (?maxsize=2).",
    asyncpg.InvalidPasswordError: "Check the user and the password in DATABASE_URL.",
    asyncpg.InvalidAuthorizationSpecificationError: "Check its user; ?sslmode=require if it wants TLS.",
    asyncpg.InvalidCatalogNameError: "Make it first (createdb), or check the name in DATABASE_URL.",
    asyncpg.InsufficientPrivilegeError: "Give the user of DATABASE_URL the right to it.",
}


@contextmanager
def readable_errors(config: dict[str, Any]) -> Iterator[None]:
    """Turn the driver's errors on the database of `config` into Unavailable with a one-sentence message."""
    try:
        yield
    except (StorageError, BrokenPipeError):
        raise  # the latter is of the reader of a command's output
    except _DRIVERS as error:
        raise Unavailable(_sentence(place(config), error)) from error


def place(config: dict[str, Any]) -> str:
    """Return the name of the database for messages, without the password."""
    credentials = config["credentials"]
    if is_sqlite(config):
        return str(Path(credentials["file_path"]).absolute())
    host, port = credentials.get("host") or "the local socket", credentials.get("port")
    return f"the PostgreSQL database '{credentials.get('database')}' at {host}:{port}"


def _sentence(where: str, error: BaseException) -> str:
    root = _root(error)
    text = " ".join(str(root).split()) or type(root).__name__
    if isinstance(root, sqlite3.Error) and any(word in text for word in _DAMAGED):
        return f"{where} is damaged ({text}): keep the file, and 'munshi restore' a backup."
    hint = next((hint for kind, hint in _HINTS.items() if isinstance(root, kind)), "")
    return f"{where} cannot be used: {text}. {hint}".rstrip()


def _root(error: BaseException) -> BaseException:
    """Return the driver's own error, which the ORM wraps."""
    while True:
        inner = error.__cause__ or next((a for a in error.args if isinstance(a, BaseException)), None)
        if inner is None or not isinstance(inner, _DRIVERS):
            return error
        error = inner
