"""Backup and restore. A restore checks the backup, marks it as restored and keeps the replaced database."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from storage.database import sqlite
from storage.database.address import KEY, configuration, is_sqlite
from storage.database.backup import copy, onto_disk
from storage.database.errors import UnsupportedDatabase
from storage.database.read_only import read_only
from storage.database.sqlite import SqliteUnits
from storage.database.trouble import readable_errors
from storage.operations import epochs
from storage.store import Store, opened

DUMP: Final = "PostgreSQL has its own: pg_dump --format=custom --file=munshi.dump, at any time"
LOAD: Final = (
    "PostgreSQL has its own: stop Munshi, pg_restore --clean --if-exists, then 'munshi restore' without"
    " a file"
)

_WITH_ORDERS: Final = "SELECT key FROM installation WHERE id = 1 AND EXISTS (SELECT 1 FROM orders)"


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    epoch: int
    """The number of the new epoch."""
    aside: Path | None
    """Where the replaced database is kept; None if there was none."""


async def back_up(url: str, file: Path) -> int:
    """Copy the SQLite database at `url` to the new `file` and return its size in bytes.

    A server may be using the database meanwhile. Raises StorageError.
    """
    config = configuration(url)
    if not is_sqlite(config):
        raise UnsupportedDatabase(DUMP)
    with readable_errors(config):
        return await asyncio.to_thread(copy, Path(config["credentials"]["file_path"]), file)


async def restore(url: str, file: Path, now: int, another: str | None = None) -> Restored:
    """Replace the SQLite database at `url` with the backup `file`. No process may be serving it.

    `now` is in milliseconds since 1970, UTC. If the process is killed meanwhile, the old database is still
    in its place, or there is none there: run it again. A database with orders of another installation is
    replaced only if `another` is its key. Raises StorageError.
    """
    config = configuration(url)
    if not is_sqlite(config):
        raise UnsupportedDatabase(LOAD)
    place = Path(config["credentials"]["file_path"])
    ready = place.with_name(f"{place.name}.restoring")
    with readable_errors(config), _locked(place):
        moved = await asyncio.to_thread(_finish_renames, place, ready)
        await asyncio.to_thread(_require_same, moved or place, file, another)
        await asyncio.to_thread(_prepare, file, ready)
        epoch = await _begin_epoch(f"sqlite://{ready}", now)
        await asyncio.to_thread(_copy_owner, ready, moved or place)
        return Restored(epoch, await asyncio.to_thread(_exchange, place, ready, now) or moved)


async def mark(url: str, now: int) -> Restored:
    """Begin a new epoch in the database at `url`, restored by other means. Raises StorageError."""
    return Restored(await _begin_epoch(url, now), None)


async def _begin_epoch(url: str, now: int) -> int:
    await Store.upgrade(url)
    units = await opened(url)
    on_sqlite = isinstance(units, SqliteUnits)
    try:
        return await units.run(lambda tx: epochs.begin(tx, now, on_sqlite))
    finally:
        await units.close()


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock on the database at `place`, if there is one."""
    lock = sqlite.claimed(place) if place.exists() else None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _finish_renames(place: Path, ready: Path) -> Path | None:
    """Finish setting aside the old database, if a restore was killed between its renames; return its path.

    None if no restore was killed there. The old database's log is moved after it: without the log it lacks
    its last commits.
    """
    if place.exists() or not ready.exists():
        return None
    names = place.parent.glob(f"{place.name}.replaced-*Z")
    aside = max(names, key=lambda path: path.name, default=None)
    if aside is not None:
        for name, to in zip(_log_files(place), _log_files(aside), strict=True):
            if name.exists() and not to.exists():
                name.rename(to)
        onto_disk(place.absolute().parent)
    return aside


def _require_same(old: Path, file: Path, another: str | None) -> None:
    """Raise UnsupportedDatabase if `old` has orders and `file` is of another installation.

    Unless `another` is the key of `old`: then the operator has confirmed it.
    """
    old_key, new_key = _read(old, _WITH_ORDERS), _read(file, KEY)
    if old_key is None or new_key is None or old_key in (new_key, another):
        return
    raise UnsupportedDatabase(
        f"{file.absolute()} is of the installation {new_key}, and {old.absolute()}, with orders, is of"
        f" {old_key}: nothing is replaced; with --another-shop {old_key} it is, and nobody looks"
        " after the links of those orders"
    )


def _read(file: Path, sql: str) -> str | None:
    """Return the installation's key that `sql` selects in `file`; None if there is none, or on an error."""
    if not file.exists():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(read_only(file), uri=True)) as connection:
        for (key,) in connection.execute(sql):
            return str(key)
    return None


def _prepare(file: Path, ready: Path) -> None:
    """Copy the backup `file` to `ready`, in place of what an earlier restore left there."""
    for leftover in (ready, *_log_files(ready)):
        leftover.unlink(missing_ok=True)
    copy(file, ready)


def _copy_owner(ready: Path, like: Path) -> None:
    """Give `ready` the owner of `like`, or of its directory if `like` is missing. Only root can.

    The service must be able to open the database that root restored. Its mode is that of all our databases,
    and SQLite makes the log later with the same owner and mode.
    """
    if os.geteuid() == 0:
        owner = (like if like.exists() else like.absolute().parent).stat()
        os.chown(ready, owner.st_uid, owner.st_gid)


def _exchange(place: Path, ready: Path, now: int) -> Path | None:
    """Set aside the database at `place`, put `ready` there, and return where the old one is kept."""
    aside = _set_aside(place, now)
    ready.rename(place)
    onto_disk(place.absolute().parent)
    return aside


def _log_files(path: Path) -> tuple[Path, ...]:
    """The write-ahead log of the database `path`, and its shared memory file."""
    return (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _set_aside(place: Path, now: int) -> Path | None:
    """Move the database and its log to a free name and return it; None if there was no database.

    The database file goes first: as long as it is at `place`, its log is too.
    """
    aside = _free_name(place, now)
    replaced = place.exists()
    for name, to in zip((place, *_log_files(place)), (aside, *_log_files(aside)), strict=True):
        if name.exists():
            name.rename(to)
    return aside if replaced else None


def _free_name(place: Path, now: int) -> Path:
    """Return an unused path to set a database aside, named after `now` or the next free millisecond."""
    at = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    aside = place.with_name(f"{place.name}.replaced-{at}.{now % 1000:03}Z")
    taken = any(path.exists() or path.is_symlink() for path in (aside, *_log_files(aside)))
    return _free_name(place, now + 1) if taken else aside
