"""SQLite means one process: a lock on the database file itself, which also knows if that file is gone."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from storage.database.errors import Gone, NotMigrated, Unavailable

Identity: TypeAlias = tuple[int, int]
"""Device and inode: a file, whatever it is called."""

_held: Final[set[Identity]] = set()
"""What this process has locked. Such a file is not even opened a second time: closing any descriptor of a
file gives up all of a process's POSIX locks on it, which are SQLite's. Source: fcntl(2), "Advisory record
locking"; SQLite, "How To Corrupt An SQLite Database File", 2.2."""


@dataclass(frozen=True, slots=True)
class FileLock:
    """An exclusive lock that ends with `release` or with the process, however it dies.

    It is flock's, which SQLite does not use, and on the file itself: a lock in a file beside it could be
    removed. Release it after the last connection is closed.
    """

    path: Path
    descriptor: int
    identity: Identity

    @classmethod
    def take(cls, database: Path) -> "FileLock":
        """Lock the file `database` for this process.

        Two processes on one SQLite file are refused for safety, not for speed: before 3.51.3 two
        connections can corrupt a WAL. Source: SQLite, "Write-Ahead Logging", the WAL-reset bug.
        Raises NotMigrated if there is no such file; Unavailable, naming the holder's pid where it is known.
        """
        database = database.absolute()
        try:
            if _identity(database.stat()) in _held:
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
        _held.add(identity)
        return cls(database, descriptor, identity)

    def require_there(self) -> None:
        """Raise Gone unless the locked file has its name still: else nobody finds what is written to it."""
        require_same(self.path, self.identity)

    def release(self) -> None:
        """Give the database back."""
        _held.discard(self.identity)
        os.close(self.descriptor)


def identity_of(path: Path) -> Identity:
    """Which file `path` is now. Raises Gone if there is none."""
    try:
        return _identity(path.stat())
    except OSError as error:
        raise Gone(f"{path} is gone while it was served ({error.strerror}): {_MEND}") from None


def require_same(path: Path, identity: Identity) -> None:
    """Raise Gone unless `path` is this file."""
    if identity_of(path) != identity:
        raise Gone(f"{path} was replaced by another file while it was served: {_MEND}")


_MEND: Final = (
    "nothing is acknowledged any more. Stop Munshi, mount or put back the file (with its -wal, if there is"
    " one), or restore a backup with 'munshi restore', and start again."
)


def no_database(path: Path) -> NotMigrated:
    """What to say where there is no database: where it was looked for, and what to do."""
    return NotMigrated(
        f"there is no database at {path.absolute()}. DATABASE_URL, from the environment or from .env in this"
        " folder, says where it is: go to your shop's folder, or put the right file back; a new shop's is"
        " made by 'munshi init'."
    )


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _in_use(database: Path, holder: str) -> Unavailable:
    who = f"process {holder}" if holder else "another process"
    return Unavailable(
        f"{database} is in use by {who}: SQLite serves one process. "
        "Stop that one, or use PostgreSQL for several."
    )


def _holder(identity: Identity) -> str:
    """The pid of the process that has the lock, where the system says so; else nothing."""
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return ""
    # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF. Source: proc_locks(5).
    words = [line.split() for line in lines]
    pids = {w[4] for w in words if w[1] == "FLOCK" and w[5].rpartition(":")[2] == str(identity[1])}
    return pids.pop() if len(pids) == 1 and pids != {"0"} else ""
