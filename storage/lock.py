"""SQLite means one process: a lock file beside the database says which."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from storage.errors import Unavailable


@dataclass(frozen=True, slots=True)
class FileLock:
    """An exclusive lock that ends with `release` or with the process, however it dies."""

    descriptor: int

    @classmethod
    def take(cls, database: Path) -> "FileLock":
        """Lock `database` for this process. Raises Unavailable, naming the holder's pid.

        Two processes on one SQLite file are refused for safety, not for speed: before 3.51.3 two
        connections can corrupt a WAL. Source: SQLite, "Write-Ahead Logging", the WAL-reset bug.
        """
        path = database.with_name(f"{database.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise Unavailable(
                f"{database} is in use by process {holder}: SQLite serves one process. "
                "Stop that one, or use PostgreSQL for several."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the database back. The file stays: removing it would let two processes lock two files."""
        os.close(self.descriptor)
