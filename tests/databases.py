"""Databases with tables, copied from one that `Store.migrate` made once in this run.

The tables take longer to make than most tests take with them. How they are made is tested in
`tests/storage/test_database.py`, which calls `Store.migrate` itself.
"""

import base64
import os
import secrets
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import asyncpg

from storage import Store
from storage.database.address import configuration, is_sqlite

_NEW_KEY: Final = "UPDATE installation SET key = '{}'"
_POSTGRES_PATTERN: Final = f"made_{os.getpid()}"
_copied: Final[set[str]] = set()


async def made(url: str) -> None:
    """Make the tables as `Store.migrate` does, with a key of their own, unless they are made.

    On PostgreSQL the database is there, and empty.
    """
    config = configuration(url)
    if is_sqlite(config):
        await _copy_file(Path(config["credentials"]["file_path"]))
    else:
        await _copy_database(config["credentials"])


async def _copy_file(path: Path) -> None:
    if path.exists():
        return
    pattern = Path(_folder().name) / "munshi.db"
    if not pattern.exists():
        await Store.migrate(f"sqlite://{pattern}")
    shutil.copy(pattern, path)
    connection = sqlite3.connect(path)
    connection.execute(_NEW_KEY.format(_key()))
    connection.commit()
    connection.close()


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="munshi-made-", ignore_cleanup_errors=True)


async def _copy_database(credentials: dict[str, Any]) -> None:
    name = credentials["database"]
    if name in _copied:
        return
    server = await asyncpg.connect(**credentials | {"database": "postgres"})
    try:
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _POSTGRES_PATTERN):
            await server.execute(f"CREATE DATABASE {_POSTGRES_PATTERN}")
            await Store.migrate(_url_of(credentials | {"database": _POSTGRES_PATTERN}))
        await server.execute(f"DROP DATABASE {name}")
        await server.execute(f"CREATE DATABASE {name} TEMPLATE {_POSTGRES_PATTERN} STRATEGY FILE_COPY")
    finally:
        await server.close()
    copied = await asyncpg.connect(**credentials)
    await copied.execute(_NEW_KEY.format(_key()))
    await copied.close()
    _copied.add(name)


def _url_of(credentials: dict[str, Any]) -> str:
    return "postgres://{user}@/{database}?host={host}".format(**credentials)


def _key() -> str:
    return base64.b32encode(secrets.token_bytes(5)).decode().lower()
