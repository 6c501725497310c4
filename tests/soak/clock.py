"""The clocks of a soak, and what its processes are told by their environment.

Munshi's wall clock is set while it runs; the providers' clock never is.
"""

import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final

PACE: Final = "SOAK_PACE"
"""Environment variable: how many times as fast as the machine's the clocks run."""
HANDS: Final = "SOAK_HANDS"
"""Environment variable: the file that says by how much munshi's wall clock was set."""
BUG: Final = "SOAK_BUG"
"""Environment variable: a bug of `tests.simulation.bugs` to plant, or nothing."""
_FROM: Final = 1_790_000_000_000
_AHEAD: Final = struct.Struct("<q")


class FastClock:
    """The same time in every process, which passes `pace` times as fast as the machine's."""

    def __init__(self, pace: int) -> None:
        self._pace = pace

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return _FROM + (time.time_ns() // 1_000_000 - _FROM) * self._pace


class Hands:
    """A number in a file that all processes see at once: by how many milliseconds the wall clock is ahead."""

    def __init__(self, file: Path) -> None:
        """Open `file`, made with 0 if it is not there."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not os.fstat(descriptor).st_size:
                os.write(descriptor, _AHEAD.pack(0))
            self._memory = mmap.mmap(descriptor, _AHEAD.size)
        finally:
            os.close(descriptor)

    @property
    def ahead(self) -> int:
        """Milliseconds; negative if the clock is behind."""
        [milliseconds] = _AHEAD.unpack_from(self._memory)
        return int(milliseconds)

    @ahead.setter
    def ahead(self, milliseconds: int) -> None:
        _AHEAD.pack_into(self._memory, 0, milliseconds)
