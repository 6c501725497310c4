"""A lock on the SQLite file, for one process at a time, that also notices when the file is gone."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from storage.database.errors import Gone, NotMigrated, Unavailable

Identity: TypeAlias = tuple[int, int]
"""Device and inode: they identify a file under any name."""

_locked: Final[set[Identity]] = set()
"""The files that this process has locked. It must not open one a second time: closing any descriptor of a
file releases all of the process's POSIX locks on it, and SQLite uses those. Source: fcntl(2), "Advisory
record locking"; SQLite, "How To Corrupt An SQLite Database File", 2.2."""


@dataclass(frozen=True, slots=True)
class FileLock:
    """An exclusive lock that ends with `release` or with the process, however it dies.

    It is a flock, which SQLite does not use, on the database file itself: a separate lock file could be
    removed. Release it after the last connection is closed.
    """

    path: Path
    descriptor: int
    identity: Identity

    @classmethod
    def take(cls, database: Path) -> "FileLock":
        """Lock the file `database` for this process.

        A second process is refused for safety, not for speed: before SQLite 3.51.3 two connections can
        corrupt a WAL. Source: SQLite, "Write-Ahead Logging", the WAL-reset bug.
        Raises NotMigrated if there is no such file; Unavailable if it is locked, with the holder's pid where
        that is known.
        """
        database = database.absolute()
        try:
            if _identity(database.stat()) in _locked:
                raise _in_use(database, str(os.getpid()))
            descriptor = os.open(database, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise no_database(database) from None
        except OSError as error:
            raise Unavailable(f"{database} cannot be used: {error.strerror}") from None
        identity = _identity(os.fstat(descriptor))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _in_use(database, _holder(identity)) from None
        _locked.add(identity)
        return cls(database, descriptor, identity)

    def require_there(self) -> None:
        """Raise Gone unless the locked file still has its name: otherwise what is written to it is lost."""
        require_same(self.path, self.identity)

    def release(self) -> None:
        """Release the lock."""
        _locked.discard(self.identity)
        os.close(self.descriptor)


def identity_of(path: Path) -> Identity:
    """Return the identity of the file that is at `path` now. Raises Gone if there is none."""
    try:
        return _identity(path.stat())
    except OSError as error:
        raise Gone(f"{path} is gone while it was served ({error.strerror}): {_HINT}") from None


def require_same(path: Path, identity: Identity) -> None:
    """Raise Gone unless the file at `path` has this identity."""
    if identity_of(path) != identity:
        raise Gone(f"{path} was replaced by another file while it was served: {_HINT}")


_HINT: Final = (
    "nothing is acknowledged any more. Stop Munshi, mount or put back the file (with its -wal, if there is"
    " one), or restore a backup with 'munshi restore', and start again."
)


def no_database(path: Path) -> NotMigrated:
    """Return the error for a missing database file: it says where it was expected, and what to do."""
    return NotMigrated(
        f"there is no database at {path.absolute()}. DATABASE_URL, from the environment or from .env in this"
        " folder, says where it is: go to your shop's folder, or put the right file back; a new shop's is"
        " made by 'munshi init'."
    )


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _in_use(database: Path, holder: str) -> Unavailable:
    who = f"process {holder}" if holder else "another process"
    return Unavailable(
        f"{database} is in use by {who}: SQLite serves one process. "
        "Stop that one, or use PostgreSQL for several."
    )


def _holder(identity: Identity) -> str:
    """Return the pid of the process that holds the lock; empty where the system does not tell."""
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return ""
    # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF. Source: proc_locks(5).
    words = [line.split() for line in lines]
    pids = {w[4] for w in words if w[1] == "FLOCK" and w[5].rpartition(":")[2] == str(identity[1])}
    return pids.pop() if len(pids) == 1 and pids != {"0"} else ""
