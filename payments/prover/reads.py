"""What a step reads of orders. Steps that would read the same values have the same outcome."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeAlias

from payments.ledger.state import OrderState

Read: TypeAlias = tuple[str, str]
"""Key of an order, and the name of the field or property that was read."""


class Reads:
    """Notes what is read of the orders that `noting` returns."""

    def __init__(self) -> None:
        self.found: dict[Read, None] = {}
        """In the order in which they were read."""
        self._class = _noting(self._note)
        self._deeper = False

    def noting(self, orders: Mapping[str, OrderState]) -> dict[str, OrderState]:
        """Return equal orders whose reads are noted from now on. Those noted before are dropped."""
        self.found = {}
        return {key: _copy(state, self._class) for key, state in orders.items()}

    def plain(self, state: OrderState) -> OrderState:
        """Return an equal order whose reads are not noted."""
        return _copy(state, OrderState) if type(state) is self._class else state

    def _note(self, state: OrderState, name: str) -> Any:
        # What a property reads in its turn follows from what it returns.
        if self._deeper or name.startswith("__") or name in _METHODS:
            return object.__getattribute__(state, name)
        self._deeper = True
        try:
            value = object.__getattribute__(state, name)
        finally:
            self._deeper = False
        self.found[object.__getattribute__(state, "order").key, name] = None
        return value


_METHODS = frozenset(name for name, value in vars(OrderState).items() if isinstance(value, FunctionType))
"""Reading one tells nothing of an order. What it reads when it is called is noted."""


def _noting(note: Callable[[OrderState, str], Any]) -> type[OrderState]:
    class NotingOrder(OrderState):
        def __getattribute__(self, name: str) -> Any:
            return note(self, name)

    return NotingOrder


def _copy(state: OrderState, kind: type[OrderState]) -> OrderState:
    """Return a copy of another class. It shares what was computed of the order, as it shares its values."""
    copy: OrderState = object.__new__(kind)
    object.__getattribute__(copy, "__dict__").update(object.__getattribute__(state, "__dict__"))
    return copy
