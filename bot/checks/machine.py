"""Finds risks of the machine: who runs Munshi, who may read or change its files, how much room is left."""

import shutil
import stat
from collections.abc import Iterator, Sequence
from os import geteuid
from pathlib import Path
from typing import Final

from bot.checks.finding import Finding
from bot.settings import Settings
from storage.database.address import configuration, is_sqlite
from storage.database.errors import StorageError

_READ: Final = stat.S_IRWXG | stat.S_IRWXO
"""What nobody but the owner may do with a secret."""
_CHANGE: Final = stat.S_IWGRP | stat.S_IWOTH
_ROOM: Final = 1_000_000_000
"""Bytes that must be free beside the database, or as many as it has if it is larger: a backup needs those."""


def machine_risks(settings: Settings, env_file: Path = Path(".env")) -> Iterator[Finding]:
    """Yield every risk, as a finding that is not well. A PostgreSQL's files and disk are not looked at."""
    yield from _root()
    yield from _open_to_others(str(env_file), [env_file], _READ, "600")
    yield from _open_to_others("flow", [settings.munshi_flow], _CHANGE, "go-w")
    if file := _database_file(settings):
        yield from _open_to_others("database", _of_database(file), _READ, "600")
        yield from _room(file)


def _root() -> Iterator[Finding]:
    if geteuid() == 0:
        said = "this runs as root, who may do anything on this machine"
        mend = "let Munshi and its commands be run by a user of their own, to whom the shop's folder belongs"
        yield Finding("user", False, said, mend)


def _open_to_others(name: str, files: Sequence[Path], forbidden: int, right: str) -> Iterator[Finding]:
    """Find files of which others have a right in `forbidden`. A missing file is no risk."""
    modes = {file: stat.S_IMODE(file.stat().st_mode) for file in files if file.exists()}
    if found := {file: mode for file, mode in modes.items() if mode & forbidden}:
        may = "read or change" if forbidden == _READ else "change"
        which = ", ".join(f"{file} (mode {mode:04o})" for file, mode in found.items())
        said = f"others on this machine may {may} {which}"
        yield Finding(name, False, said, f"chmod {right} {' '.join(map(str, found))}")


def _database_file(settings: Settings) -> Path | None:
    """Return the file of an SQLite database that is there."""
    try:
        config = configuration(settings.database_url)
    except StorageError:
        return None  # `munshi doctor` reports it with the database
    file = Path(config["credentials"]["file_path"]) if is_sqlite(config) else None
    return file if file and file.is_file() else None


def _of_database(file: Path) -> Sequence[Path]:
    """The database, its log, and the copies that lie beside it. The lock holds nothing."""
    beside = {*file.parent.glob(f"{file.name}*"), *file.parent.glob("*.db")}
    return sorted(one for one in beside if one.is_file() and not one.name.endswith(".lock"))


def _room(file: Path) -> Iterator[Finding]:
    free, size = shutil.disk_usage(file.parent).free, file.stat().st_size
    if free < max(_ROOM, size):
        said = f"{free / 1e9:.1f} GB are free, and the database has {size / 1e9:.1f} GB"
        mend = "make room, old backups first: webhooks are refused when the disk is full"
        yield Finding("disk", False, said, mend)
