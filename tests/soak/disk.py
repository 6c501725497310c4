"""A file system in memory for the database, whose size is cut to what is used: then the disk is full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SIZE: Final = 6 << 30
_SPARE: Final = (0, 1 << 16, 1 << 18, 1 << 20)
"""Bytes that may be written meanwhile: a file system cannot be made smaller than what is used."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the database is."""

    path: Path
    can_be_full: bool
    """Whether it is a file system of its own."""

    def fill(self) -> None:
        """Leave next to no room. Raises CalledProcessError if what is used grows faster than that is done."""
        for spare in _SPARE:
            try:
                _resize(self.path, _used(self.path) + spare)
            except subprocess.CalledProcessError:
                continue
            return
        _resize(self.path, _used(self.path) + _SPARE[-1])

    def empty(self) -> None:
        """Make room again."""
        _resize(self.path, _SIZE)


def _resize(path: Path, size: int) -> None:
    _run("mount", "-o", f"remount,size={size}", str(path))


def _used(path: Path) -> int:
    numbers = os.statvfs(path)
    return (numbers.f_blocks - numbers.f_bfree) * numbers.f_frsize


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk in `folder`, if this process may; otherwise it is a folder that cannot be full."""
    path = folder / "disk"
    path.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=755", "munshi-soak", str(path))
    except (OSError, subprocess.CalledProcessError):
        yield Disk(path, can_be_full=False)
        return
    try:
        yield Disk(path, can_be_full=True)
    finally:
        _run("umount", "-l", str(path))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
