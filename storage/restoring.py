"""Books put back from a backup: checked, marked as restored, and those that they replace kept aside."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from storage import sqlite
from storage.copying import copy, onto_disk
from storage.database import configuration, is_sqlite
from storage.errors import UnsupportedDatabase
from storage.store import Store
from storage.trouble import told

DUMP: Final = "PostgreSQL has its own: pg_dump --format=custom --file=munshi.dump, at any time"
LOAD: Final = (
    "PostgreSQL has its own: stop Munshi, pg_restore --clean --if-exists, then 'munshi restore' without"
    " a file"
)


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


async def restore(url: str, file: Path, now: int) -> Restored:
    """Put the backup `file` in the place of the SQLite database at `url`, which nobody may be serving.

    `now` is in milliseconds since 1970, UTC. A process that is killed meanwhile leaves the old books in
    their place, or none: do it again. Raises StorageError.
    """
    config = configuration(url)
    if not is_sqlite(config):
        raise UnsupportedDatabase(LOAD)
    place = Path(config["credentials"]["file_path"])
    ready = place.with_name(f"{place.name}.restoring")
    with told(config), _nobody_serving(place):
        await asyncio.to_thread(_prepare, file, ready)
        epoch = await _marked(f"sqlite://{ready}", now)
        return Restored(epoch, await asyncio.to_thread(_exchange, place, ready, now))


async def mark(url: str, now: int) -> Restored:
    """Begin a new epoch in the database at `url`, which was put back by other means. Raises StorageError."""
    return Restored(await _marked(url, now), None)


async def _marked(url: str, now: int) -> int:
    await Store.upgrade(url)
    store = await Store.open(url)
    try:
        return await store.begin_epoch(now)
    finally:
        await store.close()


@contextmanager
def _nobody_serving(place: Path) -> Iterator[None]:
    lock = sqlite.claimed(place) if place.exists() else None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _prepare(file: Path, ready: Path) -> None:
    for left in (ready, *_beside(ready)):
        left.unlink(missing_ok=True)
    copy(file, ready)


def _exchange(place: Path, ready: Path, now: int) -> Path | None:
    aside = _set_aside(place, now)
    ready.rename(place)
    onto_disk(place.absolute().parent)
    return aside


def _beside(path: Path) -> tuple[Path, ...]:
    return (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _set_aside(place: Path, now: int) -> Path | None:
    """Move the database and its log away: the file first, so that it is never found without its log."""
    at = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = place.with_name(f"{place.name}.replaced-{at}")
    replaced = place.exists()
    for name, to in zip((place, *_beside(place)), (aside, *_beside(aside)), strict=True):
        if name.exists():
            name.rename(to)
    return aside if replaced else None
