"""What a reader may ask of the shape of a file, before anything is known to be wrong with it."""

from collections.abc import Collection
from typing import Any, Final, Protocol

from flows.document.places import Path


class Expectation(Protocol):
    """The shape that the data of a file is meant to have."""

    def keys(self, path: Path) -> Collection[str]:
        """Return the keys of the mapping at `path`. Empty if any may stand there, or none."""

    def takes_list(self, path: Path) -> bool:
        """Whether a list may stand at `path`."""

    def misfits(self, path: Path, value: Any) -> int:
        """Return how much of `value` does not fit at `path`; 0 if all does. Keys may lack at its top."""


class _Anything:
    """What is expected of a file of no known shape."""

    def keys(self, path: Path) -> Collection[str]:
        return ()

    def takes_list(self, path: Path) -> bool:
        return False

    def misfits(self, path: Path, value: Any) -> int:
        return 0


ANYTHING: Final[Expectation] = _Anything()
