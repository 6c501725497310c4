"""Copy an SQLite database to one file while others write to it, check the copy, and sync it to disk.

Source: SQLite, "Online Backup API"; Python, `sqlite3.Connection.backup`.
"""

import errno
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from storage.database.address import APPLIED, KEY, require_migrated_by
from storage.database.errors import NotMigrated, Unavailable, UnsupportedDatabase
from storage.database.read_only import read_only

_BUSY_SECONDS: Final = 30.0
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""Error numbers of a file system without hard links."""
_STEP: Final = -1
"""Pages per step: all of them, so that the copy is of one instant. Writers do not wait for it."""


def copy(source: Path, target: Path) -> int:
    """Copy the database `source`, as of one instant, to the new file `target`; return its size in bytes.

    The copy is whole or not there. When this returns, it is checked and synced to disk. Only its owner may
    read it. Raises UnsupportedDatabase if `target` exists; NotMigrated, Unavailable or sqlite3.Error if
    `source` is not a sound database of Munshi.
    """
    if target.exists():
        raise UnsupportedDatabase(f"{target.absolute()} is there already, and is not overwritten")
    if not target.absolute().parent.is_dir():
        raise UnsupportedDatabase(f"there is no directory {target.absolute().parent}")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _write(source, partial)
        _require_sound(partial, source.absolute())
        onto_disk(partial)
        _publish(partial, target)
    except FileExistsError:
        raise UnsupportedDatabase(f"{target.absolute()} is there already, and is not overwritten") from None
    except sqlite3.Error as error:
        raise Unavailable(f"{source.absolute()} is damaged, or no database ({error})") from error
    except OSError as error:
        raise Unavailable(f"{target.absolute()} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    onto_disk(target.absolute().parent)
    return target.stat().st_size


def _publish(partial: Path, target: Path) -> None:
    """Give the finished copy its name. Raises FileExistsError if `target` was made by others meanwhile."""
    try:
        # A hard link, because a rename would replace an existing file.
        target.hardlink_to(partial)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # USB sticks and network shares have no hard links: reserve the name with an empty file first.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        partial.replace(target)


def _write(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(read_only(source), uri=True, timeout=_BUSY_SECONDS)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        reading.execute("PRAGMA query_only = ON")
        reading.backup(writing, pages=_STEP)
        # So that the copy is one file, without a log. Opening it for serving turns the log on again.
        writing.execute("PRAGMA journal_mode = DELETE")


def _require_sound(file: Path, source: Path) -> None:
    """Check `file`, the copy of `source`.

    Raises NotMigrated if it is of a newer Munshi or no database of Munshi, Unavailable if it is damaged.
    """
    with closing(sqlite3.connect(f"{read_only(file)}&immutable=1", uri=True)) as connection:
        wrong = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        if wrong != ["ok"]:
            raise Unavailable(f"{source} is damaged: {'; '.join(wrong)}")
        try:
            applied = {row[0] for row in connection.execute(APPLIED)}
            keys = connection.execute(KEY).fetchall()
        except sqlite3.OperationalError:
            applied, keys = set(), []
    if not keys:
        raise NotMigrated(f"{source} holds no books of Munshi's")
    require_migrated_by(applied, source)


def onto_disk(path: Path) -> None:
    """Sync a file, or the names in a directory, so that a power cut cannot lose it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
