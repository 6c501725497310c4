"""Books put back from a backup: checked, marked as restored, and those that they replace kept aside."""

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
from storage.database.trouble import told
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
    """What was done."""

    epoch: int
    aside: Path | None
    """Where the books are that were replaced; None if there were none."""


async def back_up(url: str, file: Path) -> int:
    """Copy the SQLite database at `url`, served or not, to the new `file`; its size in bytes.

    Raises StorageError.
    """
    config = configuration(url)
    if not is_sqlite(config):
        raise UnsupportedDatabase(DUMP)
    with told(config):
        return await asyncio.to_thread(copy, Path(config["credentials"]["file_path"]), file)


async def restore(url: str, file: Path, now: int, another: str | None = None) -> Restored:
    """Put the backup `file` in the place of the SQLite database at `url`, which nobody may be serving.

    `now` is in milliseconds since 1970, UTC. A process that is killed meanwhile leaves the old books in
    their place, or none: do it again. Books with orders of another installation are replaced only if
    `another` is their key. Raises StorageError.
    """
    config = configuration(url)
    if not is_sqlite(config):
        raise UnsupportedDatabase(LOAD)
    place = Path(config["credentials"]["file_path"])
    ready = place.with_name(f"{place.name}.restoring")
    with told(config), _nobody_serving(place):
        moved = await asyncio.to_thread(_finish, place, ready)
        await asyncio.to_thread(_require_same, moved or place, file, another)
        await asyncio.to_thread(_prepare, file, ready)
        epoch = await _marked(f"sqlite://{ready}", now)
        await asyncio.to_thread(_own_as, ready, moved or place)
        return Restored(epoch, await asyncio.to_thread(_exchange, place, ready, now) or moved)


async def mark(url: str, now: int) -> Restored:
    """Begin a new epoch in the database at `url`, which was put back by other means. Raises StorageError."""
    return Restored(await _marked(url, now), None)


async def _marked(url: str, now: int) -> int:
    await Store.upgrade(url)
    units = await opened(url)
    on_sqlite = isinstance(units, SqliteUnits)
    try:
        return await units.run(lambda tx: epochs.begin(tx, now, on_sqlite))
    finally:
        await units.close()


@contextmanager
def _nobody_serving(place: Path) -> Iterator[None]:
    lock = sqlite.claimed(place) if place.exists() else None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _finish(place: Path, ready: Path) -> Path | None:
    """Where a restore that was killed between its renames put the old books; None if there was none.

    What it had not moved of their log follows them: without it they lack their last commits.
    """
    if place.exists() or not ready.exists():
        return None
    names = place.parent.glob(f"{place.name}.replaced-*Z")
    aside = max(names, key=lambda path: path.name, default=None)
    if aside is not None:
        for left, to in zip(_beside(place), _beside(aside), strict=True):
            if left.exists() and not to.exists():
                left.rename(to)
        onto_disk(place.absolute().parent)
    return aside


def _require_same(old: Path, file: Path, another: str | None) -> None:
    """Raise UnsupportedDatabase if `file` is of another installation than the orders in its way."""
    there, coming = _read(old, _WITH_ORDERS), _read(file, KEY)
    if there is None or coming is None or there in (coming, another):
        return
    raise UnsupportedDatabase(
        f"{file.absolute()} is of the installation {coming}, and {old.absolute()}, with orders, is of"
        f" {there}: nothing is replaced; with --another-shop {there} it is, and nobody looks"
        " after the links of those orders"
    )


def _read(file: Path, sql: str) -> str | None:
    """The installation that `sql` finds in `file`; None if it finds none, or can't read it."""
    if not file.exists():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(read_only(file), uri=True)) as connection:
        for (key,) in connection.execute(sql):
            return str(key)
    return None


def _prepare(file: Path, ready: Path) -> None:
    for left in (ready, *_beside(ready)):
        left.unlink(missing_ok=True)
    copy(file, ready)


def _own_as(ready: Path, like: Path) -> None:
    """Give `ready` the owner of `like`, or of its folder: the service must open what root put back.

    Its mode is the one of all our databases, and the log that is made beside it later takes over both.
    """
    if os.geteuid() == 0:
        owner = (like if like.exists() else like.absolute().parent).stat()
        os.chown(ready, owner.st_uid, owner.st_gid)


def _exchange(place: Path, ready: Path, now: int) -> Path | None:
    aside = _set_aside(place, now)
    ready.rename(place)
    onto_disk(place.absolute().parent)
    return aside


def _beside(path: Path) -> tuple[Path, ...]:
    return (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _set_aside(place: Path, now: int) -> Path | None:
    """Move the database and its log away: the file first, so that it is never found without its log."""
    aside = _free(place, now)
    replaced = place.exists()
    for name, to in zip((place, *_beside(place)), (aside, *_beside(aside)), strict=True):
        if name.exists():
            name.rename(to)
    return aside if replaced else None


def _free(place: Path, now: int) -> Path:
    """Where nothing is kept yet, of this name or beside it: named by `now`, or by the next millisecond."""
    at = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    aside = place.with_name(f"{place.name}.replaced-{at}.{now % 1000:03}Z")
    taken = any(path.exists() or path.is_symlink() for path in (aside, *_beside(aside)))
    return _free(place, now + 1) if taken else aside
