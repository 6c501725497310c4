"""What is left of each product, and how orders change it. Pure.

A product that the flow file gives a `stock` is counted; of the others there is always enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from payments.shop.orders import Line


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one product's counts. What is left is `declared - reserved - sold`."""

    sku: str
    reserved: int
    sold: int

    @property
    def taken(self) -> int:
        """Pieces that are no longer left; negative for those that are left again."""
        return self.reserved + self.sold


def enough(left: Mapping[str, int], lines: Iterable[Line]) -> bool:
    """Whether there is enough left for all `lines`."""
    return all(line.quantity <= left.get(line.sku, line.quantity) for line in lines)


def reserve(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[Move, ...]:
    """An order is placed, or lives again: its goods are kept for it."""
    return tuple(Move(line.sku, line.quantity, 0) for line in lines if line.sku in left)


def release(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[Move, ...]:
    """It ended unpaid: what was kept for it is left again."""
    return tuple(Move(line.sku, -line.quantity, 0) for line in lines if line.sku in left)


def sell_reserved(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[Move, ...]:
    """It is paid while its goods are kept for it."""
    return tuple(Move(line.sku, -line.quantity, line.quantity) for line in lines if line.sku in left)


def sell(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[Move, ...]:
    """It is paid after its goods were left again."""
    return tuple(Move(line.sku, 0, line.quantity) for line in lines if line.sku in left)


def after(left: Mapping[str, int], moves: Iterable[Move]) -> dict[str, int]:
    """What is left after `moves`."""
    changed = dict(left)
    for move in moves:
        changed[move.sku] -= move.taken
    return changed
