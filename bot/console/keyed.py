"""Draws a list of which parts come, go and change, and touches nothing of what stays as it is."""

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from nicegui import ui

T = TypeVar("T")


class Keyed(Generic[T]):
    """The drawn parts of a list.

    A part that changes keeps its element, so that whoever stands there with the keyboard stays there.
    """

    def __init__(
        self, place: ui.element, make: Callable[[], ui.element], fill: Callable[[ui.element, T], None]
    ) -> None:
        self._place, self._make, self._fill = place, make, fill
        self._drawn: dict[Hashable, tuple[ui.element, T]] = {}
        self._order: list[Hashable] = []

    def show(self, items: Mapping[Hashable, T]) -> list[Hashable]:
        """Show these, in their order. Return the keys of those that are new."""
        for key in [key for key in self._order if key not in items]:
            self._drawn.pop(key)[0].delete()
            self._order.remove(key)
        added = [key for key in items if key not in self._drawn]
        for index, (key, item) in enumerate(items.items()):
            self._show(index, key, item)
        return added

    def _show(self, index: int, key: Hashable, item: T) -> None:
        known = self._drawn.get(key)
        if known is None:
            with self._place:
                element = self._make()
            self._order.append(key)
        else:
            element = known[0]
        if known is None or known[1] != item:
            element.clear()
            with element:
                self._fill(element, item)
            self._drawn[key] = element, item
        if self._order[index] != key:
            self._order.remove(key)
            self._order.insert(index, key)
            element.move(target_index=index)
