"""A view that is computed when a template or a guard first reads one of its fields."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Maker: TypeAlias = Callable[[], Mapping[str, Any]]


class DeferredView(dict[str, Any]):
    """Fields that are computed when they are read: most steps read few of them.

    `makers` are called in order, each at most once, until one gives the field: the cheap ones come first.
    """

    def __init__(self, *makers: Maker) -> None:
        super().__init__()
        self._makers = list(makers)

    def __missing__(self, key: str) -> Any:
        while self._makers:
            self.update(self._makers.pop(0)())
            if key in self:
                return self[key]
        raise KeyError(key)
